"""The published system's way with files, against ours: `python -m benchmarks.speed.mmsa_files --bundle DIR FILE`.

A DECLARED STAND-IN: the published system cannot run as published (its weights and packages are absent). What runs here
is its sequence around the models, segment by segment of 7 s as its live mode cuts them: sound to a 44.1 kHz stereo WAV
and back, 25 pictures a second to BMP and back, features to a pickle and back, and a TFN of its size (142 MB, random
weights) built and loaded anew. OpenFace, BERT, speech recognition, librosa and the database are left out, so it is far
cheaper than the real one. A second arm keeps the TFN loaded. Ours is a whole replay of the same file, all models
working, with the configuration `desk.yaml`; nothing is written.
"""

from __future__ import annotations

import pickle
import tempfile
import time
import wave
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch

from benchmarks.evidence import show_rows
from benchmarks.fusion.tfn_memory import DIMS, FRAMES, Materialised
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import load_config
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame
from edge.runtime.pipeline import Pipeline, replay_file, session_of
from training.fusion.models import build
from training.fusion.models.tfn import Tfn

SEGMENT_S, _FPS, _RATE_HZ = 7.0, 25, 44_100


@dataclass
class Arm:
    """One way through the recording, a second of it."""

    name: str
    cpu_s: float = 0.0
    wall_s: float = 0.0
    written_mb: float = 0.0
    files: int = 0


class Counted:
    """A folder that counts what is written into it."""

    def __init__(self, folder: Path, arm: Arm) -> None:
        self._folder, self._arm = folder, arm

    def back(self, name: str, write: Callable[[Path], object], read: Callable[[Path], object]) -> None:
        """Write a file, read it and delete it."""
        path = self._folder / name
        write(path)
        self._arm.written_mb += path.stat().st_size / 1e6
        self._arm.files += 1
        read(path)
        path.unlink()


def published_tfn() -> torch.nn.Module:
    """TFN with the outer product, at the sizes for CH-SIMS."""
    model = build("tfn", DIMS, {})
    assert isinstance(model, Tfn)
    model.layer_1 = Materialised(model.layer_1)
    return model.eval()


def round_trips(sound: np.ndarray, pictures: list[np.ndarray], folder: Counted) -> None:
    """A segment's sound, pictures and features through files."""
    steps = np.arange(int(len(sound) * _RATE_HZ / SAMPLE_RATE_HZ)) * SAMPLE_RATE_HZ / _RATE_HZ
    mono = (np.interp(steps, np.arange(len(sound)), sound) * 32767).astype(np.int16)

    def write_wav(path: Path) -> None:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(_RATE_HZ)
            file.writeframes(np.repeat(mono[:, None], 2, axis=1).tobytes())

    def read_wav(path: Path) -> bytes:
        with wave.open(str(path), "rb") as file:
            return file.readframes(file.getnframes())

    folder.back("sound.wav", write_wav, read_wav)
    for place, picture in enumerate(pictures):
        folder.back(f"{place}.bmp", lambda p, i=picture: cv2.imwrite(str(p), i), lambda p: cv2.imread(str(p)))
    rows = {name: np.zeros((1, count, DIMS[name]), np.float32) for name, count in zip(DIMS, FRAMES, strict=True)}
    folder.back("feature.pkl", lambda p: p.write_bytes(pickle.dumps(rows)), lambda p: pickle.loads(p.read_bytes()))


def stand_in(file: Path, reload: bool) -> Arm:
    """The stand-in over the whole file; sound and pictures are decoded before the clock starts."""
    items = list(MediaFile(file).read())
    arm = Arm("stand-in, TFN loaded for each segment" if reload else "stand-in, TFN kept loaded")
    end_s = max(item.t_s for item in items if isinstance(item, Frame))
    with tempfile.TemporaryDirectory() as name:
        saved = Path(name) / "tfn.pth"
        kept = published_tfn()
        torch.save(kept.state_dict(), saved)
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        for start_s in np.arange(0.0, end_s, SEGMENT_S):
            inside = [item for item in items if start_s <= item.t_s < start_s + SEGMENT_S]
            blocks = [item.samples for item in inside if isinstance(item, Audio)]
            sound = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
            pictures = [item.image for item in inside if isinstance(item, Frame)][: int(SEGMENT_S * _FPS)]
            round_trips(sound, pictures, Counted(Path(name), arm))
            if reload:
                kept = published_tfn()
                kept.load_state_dict(torch.load(saved))
        arm.cpu_s, arm.wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return _a_second(arm, end_s)


def ours(file: Path, bundle_path: Path) -> Arm:
    """All of the box on the file."""
    config = load_config(Path("configs/desk.yaml"))
    pipeline = Pipeline(Bundle(bundle_path), config, session_of(file))
    cpu_s = time.process_time()
    report = replay_file(file, pipeline, [])
    arm = Arm("ours, everything", time.process_time() - cpu_s, report.wall_s)
    return _a_second(arm, report.length_s)


def _a_second(arm: Arm, length_s: float) -> Arm:
    values: dict[str, Any] = {key: value for key, value in asdict(arm).items() if key != "name"}
    return Arm(arm.name, **{key: round(value / length_s, 3) for key, value in values.items()})


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", default="build/bundle", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(file: Path, bundle: Path, out: Path | None) -> None:
    """Put FILE through the stand-in, with and without its reloads, and through ours."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    arms = [stand_in(file, True), stand_in(file, False), ours(file, bundle)]
    heads = ("way", "CPU s a second", "wall s a second", "MB written a second", "files a second")
    show_rows(heads, arms, out, "arms", file=file.name, stand_in=True)


if __name__ == "__main__":
    main()
