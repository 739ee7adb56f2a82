"""The cost of a frame by its number of faces: `python -m benchmarks.speed.by_faces --bundle DIR CLIP [--json OUT]`.

The clip is tiled, so that a picture of one size shows 1 to 4 faces (a tile holds the clip or grey); CPU time of
`FacePerception.step` a picture, rounds of all counts in turn.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

from benchmarks.evidence import show_rows
from benchmarks.speed.frame_path import frames_of
from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.messages import Frame
from edge.vision.perception import FacePerception

_MOST_FACES = 4
_TILE = (480, 360)
_GREY = 128


@dataclass(frozen=True, slots=True)
class Growth:
    """One count of faces."""

    faces: int
    found: float
    """Faces that were followed, mean."""
    cpu_ms: float


def tiled(frame: Frame, faces: int) -> Frame:
    """Two by two tiles, so many of them with the picture."""
    picture = cv2.resize(frame.image, _TILE, interpolation=cv2.INTER_AREA)
    empty = np.full_like(picture, _GREY)
    tiles = [picture if place < faces else empty for place in range(_MOST_FACES)]
    return Frame(frame.t_s, np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])]))


def growth(bundle: Bundle, frames: list[Frame]) -> list[Growth]:
    """One row a count of faces."""
    counts = range(1, _MOST_FACES + 1)
    eyes = {count: FacePerception(bundle, VisionConfig(max_faces=_MOST_FACES)) for count in counts}
    times: dict[int, list[float]] = {count: [] for count in counts}
    seen: dict[int, list[int]] = {count: [] for count in counts}
    for frame in frames:
        for count in counts:
            picture = tiled(frame, count)
            start_s = time.process_time()
            faces = eyes[count].step(picture)
            times[count].append((time.process_time() - start_s) * 1e3)
            seen[count].append(sum(face.box is not None for face in faces))
    return [
        Growth(count, round(float(np.mean(seen[count])), 2), round(float(np.median(times[count])), 2))
        for count in counts
    ]


@click.command()
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--frames", "most", default=120, show_default=True, help="pictures of the clip")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(clip: Path, folder: Path, most: int, out: Path | None) -> None:
    """Measure a picture with one to four faces."""
    cv2.setNumThreads(1)
    rows = growth(Bundle(folder), frames_of(clip, most))
    show_rows(("faces", "followed", "CPU ms a picture"), rows, out, "rows", clip=clip.name)


if __name__ == "__main__":
    main()
