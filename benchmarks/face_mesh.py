"""Our frame path against MediaPipe's FaceMesh: `python -m benchmarks.face_mesh --bundle DIR CLIP... [--json OUT]`.

Ours is all of `FacePerception.step`: detector when due, mesh, both irises, eye net, expression, head pose, usability.
Theirs is FaceMesh with `refine_landmarks` as its Python package runs it: detector when due, mesh, lips, irises. Both
see the same decoded pictures in turns of a second, each in a process of its own; CPU time of all their threads counts.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.frame_path import frames_of
from benchmarks.peers import MEDIAPIPE, python_of
from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.messages import Frame
from edge.runtime.allocator import give_memory_back
from edge.vision.perception import FacePerception
from export.report.machine import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TURN = 30
"""Pictures a turn."""


@dataclass(frozen=True, slots=True)
class Race:
    """One clip, CPU ms a picture."""

    clip: str
    size: tuple[int, int]
    pictures: int
    ours_ms: float
    peer_ms: float
    ratio: float
    """Median over the turns of ours over theirs: what else the machine does weighs on both."""
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


def race(bundle: Bundle, clip: Path, most: int) -> Race:
    """Both on the first `most` pictures of a clip, in turns; the first turn warms both and does not count."""
    frames = frames_of(clip, most)
    perception = FacePerception(bundle, VisionConfig(max_faces=1))
    ours: list[float] = []
    theirs: list[float] = []
    ratios, our_faces, peer_faces = [], 0, 0
    with tempfile.TemporaryDirectory() as work, peer(frames, Path(work)) as turn:
        turn(0, _TURN)
        for frame in frames[:_TURN]:
            perception.step(frame)
        for first in range(0, len(frames), _TURN):
            part = frames[first : first + _TURN]
            times = []
            for frame in part:
                start_s = time.process_time()
                faces = perception.step(frame)
                times.append((time.process_time() - start_s) * 1e3)
                our_faces += any(face.box is not None for face in faces)
            answer = turn(first, first + len(part))
            ratios.append(sum(times) / sum(answer["cpu_ms"]))
            ours, theirs, peer_faces = ours + times, theirs + answer["cpu_ms"], peer_faces + answer["faces"]
    height, width = frames[0].image.shape[:2]
    return Race(
        clip.name, (width, height), len(frames), round(float(np.median(ours)), 2), round(float(np.median(theirs)), 2),
        round(float(np.median(ratios)), 3), our_faces / len(frames), peer_faces / len(frames),
    )  # fmt: skip


@click.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--frames", "most", default=300, show_default=True, help="pictures of each clip")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(clips: tuple[Path, ...], folder: Path, most: int, out: Path | None) -> None:
    """Measure a frame of each of CLIPS, ours beside MediaPipe's."""
    cv2.setNumThreads(1)
    give_memory_back()
    bundle = Bundle(folder)
    races = [race(bundle, clip, most) for clip in clips]
    table = Table("clip", "size", "pictures", "ours, CPU ms", "MediaPipe, CPU ms", "ours over theirs", "faces")
    for found in races:
        figures = (f"{found.ours_ms:.2f}", f"{found.peer_ms:.2f}", f"{found.ratio:.2f}")
        faces = f"{found.ours_faces:.2f}, {found.peer_faces:.2f}"
        table.add_row(found.clip, f"{found.size[0]}x{found.size[1]}", str(found.pictures), *figures, faces)
    Console().print(table)
    if out:
        report = {"machine": machine(), "peer": MEDIAPIPE[0], "clips": [asdict(found) for found in races]}
        out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
