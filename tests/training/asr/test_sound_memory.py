"""What one worker decodes is not decoded again, by whichever worker and in whichever epoch."""

from __future__ import annotations

import multiprocessing
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.messages import SAMPLE_RATE_HZ
from training.asr import sound_memory
from training.asr.data import Utterances, loaded
from training.asr.manifest import LabelledUtterance, SoundError, read_sound
from training.asr.sound_memory import SoundMemory, SoundMemoryError


@pytest.fixture
def utterances(tmp_path: Path) -> list[LabelledUtterance]:
    found = []
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(np.full(SAMPLE_RATE_HZ, 1000 * (number + 1), np.int16).tobytes())
        found.append(LabelledUtterance(path, "a", f"list:{number + 1}", 1.0))
    return found


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The number of decoded files, counted over all processes."""
    counter = multiprocessing.get_context("fork").Value("i", 0)

    def counting(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        with counter.get_lock():
            counter.value += 1
        return read_sound(path)

    monkeypatch.setattr(sound_memory, "read_sound", counting)
    return lambda: int(counter.value)


def epochs(utterances: list[LabelledUtterance], memory: SoundMemory, workers: int, count: int) -> list[list[float]]:
    """The first sample of each row, epoch by epoch; each epoch deals the batches to other workers."""
    data = Utterances(utterances, [[1]] * len(utterances), lambda samples: samples[:160, None].copy(), memory)
    orders = [[[0], [1, 2], [3]], [[3], [0], [1, 2]], [[1, 2], [3], [0]]][:count]
    return [[float(row[0, 0]) for batch in loaded(data, parts, workers) for row in batch.features] for parts in orders]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_three_epochs_decode_each_file_once(
    utterances: list[LabelledUtterance], decoded: Callable[[], int], workers: int
) -> None:
    memory = SoundMemory(10.0, [utterance.path for utterance in utterances])
    kept = epochs(utterances, memory, workers, 3)
    assert decoded() == 4
    assert kept == epochs(utterances, SoundMemory(0.0), 0, 3)


def test_what_does_not_fit_is_decoded_again(utterances: list[LabelledUtterance], decoded: Callable[[], int]) -> None:
    memory = SoundMemory(2.5, [utterance.path for utterance in utterances])
    epochs(utterances, memory, 1, 2)
    assert decoded() == 2 + 2 * 2


def test_kept_audio_cannot_be_changed_and_an_unreadable_file_is_told_each_time(
    utterances: list[LabelledUtterance], tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF....")
    memory = SoundMemory(10.0, [utterances[0].path, damaged])
    memory.read(utterances[0].path)
    kept = memory.read(utterances[0].path)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1.0
    for _ in range(2):
        with pytest.raises(SoundError):
            memory.read(damaged)


@pytest.mark.parametrize("limit_s", [1e11, 1e18])
def test_more_memory_than_the_machine_has_is_a_sentence(limit_s: float) -> None:
    with pytest.raises(SoundMemoryError, match=r"sound_in_memory_s: 1e\+1[18] s of audio need .* GB"):
        SoundMemory(limit_s)
