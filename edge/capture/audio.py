"""Audio input: resampled to 16 kHz mono, cut into even chunks with timestamps, and checked for faults.

Faults: silence, too quiet, clipped, shifted from zero, opposed channels.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import av
import numpy as np

from edge.capture import CaptureError
from edge.i18n.texts import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Frame, Source

CHUNK_SAMPLES = 512
"""32 ms, the window of the voice activity model: longer chunks delay it, shorter ones have no use."""

_GAP_S = 0.1
"""A timestamp this far from the counted samples is a gap in the audio, not jitter of its delivery."""
_HALF_LIFE_S = 0.5
_CANCELLED, _HEARD_AGAIN = 0.02, 0.2
"""Share of the channels' power that their mean keeps: 1 for equal channels, a half for unrelated ones."""
_SLEW = 0.01
"""Share of the remaining error that each block corrects: follows a sound card's drift, ignores late deliveries."""
_SILENT_PEAK, _SILENT_S = 0.0003, 60
"""Ten steps of 16 bits: every working microphone has more noise within a minute."""
_QUIET_PEAK, _QUIET_S = 0.003, 300
"""-50 dB of full scale: speech a metre from a microphone with enough gain is 20 dB above."""
_FULL, _CLIPPED_SHARE = 0.99, 0.005
"""Share of a second's samples at full scale that counts as clipped: a clap is shorter."""
_CLIPPED_S, _OF_S = 5, 30
"""Clipped seconds within the last half minute."""
_OFFSET, _OFFSET_S = 0.02, 10
"""Mean over this many seconds, of full scale; normal sound cards add a hundredth of that."""
_LEAST_S = 1.0
"""Shorter recordings are not checked."""
SILENT = Sentence("sound_silent")
QUIET = Sentence("sound_quiet")
CLIPPED = Sentence("sound_clipped")
SHIFTED = Sentence("sound_shifted")
OPPOSED = Sentence("sound_opposed")
_Item = TypeVar("_Item", bound=Frame | Audio | Source)


class SampleClock:
    """Timestamps of audio blocks: counted in samples and corrected slowly towards the measured times.

    Delivery jitters and sound cards drift (100 ppm are 0.36 s an hour), so neither the measured time nor the count is
    enough. A measured time far ahead of the count means lost audio: the clock then jumps. It does not run back.
    """

    def __init__(self) -> None:
        self._next_s: float | None = None

    def stamp(self, measured_s: float, samples: int) -> tuple[float, bool]:
        """The time of a block's first sample, and whether audio is missing before it."""
        start_s, gap = measured_s, True
        if self._next_s is not None:
            error_s = measured_s - self._next_s
            gap = error_s > _GAP_S
            duration_s = samples / SAMPLE_RATE_HZ
            start_s = measured_s if gap else self._next_s + max(_SLEW * error_s, -0.5 * duration_s)
        self._next_s = start_s + samples / SAMPLE_RATE_HZ
        return start_s, gap


class AudioChunker:
    """Turns blocks of any length into `Audio` chunks of `CHUNK_SAMPLES`; a chunk never spans a gap."""

    def __init__(self) -> None:
        self._clock = SampleClock()
        self._pending = np.empty(0, np.float32)
        self._pending_s = 0.0

    def push(self, measured_s: float, samples: Float32) -> list[Audio]:
        """Handle 16 kHz mono samples, the first recorded at `measured_s`; return the full chunks."""
        if not len(samples):
            return []
        start_s, gap = self._clock.stamp(measured_s, len(samples))
        chunks = self.flush() if gap else []
        self._pending_s = start_s - len(self._pending) / SAMPLE_RATE_HZ
        return chunks + self.append(samples)

    def append(self, samples: Float32) -> list[Audio]:
        """Handle samples that follow the last ones without an own timestamp."""
        self._pending = np.concatenate([self._pending, samples])
        chunks = []
        while len(self._pending) >= CHUNK_SAMPLES:
            chunks.append(self._take(CHUNK_SAMPLES))
        return chunks

    def flush(self) -> list[Audio]:
        """The remaining samples as a shorter chunk."""
        return [self._take(len(self._pending))] if len(self._pending) else []

    def _take(self, count: int) -> Audio:
        chunk = Audio(self._pending_s, self._pending[:count])
        self._pending = self._pending[count:]
        self._pending_s += count / SAMPLE_RATE_HZ
        return chunk


class Mixer:
    """Two channels to one: their mean, or their difference when they cancel each other out."""

    def __init__(self) -> None:
        self.opposed = False
        """Whether they cancel each other out, as when one plug is wired the wrong way round."""
        self._both = self._mean = 0.0

    def mix(self, channels: Float32) -> Float32:
        """`channels` is (2, n)."""
        left, right = channels
        keep = 0.5 ** (channels.shape[1] / (_HALF_LIFE_S * SAMPLE_RATE_HZ))
        self._both = keep * self._both + (1 - keep) * float(np.mean(channels**2))
        self._mean = keep * self._mean + (1 - keep) * float(np.mean(((left + right) / 2) ** 2))
        least = _HEARD_AGAIN if self.opposed else _CANCELLED
        self.opposed = self._mean < least * self._both
        mixed = (left - right) / 2 if self.opposed else (left + right) / 2
        return np.asarray(mixed, np.float32)


class AudioDecoder:
    """Decoded audio of any rate, layout and format to `Audio` chunks."""

    def __init__(self) -> None:
        self._line, self._mixer = AudioChunker(), Mixer()
        self._resampler: av.AudioResampler | None = None
        self._format: tuple[str, str, int] | None = None

    def push(self, frame: av.AudioFrame, measured_s: float) -> list[Audio]:
        """Handle one decoded audio frame, the first sample recorded at `measured_s`.

        Raises:
            CaptureError: its channels cannot be mixed.
        """
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or form != self._format:
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            self._resampler, self._format = av.AudioResampler("fltp", layout, SAMPLE_RATE_HZ), form
        frame.pts = None
        try:
            resampled = self._resampler.resample(frame)
        except (av.error.FFmpegError, ValueError) as error:
            raise CaptureError(
                Sentence("channels_unmixable", count=frame.layout.nb_channels, layout=frame.layout.name)
            ) from error
        return self._line.push(measured_s, self._samples(resampled))

    def flush(self) -> list[Audio]:
        """The remaining chunks at the end of the audio."""
        rest = [] if self._resampler is None else self._line.append(self._samples(self._resampler.resample(None)))
        self._resampler = None
        return rest + self._line.flush()

    @property
    def opposed(self) -> bool:
        """Whether the two channels cancel each other out (`Mixer`)."""
        return self._mixer.opposed

    def _samples(self, frames: list[av.AudioFrame]) -> Float32:
        parts = [frame.to_ndarray() for frame in frames]
        if not parts:
            return np.empty(0, np.float32)
        channels = np.concatenate(parts, axis=1).astype(np.float32, copy=False)
        return self._mixer.mix(channels) if len(channels) == 2 and channels.size else channels[0]


@dataclass(frozen=True, slots=True)
class _Second:
    peak: float
    clipped: bool
    mean: float


class AudioWatch:
    """Checks audio: reports `microphone` lost when it is silent, ok with a remark when the audio is poor."""

    def __init__(self) -> None:
        self._reported = ""
        self.begin()

    def begin(self) -> None:
        """Forget everything, as when the microphone was opened or lost."""
        self._seconds: deque[_Second] = deque(maxlen=_QUIET_S)
        self._pending: list[np.ndarray] = []
        self._count = 0

    def superseded(self) -> None:
        """Another part has reported the state of the microphone since."""
        self._reported = ""
        self.begin()

    def step(self, audio: Audio) -> list[Source]:
        """Handle one piece of audio."""
        self._pending.append(audio.samples)
        self._count += len(audio.samples)
        if self._count < SAMPLE_RATE_HZ:
            return []
        self._add()
        return self._report(audio.t_s, self._fault(_SILENT_S, _QUIET_S))

    def finish(self, t_s: float) -> list[Source]:
        """Check what there was of a recording that ends at `t_s`."""
        if self._count >= _LEAST_S * SAMPLE_RATE_HZ / 2:
            self._add()
        length = len(self._seconds)
        return self._report(t_s, self._fault(length, length)) if length else []

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

    def _report(self, t_s: float, fault: str) -> list[Source]:
        if fault == self._reported:
            return []
        self._reported = fault
        return [Source(t_s, "microphone", "lost" if fault == SILENT else "ok", fault)]


def listened(items: Iterable[_Item], watch: AudioWatch) -> Iterator[_Item | Source]:
    """The items of a source, each piece of audio after the faults that it shows."""
    for item in items:
        if isinstance(item, Audio):
            yield from watch.step(item)
        elif isinstance(item, Source) and item.source == "microphone":
            watch.superseded()
        yield item
