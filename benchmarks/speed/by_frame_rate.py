"""The cost by the frame rate: `python -m benchmarks.speed.by_frame_rate --bundle DIR CLIP`.

Every picture of the clip, every second, every third and so on, each with its own time, through a `FacePerception` of
its own; the rates take turns picture by picture, so that what else the machine does weighs on all alike.
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
from edge.process import give_memory_back
from edge.vision.perception import FacePerception

_EVERY = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate."""

    fps: float
    cpu_ms: float
    """A picture, mean: eyes that rest in every second picture make the median a matter of chance."""
    cpu_ms_a_second: float


def rates(bundle: Bundle, frames: list[Frame]) -> list[Rate]:
    """One row a rate; the first second warms up and does not count."""
    perceptions = {every: FacePerception(bundle, VisionConfig(max_faces=1)) for every in _EVERY}
    times: dict[int, list[float]] = {every: [] for every in _EVERY}
    for place, frame in enumerate(frames):
        for every in _EVERY:
            if place % every == 0:
                start_s = time.process_time()
                perceptions[every].step(frame)
                if frame.t_s >= 1.0:
                    times[every].append((time.process_time() - start_s) * 1e3)
    fps = (len(frames) - 1) / (frames[-1].t_s - frames[0].t_s)
    return [
        Rate(round(fps / every, 1), round(mean := float(np.mean(times[every])), 2), round(mean * fps / every, 1))
        for every in _EVERY
    ]


@click.command()
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--frames", "most", default=300, show_default=True, help="pictures of the clip")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(clip: Path, folder: Path, most: int, out: Path | None) -> None:
    """Measure one face at the clip's own rate and at a half, a third and a quarter of it."""
    cv2.setNumThreads(1)
    give_memory_back()
    rows = rates(Bundle(folder), frames_of(clip, most))
    show_rows(("pictures a second", "CPU ms a picture", "CPU ms a second"), rows, out, "rows", clip=clip.name)


if __name__ == "__main__":
    main()
