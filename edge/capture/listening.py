"""What is wrong with the sound though it comes: nothing in it, too quiet, clipped, shifted, the channels opposed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from edge.i18n.sentence import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source

_SILENT_PEAK, _SILENT_S = 0.0003, 60
"""Ten steps of 16 bits: any microphone that is on is noisier than that within a minute."""
_QUIET_PEAK, _QUIET_S = 0.003, 300
"""-50 dB of full scale: whoever speaks a metre from a microphone that is turned up is 20 dB above."""
_FULL, _CLIPPED_SHARE = 0.99, 0.005
"""So many samples of a second at full scale are cut off: a clap is shorter."""
_CLIPPED_S, _OF_S = 5, 30
"""Seconds of the last half minute that are clipped."""
_OFFSET, _OFFSET_S = 0.02, 10
"""Mean of so many seconds, of full scale; sound cards add a hundredth of that."""
_LEAST_S = 1.0
"""A recording shorter than this is not judged."""

SILENT = Sentence("sound_silent")
QUIET = Sentence("sound_quiet")
CLIPPED = Sentence("sound_clipped")
SHIFTED = Sentence("sound_shifted")
OPPOSED = Sentence("sound_opposed")

_Item = TypeVar("_Item", bound=Frame | Audio | Source)


@dataclass(frozen=True, slots=True)
class _Second:
    peak: float
    clipped: bool
    mean: float


class SoundWatch:
    """Pieces of sound in, words out: `microphone` lost where nothing is heard, ok with a remark where it is poor."""

    def __init__(self) -> None:
        self._told = ""
        self.begin()

    def begin(self) -> None:
        """The microphone was opened or lost: nothing is known of its sound."""
        self._seconds: deque[_Second] = deque(maxlen=_QUIET_S)
        self._pending: list[np.ndarray] = []
        self._count = 0

    def superseded(self) -> None:
        """Somebody else has told of the microphone since."""
        self._told = ""
        self.begin()

    def step(self, audio: Audio) -> list[Source]:
        """Take in one piece."""
        self._pending.append(audio.samples)
        self._count += len(audio.samples)
        if self._count < SAMPLE_RATE_HZ:
            return []
        self._add()
        return self._tell(audio.t_s, self._fault(_SILENT_S, _QUIET_S))

    def finish(self, t_s: float) -> list[Source]:
        """The recording ends at `t_s`: what there was of it is all there is to judge by."""
        if self._count >= _LEAST_S * SAMPLE_RATE_HZ / 2:
            self._add()
        length = len(self._seconds)
        return self._tell(t_s, self._fault(length, length)) if length else []

    def _add(self) -> None:
        samples = np.concatenate(self._pending)
        self._pending, self._count = [], 0
        size = np.abs(samples)
        clipped = float(np.mean(size >= _FULL)) >= _CLIPPED_SHARE
        self._seconds.append(_Second(float(size.max()), clipped, float(samples.mean())))

    def _fault(self, silent_s: int, quiet_s: int) -> str:
        seconds = list(self._seconds)
        if len(seconds) >= silent_s and max(second.peak for second in seconds[-silent_s:]) < _SILENT_PEAK:
            return SILENT
        if sum(second.clipped for second in seconds[-_OF_S:]) >= _CLIPPED_S:
            return CLIPPED
        recent = seconds[-_OFFSET_S:]
        if len(recent) == _OFFSET_S and abs(sum(second.mean for second in recent)) > _OFFSET * _OFFSET_S:
            return SHIFTED
        if len(seconds) >= quiet_s and max(second.peak for second in seconds[-quiet_s:]) < _QUIET_PEAK:
            return QUIET
        return ""

    def _tell(self, t_s: float, fault: str) -> list[Source]:
        if fault == self._told:
            return []
        self._told = fault
        return [Source(t_s, "microphone", "lost" if fault == SILENT else "ok", fault)]


def listened(items: Iterable[_Item], watch: SoundWatch) -> Iterator[_Item | Source]:
    """The items of a microphone, or of a camera with sound, each piece after what it tells of the microphone."""
    for item in items:
        if isinstance(item, Audio):
            yield from watch.step(item)
        elif isinstance(item, Source) and item.source == "microphone":
            watch.superseded()
        yield item
