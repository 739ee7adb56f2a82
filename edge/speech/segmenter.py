"""Cuts a stream of audio into utterances by voice activity (Silero VAD, streaming).

All bookkeeping is in windows of 32 ms counted on one unbroken time line, so the cut does not depend on how the audio
arrives in chunks. The rule is that of Silero's own segmentation: speech begins where the probability reaches `_ENTER`
and ends where it stays below `_EXIT` for `_SILENCE` windows; between the two thresholds nothing changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Utterance

WINDOW = 512
"""Samples of one window: 32 ms at 16 kHz (Silero VAD, fixed by the model)."""
_CONTEXT = 64
"""Samples of the window before that the model sees again (Silero VAD, fixed by the model)."""
_STATE_SHAPE = (2, 1, 128)
_WINDOW_S = WINDOW / SAMPLE_RATE_HZ
_ENTER = 0.5
_EXIT = 0.35
"""Probabilities at which speech begins and ends (Silero VAD's defaults: .5 and .15 below it)."""
_LEAST_SPEECH = 8
"""Windows (256 ms; Silero's default is 250 ms): shorter bursts are clicks and coughs."""
_SILENCE = 16
"""Windows (512 ms) of silence that close an utterance: longer than a pause inside a sentence usually is."""
_PADDING = 8
"""Windows (256 ms) of real audio kept before and after: first and last consonants lie outside the voiced part."""
_GAP_S = 0.1
"""A longer step of the time line is lost audio; a shorter one is the jitter of a sound card's timestamps."""
_QUIET_SPAN = 3
"""Windows averaged in the search for the quietest point: a single one may be the closure of a `t` or `p`."""


class VoiceActivity:
    """Scores consecutive windows of one stream; the model's state is carried from window to window."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("vad")
        self.reset()

    def reset(self) -> None:
        """Reset the state: the next window does not follow the last one."""
        self._context = np.zeros(_CONTEXT, np.float32)
        self._state = np.zeros(_STATE_SHAPE, np.float32)

    def step(self, window: Float32) -> float:
        """Return the probability (0..1) of speech in the next `WINDOW` samples."""
        audio = np.concatenate([self._context, window])[np.newaxis]
        result = self._session.run({"audio": audio, "state": self._state})
        self._state = result["next_state"]
        self._context = window[-_CONTEXT:]
        return float(result["probability"][0, 0])


@dataclass(slots=True)
class _Open:
    """An utterance that is not finished; positions are window numbers on the time line."""

    start: int
    """First window of its audio."""
    speech: int
    """First window of its speech."""
    last_speech: int
    """Last window that reached `_ENTER`."""
    silence: int | None = None
    """First window of the silence that may close it."""
    continued: bool = False
    """Whether it continues where a longer one was cut."""

    @property
    def spoken(self) -> bool:
        """Whether it contains new speech, not only the end of the utterance that was cut before it."""
        return self.last_speech >= self.speech


class SpeechSegmenter:
    """Audio in, utterances out; keeps at most one utterance of the greatest length in memory."""

    def __init__(
        self, bundle: Bundle, config: SpeechConfig, listener: Callable[[float, Float32, float], None] | None = None
    ) -> None:
        """`listener` gets every window of 32 ms: its time, its audio and its probability of speech."""
        self._listener = listener
        self._activity = VoiceActivity(bundle)
        self._most = int(config.max_utterance_s / _WINDOW_S)
        self._windows: deque[Float32] = deque()
        self._first = 0
        self._next = 0
        self._rest = np.zeros(0, np.float32)
        self._origin_s: float | None = None
        self._open: _Open | None = None
        self._free = 0

    @property
    def speaking(self) -> bool:
        """Whether speech has begun and not ended yet."""
        return self._open is not None

    def step(self, audio: Audio) -> list[Utterance]:
        """Add the next audio; return the utterances that ended in it.

        Raises:
            ValueError: the audio is not mono float32 or contains a value that is not finite.
        """
        samples = audio.samples
        if samples.ndim != 1 or samples.dtype != np.float32 or not np.isfinite(samples).all():
            raise ValueError(
                f"audio at {audio.t_s:.3f} s must be finite mono float32 in -1..1; it is {samples.dtype} of shape "
                f"{samples.shape}: resample and clean it in capture"
            )
        done = self._follow(audio.t_s)
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // WINDOW * WINDOW
        for window in samples[:whole].reshape(-1, WINDOW):
            done.extend(self._advance(window.copy()))
        self._rest = samples[whole:].copy()
        return done

    def finish(self) -> list[Utterance]:
        """End the stream: return the utterance that was still open, with its audio so far."""
        done = [] if self._open is None else self._close(self._open)
        self._activity.reset()
        self._windows.clear()
        self._origin_s = None
        self._rest = np.zeros(0, np.float32)
        self._first = self._next = self._free = 0
        return done

    def _follow(self, t_s: float) -> list[Utterance]:
        """Fit the time line to a chunk that begins at `t_s`: a gap ends it; slow drift moves it during silence."""
        if self._origin_s is None:
            self._origin_s = t_s
            return []
        drift_s = t_s - (self._time_s(self._next) + len(self._rest) / SAMPLE_RATE_HZ)
        if abs(drift_s) > _GAP_S:
            done = self.finish()
            self._origin_s = t_s
            return done
        if self._open is None and self._next - self._free > _PADDING + _GAP_S / _WINDOW_S:
            self._origin_s += drift_s
        return []

    def _time_s(self, position: int) -> float:
        assert self._origin_s is not None
        return self._origin_s + position * _WINDOW_S

    def _advance(self, window: Float32) -> list[Utterance]:
        probability = self._activity.step(window)
        now = self._next
        if self._listener:
            self._listener(self._time_s(now), window, probability)
        self._windows.append(window)
        self._next += 1
        if self._open is None:
            if probability >= _ENTER:
                self._open = _Open(start=max(now - _PADDING, self._first, self._free), speech=now, last_speech=now)
            elif len(self._windows) > _PADDING:
                self._drop(self._next - _PADDING)
            return []
        return self._judge(self._open, now, probability)

    def _judge(self, current: _Open, now: int, probability: float) -> list[Utterance]:
        if probability >= _ENTER:
            current.silence, current.last_speech = None, now
        elif probability < _EXIT and current.silence is None:
            current.silence = now
        if current.silence is not None and self._next - current.silence >= _SILENCE:
            return self._close(current)
        if self._next - current.start >= self._most:
            return self._cut(current)
        return []

    def _close(self, current: _Open) -> list[Utterance]:
        """End the open utterance; one with too little speech is dropped."""
        speech_end = self._next if current.silence is None else current.silence
        end = min(speech_end + _PADDING, self._next)
        self._open = None
        enough = current.continued or speech_end - current.speech >= _LEAST_SPEECH
        done = [self._utterance(current, end, speech_end)] if enough and current.spoken else []
        self._free = end
        self._drop(max(end, self._next - _PADDING))
        return done

    def _cut(self, current: _Open) -> list[Utterance]:
        """Split an utterance that has grown too long at the quietest point of its second half."""
        low, high = current.start + self._most // 2, self._next - _LEAST_SPEECH
        power = [float(np.mean(np.square(window))) for window in list(self._windows)[low - self._first :]]
        smooth = np.convolve(power, np.ones(_QUIET_SPAN), mode="same")[: high - low]
        at = low + int(np.argmin(smooth))
        done = [self._utterance(current, at, at)] if current.spoken else []
        silence = None if current.silence is None else max(current.silence, at)
        self._open = _Open(at, at, current.last_speech, silence, continued=True)
        self._free = at
        self._drop(at)
        return done

    def _utterance(self, current: _Open, end: int, speech_end: int) -> Utterance:
        """The times of the speech, with its audio up to the window `end`."""
        kept = list(self._windows)[current.start - self._first : end - self._first]
        return Utterance(self._time_s(current.speech), self._time_s(speech_end), np.concatenate(kept))

    def _drop(self, before: int) -> None:
        """Drop the windows before this one."""
        while self._first < before:
            self._windows.popleft()
            self._first += 1
