"""Pushes, tilts and rolls the camera of filmed people, and shakes and lights it, to see what the box reports as moved.

The clips are played to and fro. A move begins after the view is known and lasts. What the move uncovers is mirrored
from the border, because the films end there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import click
import cv2
import numpy as np

from benchmarks.evidence import markdown_table, write_page
from edge.capture import camera_moved
from edge.capture.camera_moved import LOOK_S, Image, ViewWatch
from export.report.machine import machine

_SUFFIXES = {".mp4", ".avi", ".mpg", ".mov", ".mkv"}
_SIZE_PX = (320, 240)
_MOST_LOOKS, _LEAST_LOOKS = 120, 4
_BEFORE_S, _AFTER_S, _CALM_S = 25.0, 15.0, 120.0

Change = Callable[[Image, float], Image]


@dataclass(frozen=True)
class Row:
    """What was done with each clip, and in how many it was reported as a moved camera."""

    done: str
    clips: int
    reported: int
    first_s: float | None
    """Seconds from the move to the earliest and the latest report."""
    last_s: float | None
    ms: float
    """Time of one check."""


def moved(right: float = 0.0, down: float = 0.0, roll_deg: float = 0.0, zoom: float = 1.0) -> Change:
    """The view of a moved camera; right and down are shares of its width and height."""

    def change(image: Image, _t_s: float = 0.0) -> Image:
        height, width = image.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), roll_deg, zoom)
        turn[:, 2] += (right * width, down * height)
        return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)

    return change


def bumps(image: Image, t_s: float) -> Image:
    """A bad road: at each check another shift within 2 % and another roll within a degree."""
    right, down, roll_deg = np.random.default_rng(int(1000 * t_s)).uniform(-1, 1, 3)
    return moved(0.02 * right, 0.02 * down, roll_deg)(image)


def light(image: Image, t_s: float) -> Image:
    """Trees and tunnels: from a third to twice the light, and a patch of sun that wanders over the view."""
    width, height = _SIZE_PX
    patch_ = np.zeros((height, width), np.float32)
    cv2.circle(patch_, (int(width * (t_s / 12 % 1)), height // 3), height // 3, 1.0, -1)
    factor = 1.1 + 0.75 * np.sin(t_s) + 0.6 * cv2.GaussianBlur(patch_, (0, 0), 12)
    return np.asarray(np.clip(image * factor[..., None], 0, 255), np.uint8)


CALM: dict[str, Change] = {
    "as filmed": lambda image, _t_s: image,
    "bumps: shifts of 2 %, rolls of 1 degree": bumps,
    "bumps and changing light": lambda image, t_s: light(bumps(image, t_s), t_s),
}
MOVES: dict[str, Change] = {
    "pushed sideways by 5 % of the width": moved(right=0.05),
    "pushed sideways by 10 %": moved(right=-0.1),
    "pushed sideways by 20 %": moved(right=0.2),
    "tilted by 10 % of the height": moved(down=0.1),
    "tilted by 20 %, upwards": moved(down=-0.2),
    "rolled by 5 degrees": moved(roll_deg=5),
    "rolled by 10 degrees": moved(roll_deg=-10),
    "pushed by 10 % and rolled by 5 degrees": moved(right=-0.1, roll_deg=5),
    "zoomed by 1.2": moved(zoom=1.2),
}
NEIGHBOURS = {
    "_MOST_KEPT_IF_FOUND": (0.4, 0.6),
    "_LEAST_FOUND": (0.45, 0.65),
    "_LEAST_GAIN": (0.2, 0.4),
}


def views(folder: Path) -> Iterator[list[Image]]:
    """The frames of each clip, one for each check, at most a minute."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES):
        clip = cv2.VideoCapture(str(path))
        frames: list[Image] = []
        fps = clip.get(cv2.CAP_PROP_FPS) or 25.0
        for number in itertools.count():
            readable, image = clip.read()
            if not readable or len(frames) == _MOST_LOOKS:
                break
            if number / fps >= len(frames) * LOOK_S:
                frames.append(np.asarray(cv2.resize(image, _SIZE_PX, interpolation=cv2.INTER_AREA), np.uint8))
        if len(frames) >= _LEAST_LOOKS:
            yield frames


def reported_s(frames: Sequence[Image], change: Change, start_s: float, length_s: float) -> float | None:
    """Seconds from `start_s`, when the change begins, to the report; None: there is none."""
    watch, to_and_fro = ViewWatch(), [*frames, *frames[-2:0:-1]]
    for number, t_s in enumerate(np.arange(0.0, start_s + length_s, LOOK_S)):
        image = to_and_fro[number % len(to_and_fro)]
        if watch.step(float(t_s), change(image, float(t_s)) if t_s >= start_s else image):
            return float(t_s) - start_s
    return None


def row(done: str, change: Change, clips: Sequence[list[Image]], start_s: float, length_s: float) -> Row:
    """Count over all clips."""
    begun_s = time.perf_counter()
    found = [reported_s(frames, change, start_s, length_s) for frames in clips]
    reported = [seconds for seconds in found if seconds is not None]
    looks = sum((start_s + (length_s if seconds is None else seconds)) / LOOK_S for seconds in found)
    ms = round(1000 * (time.perf_counter() - begun_s) / looks, 1)
    made = Row(done, len(clips), len(reported), min(reported, default=None), max(reported, default=None), ms)
    print(made, flush=True)
    return made


def neighbours(clips: Sequence[list[Image]]) -> Iterator[dict[str, object]]:
    """The same with other values of each constant: bumps that are reported, and rolls that are found."""
    roll, road = "rolled by 5 degrees", "bumps and changing light"
    for name, values in NEIGHBOURS.items():
        for value in values:
            with patch.object(camera_moved, name, value):
                false = row(f"{name} {value}: {road}", CALM[road], clips, 0.0, _CALM_S / 2)
                found = row(f"{name} {value}: {roll}", MOVES[roll], clips, _BEFORE_S, _AFTER_S)
            yield {"constant": name, "value": value, "false": false.reported, "found": found.reported}


def _page(calm: Sequence[Row], moves: Sequence[Row], others: Sequence[dict[str, object]], clips: int) -> str:
    chosen = {name: getattr(camera_moved, name) for name in NEIGHBOURS}
    rows = [
        (
            item.done,
            f"{item.reported} of {item.clips}",
            "" if item.first_s is None else f"{item.first_s} to {item.last_s}",
        )
        for item in [*calm, *moves]
    ]
    return (
        "# A camera that is pushed, tilted or rolled\n\n"
        f"Made by `python -m benchmarks.endurance.moved_camera` from {clips} filmed people. The camera is moved in the "
        f"computer: after {_BEFORE_S:.0f} s the view is another, and what it uncovers is mirrored from the border. The "
        f"first rows have no move: none may be reported within {_CALM_S:.0f} s.\n\n"
        + markdown_table(("what is done", "reported", "seconds after the move"), rows)
        + "\nNot reported are mostly people before a plain wall or who fill the view: there is no fixed contour that "
        "could have moved. A changed zoom is not looked for.\n\n"
        f"Neighbours of the constants ({', '.join(f'`{name}` {value}' for name, value in chosen.items())}): reports "
        f"under bumps and changing light in {_CALM_S / 2:.0f} s, and rolls of 5 degrees that are found.\n\n"
        + markdown_table(("constant", "value", "false", "found"), [item.values() for item in others])
    )


@click.command(epilog="Example: python -m benchmarks.endurance.moved_camera ../shared/data/clips")
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", default="docs/evidence", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def main(folders: tuple[Path, ...], out: Path) -> None:
    """Move the camera of the films in FOLDERS and write the page of what is reported."""
    clips = [frames for folder in folders for frames in views(folder)]
    if not clips:
        raise click.ClickException(f"no film of {_LEAST_LOOKS * LOOK_S:g} s or more in {', '.join(map(str, folders))}")
    calm = [row(done, change, clips, 0.0, _CALM_S) for done, change in CALM.items()]
    moves = [row(done, change, clips, _BEFORE_S, _AFTER_S) for done, change in MOVES.items()]
    others = list(neighbours(clips))
    figures = {
        "machine": machine(),
        "calm": [asdict(item) for item in calm],
        "moves": [asdict(item) for item in moves],
        "neighbours": others,
    }
    write_page(out, "moved_camera", figures, _page(calm, moves, others, len(clips)))


if __name__ == "__main__":
    main()
