"""Our frame path against MediaPipe's FaceMesh: `python -m benchmarks.speed.face_mesh --bundle DIR CLIP...`.

Ours is all of `FacePerception.step`: detector when due, mesh, both irises, eye net, expression, head pose, usability.
Theirs is FaceMesh with `refine_landmarks` as its Python package runs it: detector when due, mesh, lips, irises. Both
see the same decoded pictures in turns of a second, each in a process of its own; CPU time of all their threads counts.
The clip is played over and over: with less than some dozen turns chance decides (ratios of ten turns went from 0.94 to
1.12 on one clip, on a virtual machine with nothing else to do).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.evidence import write_json
from benchmarks.speed.frame_path import frames_of
from benchmarks.speed.peer_environments import MEDIAPIPE, python_of
from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.messages import Frame
from edge.process import give_memory_back
from edge.vision.perception import FacePerception
from export.report.machine import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TURN = 30
"""Pictures a turn."""
_MOST_PICTURES = 300
"""Of a clip: they stay in memory."""


@dataclass(frozen=True, slots=True)
class Race:
    """One clip; medians over the turns, because what else the machine does spoils some of them."""

    clip: str
    size: tuple[int, int]
    turns: int
    ours_ms: float
    """CPU ms a picture, mean of a turn: our pictures cost more and less by turns."""
    peer_ms: float
    ratio: float
    """Ours over theirs in the same turn."""
    ratio_quartiles: tuple[float, float]
    ours_faces: float
    peer_faces: float


@contextmanager
def peer(frames: list[Frame], work: Path) -> Iterator[Callable[[int, int], dict[str, Any]]]:
    """MediaPipe at work; call with the first and one past the last picture of a turn."""
    np.save(work / "pictures.npy", np.stack([cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB) for frame in frames]))
    script = Path(__file__).with_name("mediapipe_peer.py")
    command = [str(python_of("mediapipe", MEDIAPIPE)), str(script), str(work / "pictures.npy")]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )

    def turn(first: int, last: int) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{first} {last}\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    try:
        yield turn
    finally:
        process.kill()
        process.wait()


def race(bundle: Bundle, clip: Path, turns: int) -> Race:
    """Both on the pictures of a clip, by turns; the first turn warms both and does not count."""
    frames = frames_of(clip, _MOST_PICTURES)
    perception = FacePerception(bundle, VisionConfig(max_faces=1))
    costs, our_faces, peer_faces, pictures = [], 0, 0, 0
    with tempfile.TemporaryDirectory() as work, peer(frames, Path(work)) as peers_turn:
        for first, last, since_s in islice(_endless(frames), turns + 1):
            answer = peers_turn(first, last)
            ours_ms, found = _our_turn(perception, frames[first:last], since_s)
            costs.append((ours_ms / (last - first), sum(answer["cpu_ms"]) / (last - first)))
            our_faces, peer_faces, pictures = our_faces + found, peer_faces + answer["faces"], pictures + last - first
    ours, theirs = np.array(costs[1:]).T
    low, ratio, high = (round(float(share), 3) for share in np.percentile(ours / theirs, (25, 50, 75)))
    height, width = frames[0].image.shape[:2]
    return Race(
        clip.name, (width, height), turns, round(float(np.median(ours)), 2), round(float(np.median(theirs)), 2),
        ratio, (low, high), round(our_faces / pictures, 3), round(peer_faces / pictures, 3),
    )  # fmt: skip


def _endless(frames: list[Frame]) -> Iterator[tuple[int, int, float]]:
    """First and one past the last picture of each turn, and the time to add so that it never goes back."""
    length_s = (frames[-1].t_s - frames[0].t_s) * len(frames) / (len(frames) - 1)
    for played in count():
        for first in range(0, len(frames), _TURN):
            yield first, min(first + _TURN, len(frames)), played * length_s


def _our_turn(perception: FacePerception, frames: list[Frame], since_s: float) -> tuple[float, int]:
    """CPU ms, and in how many pictures there was a face."""
    timed = [replace(frame, t_s=frame.t_s + since_s) for frame in frames]
    start_s = time.process_time()
    seen = [perception.step(frame) for frame in timed]
    spent_ms = (time.process_time() - start_s) * 1e3
    return spent_ms, sum(any(face.box is not None for face in faces) for faces in seen)


@click.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--turns", default=120, show_default=True, help="of 30 pictures, for each clip")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(clips: tuple[Path, ...], folder: Path, turns: int, out: Path | None) -> None:
    """Measure a frame of each of CLIPS, ours beside MediaPipe's."""
    cv2.setNumThreads(1)
    give_memory_back()
    bundle = Bundle(folder)
    races = [race(bundle, clip, turns) for clip in clips]
    table = Table(
        "clip", "size", "turns", "ours, CPU ms", "MediaPipe, CPU ms", "ours over theirs", "quartiles", "faces"
    )
    for found in races:
        figures = (f"{found.ours_ms:.2f}", f"{found.peer_ms:.2f}", f"{found.ratio:.2f}")
        quartiles = "{:.2f} to {:.2f}".format(*found.ratio_quartiles)
        faces = f"{found.ours_faces:.2f}, {found.peer_faces:.2f}"
        table.add_row(found.clip, f"{found.size[0]}x{found.size[1]}", str(found.turns), *figures, quartiles, faces)
    Console().print(table)
    if out:
        report = {"machine": machine(), "peer": MEDIAPIPE[0], "clips": [asdict(found) for found in races]}
        write_json(out, report)


if __name__ == "__main__":
    main()
