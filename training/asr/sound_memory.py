"""Decoded audio in memory, shared by a training process and the workers that it forks."""

from __future__ import annotations

import mmap
import multiprocessing
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edge.error import EmvasError
from edge.messages import SAMPLE_RATE_HZ, Float32
from training.asr.manifest import read_sound


class SoundMemoryError(EmvasError):
    """The machine does not give as much memory as asked for."""


class SoundMemory:
    """Reads audio files; keeps up to `limit_s` seconds of the decoded audio of `paths`.

    The memory is an anonymous shared mapping: what one worker of an epoch has decoded, the workers of later epochs and
    the process itself read without decoding. It grows with what is kept and does not count against /dev/shm.
    """

    def __init__(self, limit_s: float, paths: Iterable[Path] = ()) -> None:
        """Raises SoundMemoryError."""
        self._rows = {path: row for row, path in enumerate(dict.fromkeys(paths))}
        try:
            self._sound = _shared(int(limit_s * SAMPLE_RATE_HZ), np.dtype(np.float32))
        except (OSError, OverflowError) as error:
            raise SoundMemoryError(
                f"training.sound_in_memory_s: {limit_s:g} s of audio need {limit_s * SAMPLE_RATE_HZ * 4 / 1e9:.1f} GB, "
                f"which this machine does not give ({error}): lower it"
            ) from error
        self._table = _shared(1 + 2 * len(self._rows), np.dtype(np.int64))
        """Samples kept in all, then for each path where its samples begin and how many they are."""
        self._lock = multiprocessing.get_context("fork").Lock()

    def read(self, path: Path) -> Float32:
        """The samples, read-only where they are kept; raises SoundError if there are none."""
        row = self._rows.get(path)
        if row is None:
            return read_sound(path)
        with self._lock:
            kept = self._kept(row)
        if kept is not None:
            return kept
        samples = read_sound(path)
        with self._lock:
            return self._keep(row, samples)

    def _kept(self, row: int) -> Float32 | None:
        first, count = self._table[1 + 2 * row : 3 + 2 * row]
        if count == 0:
            return None
        samples = self._sound[first : first + count]
        samples.flags.writeable = False
        return samples

    def _keep(self, row: int, samples: Float32) -> Float32:
        """Keep the samples where there is room and no other worker was first."""
        first = int(self._table[0])
        if first + len(samples) <= len(self._sound) and self._kept(row) is None:
            self._sound[first : first + len(samples)] = samples
            self._table[1 + 2 * row : 3 + 2 * row] = first, len(samples)
            self._table[0] = first + len(samples)
        return samples


def _shared(count: int, dtype: np.dtype[np.generic]) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Zeros that forked processes share."""
    return np.frombuffer(mmap.mmap(-1, max(count, 1) * dtype.itemsize), dtype)[:count]
