"""Made speech that a tiny model can learn in seconds: each word is a tone of its own."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from edge.messages import SAMPLE_RATE_HZ

TONES_HZ = {"low": 300.0, "mid": 900.0, "high": 2500.0}

SETTINGS = """
model: {hidden: 32, layers: 1, heads: 2, feed_forward: 48, kernel: 5, subsampling_channels: 4, dropout: 0.1}
training: {units: words, epochs: 3, frames_per_batch: 400, warmup_batches: 10, learning_rate: 0.005, save_batches: 3}
augment: {speed: [0.9, 1.0, 1.1], volume_db: [-6, 6], noise: {signal_to_noise_db: [20, 30]}, shift_ms: 50}
"""


def write_wave(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def make_list(folder: Path, name: str, count: int, seed: int) -> Path:
    """A list of `count` utterances of one to three tones."""
    rng = np.random.default_rng(seed)
    (folder / name).mkdir(parents=True)
    lines = []
    for index in range(count):
        words = rng.choice(sorted(TONES_HZ), rng.integers(1, 4)).tolist()
        time_s = np.arange(SAMPLE_RATE_HZ * 3 // 10) / SAMPLE_RATE_HZ
        pieces = [np.zeros(1600)]
        for word in words:
            pieces += [0.3 * np.sin(2 * np.pi * TONES_HZ[word] * time_s), np.zeros(1600)]
        sound = np.concatenate(pieces) + rng.normal(0, 1e-3, sum(map(len, pieces)))
        write_wave(folder / name / f"{index}.wav", sound.astype(np.float32))
        lines.append(f"{name}/{index}.wav\t{' '.join(words)}\n")
    path = folder / f"{name}.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path
