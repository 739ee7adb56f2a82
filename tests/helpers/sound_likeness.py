"""Finding a signal in what was recorded."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import numpy as np
from sound_server import SoundServer

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.warning.signals import PATTERNS, Signal, render


def recorded(server: SoundServer, seconds: float, meanwhile: Callable[[], object] = lambda: None) -> Float32:
    """What the virtual speaker played from just before `meanwhile` on."""
    words = ["parec", "--device=vmic.monitor", "--format=float32le", f"--rate={SAMPLE_RATE_HZ}", "--channels=1"]
    with subprocess.Popen([*words, "--latency-msec=20"], env=server.all, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        head = process.stdout.read(4 * 800)
        meanwhile()
        body = process.stdout.read(round(4 * SAMPLE_RATE_HZ * seconds))
        process.kill()
    return np.frombuffer(head + body, np.float32)


def likeness(heard: Float32, signal: Signal) -> float:
    """Greatest normalised correlation of what was heard with one repetition of the signal."""
    return similarity(heard, render(PATTERNS[signal], SAMPLE_RATE_HZ))


def similarity(heard: Float32, wanted: Float32) -> float:
    """Greatest normalised correlation of what was heard with what is wanted."""
    size = 2 ** int(np.ceil(np.log2(len(heard) + len(wanted))))
    cross = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    power = np.convolve(heard.astype(float) ** 2, np.ones(len(wanted)), "full")[len(wanted) - 1 :]
    at = int(np.argmax(cross[: len(heard)]))
    return float(cross[at] / (np.linalg.norm(wanted) * np.sqrt(power[at]) + 1e-9))
