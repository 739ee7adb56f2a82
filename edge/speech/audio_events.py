"""Audio events: crying, screams, laughter, coughs, breaking glass and alarms, found twice a second, and their alerts.

The classes are those of AudioSet; the bundle's optional role `audio_events` is YAMNet. Audio as quiet as this room
usually is, is not computed. The model cannot distinguish a cat from a baby, nor a siren on the road from one on the
radio. Events become the anomalies distress, coughing fit, breaking sound and alarm sound; laughter raises no alert.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Anomaly, Audio, Float32, Level, Sound
from edge.speech.distress import ALERT as DISTRESS
from edge.speech.distress import DistressListener

ROLE = "audio_events"
FRAMES, BANDS = 96, 64
_FRAME, _HOP, _FFT = 400, 160, 512
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
_OFFSET = 0.001
"""YAMNet's front end (Plakal and Ellis, tensorflow/models, `audioset/yamnet/params.py` and `features.py`): Hann window
of 25 ms every 10 ms, magnitudes in 64 HTK mel bands, and the natural logarithm of those plus .001."""
PATCH = _FRAME + (FRAMES - 1) * _HOP
"""Samples (.975 s) of one piece."""

CLASSES: dict[str, tuple[int, ...]] = {
    "crying": (19, 20),
    "screaming": (6, 7, 9, 10, 11),
    "laughter": (13, 14, 15, 16, 17, 18),
    "coughing": (42,),
    "breaking": (437, 463, 464),
    "cat": (76, 78, 80),
    "dog": (69, 70, 71, 72, 73, 74, 75),
    "horn": (302, 303),
    "alarm": (304, 317, 318, 319, 382, 390, 391, 393, 394),
}
"""The audio events by the rows of YAMNet's `yamnet_class_map.csv`: crying, baby cry (not whimper and wail,
which dogs do as well); shout, bellow, yell, children shouting, screaming; six of laughter; cough; shatter, smash or
crash, breaking; cat, meow, caterwaul; dog, bark, yip, howl, bow-wow, growling, a dog's whimper; a vehicle's horn, toot;
car alarm, three sirens of vehicles, alarm, siren, civil defence siren, smoke detector, fire alarm."""
HOP = 7680
"""Samples (.48 s) from one scored piece to the next: half of a piece, as YAMNet's authors do."""
HOP_S = HOP / SAMPLE_RATE_HZ
_GAP_S = 0.1
"""A longer step of time is lost audio; the pieces on both sides of it are not joined."""
_QUIETEST_DB = -65.0
"""RMS below which audio is not scored: less than the noise of a cheap microphone."""
_FLOOR_SHARE, _LEAST_PIECES, _MOST_PIECES = 0.2, 125, 600
"""The floor is the level below which this share of the last 4.8 minutes stays; it is known after a minute."""
_ABOVE_DB = 3.0
"""Audio this far above the floor is scored. A cry or a siren is 10 dB and more above; 1 to 6 dB find the same."""
COUGHING, BREAKING, ALARM = "coughing_fit", "breaking_sound", "alarm_sound"
_DOUBT = 0.05
"""Score that an event must exceed: at this mean score, without a rival, the evidence is one half."""
_FADES = 0.5
"""Share of its threshold below which an event is over."""
_STALE_S = 3.0
"""Events without a new score for this long are over: the stage that scores them is lost."""


class SoundClassifier:
    """Audio in, the score of each audio event out; stateless."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session(ROLE)

    def scores(self, samples: Float32) -> dict[str, float]:
        """The score 0..1 of each of `CLASSES` in `PATCH` samples: that of its likeliest AudioSet class."""
        found = self._session.run({"mel": patch_mel(samples)})["scores"][0]
        return {name: float(found[list(rows)].max()) for name, rows in CLASSES.items()}


def patch_mel(samples: Float32) -> Float32:
    """The log-mel spectrogram [1, 1, FRAMES, BANDS] of `PATCH` samples of mono audio at 16 kHz.

    Raises:
        ValueError: there are more or fewer samples.
    """
    if samples.shape != (PATCH,):
        raise ValueError(f"YAMNet takes {PATCH} samples of mono audio at once, not {samples.shape}")
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    magnitudes = np.abs(np.fft.rfft(frames * _hann(), _FFT)).astype(np.float32)
    bands: Float32 = np.log(magnitudes @ _filters() + np.float32(_OFFSET))
    return bands[None, None]


@functools.cache
def _filters() -> Float32:
    """TensorFlow's mel filters [bins, bands]: triangles of height 1 on the HTK scale, without the constant part."""
    mels = _mel(np.fft.rfftfreq(_FFT, 1.0 / SAMPLE_RATE_HZ))
    edges = np.linspace(_mel(np.array(_LOW_HZ)), _mel(np.array(_HIGH_HZ)), BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((mels[:, None] - low) / (centre - low), (high - mels[:, None]) / (high - centre))
    triangles[0] = 0.0
    filters: Float32 = np.maximum(triangles, 0.0).astype(np.float32)
    return filters


def _mel(hz: np.ndarray) -> np.ndarray:
    mels: np.ndarray = 1127.0 * np.log1p(hz / 700.0)
    return mels


@functools.cache
def _hann() -> Float32:
    return np.hanning(_FRAME + 1)[:-1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class AudioEventScores:
    """Scores 0..1 of the audio events in the second that ends at `t_s`; empty if it was too quiet."""

    t_s: float
    scores: Mapping[str, float]


class AudioEvents:
    """Audio in, one `AudioEventScores` every `HOP` samples out."""

    def __init__(self, bundle: Bundle) -> None:
        self._classifier = SoundClassifier(bundle)
        self._levels: deque[float] = deque(maxlen=_MOST_PIECES)
        self._sound = np.zeros(0, np.float32)
        self._end_s: float | None = None

    def step(self, audio: Audio) -> list[AudioEventScores]:
        """Add the next audio; return the scores of the seconds that ended in it."""
        if self._end_s is not None and abs(audio.t_s - self._end_s) > _GAP_S:
            self._sound = np.zeros(0, np.float32)
        self._end_s = audio.t_s + len(audio.samples) / SAMPLE_RATE_HZ
        self._sound = np.concatenate([self._sound, audio.samples])
        scores = []
        while len(self._sound) >= PATCH:
            left_s = (len(self._sound) - PATCH) / SAMPLE_RATE_HZ
            scores.append(self._judge(self._end_s - left_s, self._sound[:PATCH]))
            self._sound = self._sound[HOP:]
        return scores

    def _judge(self, t_s: float, samples: Float32) -> AudioEventScores:
        known = len(self._levels) >= _LEAST_PIECES
        floor_db = float(np.quantile(self._levels, _FLOOR_SHARE)) + _ABOVE_DB if known else _QUIETEST_DB
        self._levels.append(_level_db(samples[-HOP:]))
        loud = _level_db(samples) > max(floor_db, _QUIETEST_DB)
        return AudioEventScores(t_s, self._classifier.scores(samples) if loud else {})


def _level_db(samples: Float32) -> float:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return float(10 * np.log10(max(power, 10 ** (_QUIETEST_DB / 10))))


@dataclass(frozen=True, slots=True)
class AudioEventRule:
    """When one of `CLASSES` is reported."""

    alert: str | None
    """The kind of alert; None: only a rival of other events."""
    level: Level
    seconds: int
    """Scored seconds, half a second apart, of which the mean counts."""
    threshold: float
    """Evidence 0..1 from which the event is present."""
    rivals: tuple[str, ...] = ()
    """Events that it is confused with: their mean scores count against it."""
    heard_too: str | None = None
    """An event that the net hears in it as well: only what it scores more counts against it."""


RULES: dict[str, AudioEventRule] = {
    "crying": AudioEventRule(DISTRESS, Level.WARNING, 8, 0.7, rivals=("cat", "dog"), heard_too="laughter"),
    "screaming": AudioEventRule(DISTRESS, Level.WARNING, 3, 0.7, rivals=("laughter", "cat")),
    "coughing": AudioEventRule(COUGHING, Level.ADVISORY, 10, 0.8, rivals=("laughter",)),
    "breaking": AudioEventRule(BREAKING, Level.WARNING, 1, 0.8),
    "alarm": AudioEventRule(ALARM, Level.ADVISORY, 6, 0.85, rivals=("horn",)),
    "laughter": AudioEventRule(None, Level.NONE, 5, 0.5, rivals=("crying",)),
    "cat": AudioEventRule(None, Level.NONE, 5, 0.7),
    "dog": AudioEventRule(None, Level.NONE, 5, 0.7),
    "horn": AudioEventRule(None, Level.NONE, 5, 0.7),
}
"""Crying, laughter, breaking and alarm: docs/evidence/audio_events.md shows each threshold with its neighbours, on the
half of the sources that chose none. For screams and coughs there were no recordings; theirs lie above the highest that
an utterance of an actor reaches (.54 and .03)."""
_LONGEST = max(rule.seconds for rule in RULES.values())


class AudioAnomalies:
    """Windows of audio and scored seconds in; the `Sound` of every half second with its anomalies out."""

    def __init__(self) -> None:
        self._voices = DistressListener()
        self._heard: dict[str, deque[float]] = {name: deque(maxlen=_LONGEST) for name in RULES}
        self._since_s: dict[str, float] = {}
        self._told: dict[str, Anomaly] = {}
        self._last_s = 0.0

    def window(self, t_s: float, samples: Float32, probability: float) -> None:
        """Add 32 ms of audio that begin at `t_s`, with their probability of speech."""
        self._voices.window(t_s, samples, probability)

    def take(self) -> list[Sound]:
        """The results since the last call."""
        return [self._judged(sound) for sound in self._voices.take()]

    def hear(self, judged: Iterable[AudioEventScores]) -> None:
        """Add scored seconds; a second without scores counts as zero."""
        for scores in judged:
            self._hear(scores)

    @property
    def going(self) -> frozenset[str]:
        """The names of the events that are present now."""
        return frozenset(self._since_s)

    def evidence(self, name: str) -> float:
        """The evidence for this event now, 0..1: its mean score against those of its rivals and `_DOUBT`.

        For events that must last, the highest score is left out: one second alone is a squeal, a horn or an error of
        the net.
        """
        rule = RULES[name]
        own = self._last(name, rule.seconds)
        total = sum(own)
        score = (total - max(own, default=0.0)) / (rule.seconds - 1) if rule.seconds > 1 else total
        against = sum(self._mean(rival, rule.seconds) for rival in rule.rivals)
        if rule.heard_too is not None:
            against += max(0.0, self._mean(rule.heard_too, rule.seconds) - score)
        return score / (score + against + _DOUBT)

    def _hear(self, heard: AudioEventScores) -> None:
        if heard.t_s - self._last_s > _STALE_S:
            self._forget()
        self._last_s = heard.t_s
        for name, scores in self._heard.items():
            scores.append(heard.scores.get(name, 0.0))
        for name, rule in RULES.items():
            evidence = self.evidence(name)
            if evidence >= rule.threshold:
                lasted = sum(score >= _DOUBT for score in self._last(name, rule.seconds))
                self._since_s.setdefault(name, heard.t_s - lasted * HOP_S)
            elif evidence < _FADES * rule.threshold:
                self._since_s.pop(name, None)

    def _judged(self, sound: Sound) -> Sound:
        """`sound`, with distress by level and pitch of the voices, and with the anomalies of the audio events.

        During laughter, loud and high voices are not distress, unless crying or a scream is present.
        """
        if sound.t_s - self._last_s > _STALE_S:
            self._forget()
        found: dict[str, Anomaly] = {}
        for name, since_s in self._since_s.items():
            if alert := RULES[name].alert:
                evidence = {**(found[alert].evidence if alert in found else {}), name: round(self.evidence(name), 3)}
                causes = (*(found[alert].causes if alert in found else ()), name)
                start_s = min(since_s, found[alert].since_s) if alert in found else since_s
                found[alert] = Anomaly(sound.t_s, alert, None, RULES[name].level, start_s, causes, evidence)
        for voices in sound.unusual:
            if voices.level and (DISTRESS in found or "laughter" not in self._since_s):
                found[DISTRESS] = _joined(voices, found.get(DISTRESS))
        over = [self._over(sound.t_s, alert) for alert in self._told if alert not in found]
        self._told = found
        loud = "screaming" in self._since_s or any(voices.level for voices in sound.unusual)
        heard = frozenset(({"laughter"} & self.going) | ({"shouting"} if loud else set()))
        return replace(sound, unusual=(*found.values(), *over), heard=heard)

    def _over(self, t_s: float, alert: str) -> Anomaly:
        return Anomaly(t_s, alert, None, Level.NONE, self._told[alert].since_s)

    def _forget(self) -> None:
        self._since_s.clear()
        for scores in self._heard.values():
            scores.clear()

    def _mean(self, name: str, seconds: int) -> float:
        """Mean over the last `seconds` scored seconds; missing ones count as zero."""
        return sum(self._last(name, seconds)) / seconds

    def _last(self, name: str, seconds: int) -> list[float]:
        return list(self._heard[name])[-seconds:]


def _joined(voices: Anomaly, event: Anomaly | None) -> Anomaly:
    """Distress by the voices and by audio events, as one anomaly."""
    if event is None:
        return voices
    evidence: Mapping[str, float] = {**voices.evidence, **event.evidence}
    return replace(
        voices,
        since_s=min(voices.since_s, event.since_s),
        causes=(*voices.causes, *event.causes),
        evidence=evidence,
    )
