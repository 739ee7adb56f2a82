"""Distress by audio alone: voices far louder and higher than usual in this room.

It cannot tell joy from pain, a play on a stage from a quarrel, or loud singing from crying. A hoarse scream without a
pitch is not found. Their length excludes laughter, claps and slammed doors: a call of laughter lasts less than a tenth
of a second, and a slam has no pitch.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.messages import SAMPLE_RATE_HZ, Anomaly, Float32, Level, Sound
from edge.speech.segmenter import WINDOW
from edge.speech.voice import FRAME, Floats, track_pitch

ALERT = "distress"
BLOCK = 16
"""Windows of 32 ms in one block."""
_WINDOW_S = WINDOW / SAMPLE_RATE_HZ
_FLOOR_DB = -90.0
_SPEECH = 0.5
"""Probability of speech from which a window is used for the baseline of the voices."""
_LEAST_VOICED = 5
"""Voiced windows from which a block is used for the baseline."""
_LEAST_BLOCKS, _MOST_BLOCKS = 20, 600
"""Blocks of voice before distress is reported (10 s), and blocks kept (5 min of voice)."""
_NORMAL_MAD = 1.4826
_LOUDER_DB, _LOUDER_SPREADS = 10.0, 2.5
"""How far above the baseline: shouting is 20 dB and more above talking (ANSI S3.5: 62 to 82 dB), loud talk 12."""
_HIGHER_ST, _HIGHER_SPREADS = 4.0, 1.5
"""Angry voices are 7 to 14 semitones above the same speaker's neutral ones (EmoDB, 10 speakers, medians)."""
_GAP = 2
"""Windows (64 ms) that may be missing within one cry: consonants; the gaps within laughter are longer."""
_LEAST_RUN = 8
"""Windows (256 ms) of one cry; a call of laughter or a bark is shorter."""
_LEAST_TOTAL, _WITHIN = 16, 156
"""Windows of cries (0.5 s) within the second number of windows (5 s) from which distress is reported."""
_STEADY_ST = 0.3
"""A cry whose pitch moves less than this comes from a machine: a bell, a siren, a horn."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """Baseline: medians and spreads of this room's voices."""

    level_db: float
    level_spread_db: float
    pitch_st: float
    pitch_spread_st: float

    @property
    def loud_db(self) -> float:
        """The level from which a voice is far louder than the baseline."""
        return self.level_db + max(_LOUDER_DB, _LOUDER_SPREADS * self.level_spread_db)

    @property
    def high_st(self) -> float:
        """The pitch from which it is far higher."""
        return self.pitch_st + max(_HIGHER_ST, _HIGHER_SPREADS * self.pitch_spread_st)


class DistressListener:
    """Windows of audio with their probability of speech in, one `Sound` every half second out."""

    def __init__(self) -> None:
        self._windows: list[Float32] = []
        self._speech: list[float] = []
        self._before: Float32 = np.zeros(WINDOW, np.float32)
        self._voices: deque[tuple[float, float]] = deque(maxlen=_MOST_BLOCKS)
        self._recent: deque[tuple[bool, float, float]] = deque(maxlen=_WITHIN)
        self._next_s: float | None = None
        self._since_s: float | None = None
        self._sounds: list[Sound] = []

    def window(self, t_s: float, samples: Float32, probability: float) -> None:
        """Add 32 ms of audio that begin at `t_s`."""
        if self._next_s is not None and abs(t_s - self._next_s) > _WINDOW_S:
            self._windows, self._speech = [], []
            self._before = np.zeros(WINDOW, np.float32)
        self._next_s = t_s + _WINDOW_S
        self._windows.append(samples)
        self._speech.append(probability)
        if len(self._windows) == BLOCK:
            self._sounds.append(self._judge(self._next_s))

    def take(self) -> list[Sound]:
        """The results since the last call."""
        sounds, self._sounds = self._sounds, []
        return sounds

    def _judge(self, end_s: float) -> Sound:
        """Judge half a second against the baseline, then update the baseline."""
        windows, speech = np.stack(self._windows), np.array(self._speech)
        stream = np.concatenate([self._before, windows.ravel()])
        self._windows, self._speech, self._before = [], [], windows[-1]
        power = np.mean(np.square(windows, dtype=np.float64), axis=1)
        level = np.asarray(10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DB / 10))))
        usual = self._baseline()
        worth = speech >= _SPEECH
        if usual:
            worth = worth | (level >= usual.loud_db)
        voiced, pitch_st = _pitch(stream, worth)
        cries = voiced & (level >= usual.loud_db) & (pitch_st >= usual.high_st) if usual else np.zeros(BLOCK, bool)
        self._recent.extend(zip(cries.tolist(), level.tolist(), pitch_st.tolist(), strict=True))
        taught = voiced & (speech >= _SPEECH) & ~cries
        if int(taught.sum()) >= _LEAST_VOICED:
            self._voices.append((float(np.median(level[taught])), float(np.median(pitch_st[taught]))))
        mean_db = float(10 * np.log10(max(float(np.mean(power)), 10 ** (_FLOOR_DB / 10))))
        distress = self._distress(end_s, usual) if usual else None
        return Sound(end_s, mean_db, (distress,) if distress else ())

    def _baseline(self) -> _Usual | None:
        if len(self._voices) < _LEAST_BLOCKS:
            return None
        voices = np.array(self._voices)
        median = np.median(voices, axis=0)
        spread = _NORMAL_MAD * np.median(np.abs(voices - median), axis=0)
        return _Usual(float(median[0]), float(spread[0]), float(median[1]), float(spread[1]))

    def _distress(self, end_s: float, usual: _Usual) -> Anomaly | None:
        """The cries of the last 5 s if there are enough of them; level NONE once when they are over."""
        recent = list(self._recent)
        cried = [index for run in _runs([cry for cry, _, _ in recent]) if _moves(run, recent) for index in run]
        if len(cried) < (_LEAST_TOTAL if self._since_s is None else 1):
            since_s, self._since_s = self._since_s, None
            return None if since_s is None else Anomaly(end_s, ALERT, None, Level.NONE, since_s)
        if self._since_s is None:
            self._since_s = end_s - (len(recent) - cried[0]) * _WINDOW_S
        evidence = {
            "above_db": float(np.median([recent[index][1] for index in cried])) - usual.level_db,
            "above_st": float(np.median([recent[index][2] for index in cried])) - usual.pitch_st,
            "cried_s": len(cried) * _WINDOW_S,
        }
        return Anomaly(end_s, ALERT, None, Level.WARNING, self._since_s, ("voice",), evidence)


def _pitch(stream: Float32, worth: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether each window in `worth` has a pitch, and its pitch in semitones above 27.5 Hz."""
    voiced, semitones = np.zeros(BLOCK, bool), np.zeros(BLOCK)
    if worth.any():
        ends = (np.flatnonzero(worth) + 2) * WINDOW
        track = track_pitch(np.stack([stream[end - FRAME : end] for end in ends]))
        voiced[worth] = track.voiced
        semitones[worth] = 12 * np.log2(track.hz / 27.5)
    return voiced, semitones


def _runs(cries: list[bool]) -> list[list[int]]:
    """The windows of each cry that is long enough."""
    runs: list[list[int]] = []
    for index in (place for place, cry in enumerate(cries) if cry):
        if runs and index - runs[-1][-1] <= _GAP + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [run for run in runs if len(run) >= _LEAST_RUN]


def _moves(run: list[int], recent: list[tuple[bool, float, float]]) -> bool:
    pitch_st = [recent[index][2] for index in run]
    return float(np.std(pitch_st)) >= _STEADY_ST
