"""What a room's sounds are told as: distress, a fit of coughing, something that breaks, an alarm; laughter is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge.messages import Anomaly, Float32, Level, Sound
from edge.speech.audio_events import HOP_S, HeardSound
from edge.speech.distress import ALERT as DISTRESS
from edge.speech.distress import DistressListener

COUGHING, BREAKING, ALARM = "coughing_fit", "breaking_sound", "alarm_sound"
_DOUBT = 0.05
"""Score that a sound must outdo: at this mean score, with no rival, the evidence is one half."""
_FADES = 0.5
"""Share of its threshold below which what goes on is over."""
_STALE_S = 3.0
"""What was last heard so long ago is over: the stage that hears it is lost."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When one of `edge.speech.sound_classes.CLASSES` is told."""

    alert: str | None
    """The kind of alert; None: it is only a rival of others."""
    level: Level
    seconds: int
    """Judged seconds, half a second apart, of which the mean score counts."""
    threshold: float
    """Evidence 0..1 from which it is there."""
    rivals: tuple[str, ...] = ()
    """What it is mistaken for: their mean scores count against it."""


RULES: dict[str, Rule] = {
    "crying": Rule(DISTRESS, Level.WARNING, 5, 0.7, rivals=("laughter", "cat")),
    "screaming": Rule(DISTRESS, Level.WARNING, 3, 0.7, rivals=("laughter", "cat")),
    "coughing": Rule(COUGHING, Level.ADVISORY, 10, 0.8, rivals=("laughter",)),
    "breaking": Rule(BREAKING, Level.WARNING, 1, 0.8),
    "alarm": Rule(ALARM, Level.ADVISORY, 6, 0.85, rivals=("horn",)),
    "laughter": Rule(None, Level.NONE, 5, 0.5, rivals=("crying",)),
    "cat": Rule(None, Level.NONE, 5, 0.7),
    "horn": Rule(None, Level.NONE, 5, 0.7),
}
"""Crying, laughter, breaking and alarm: docs/evidence/audio_events.md shows each threshold with its neighbours, on the
half of the sources that chose none. For screams and coughs there were no recordings; theirs lie above the highest that
an utterance of an actor reaches (.54 and .03)."""


class UnusualSounds:
    """Windows of sound and judged seconds in; out the `Sound` of every half second with what is unusual about it."""

    def __init__(self) -> None:
        self._voices = DistressListener()
        self._heard: dict[str, deque[float]] = {name: deque(maxlen=rule.seconds) for name, rule in RULES.items()}
        self._since_s: dict[str, float] = {}
        self._told: dict[str, Anomaly] = {}
        self._last_s = 0.0

    def window(self, t_s: float, samples: Float32, probability: float) -> None:
        """Take 32 ms of sound that begin at `t_s`, with their probability of speech."""
        self._voices.window(t_s, samples, probability)

    def take(self) -> list[Sound]:
        """What has been heard since the last call."""
        return [self._judged(sound) for sound in self._voices.take()]

    def hear(self, judged: Iterable[HeardSound]) -> None:
        """Take in judged seconds; one that was too quiet to be judged holds nothing."""
        for heard in judged:
            self._hear(heard)

    @property
    def going(self) -> frozenset[str]:
        """The names of the sounds that are there now."""
        return frozenset(self._since_s)

    def evidence(self, name: str) -> float:
        """How much speaks for this sound now, 0..1: its mean score against its rivals' and a doubt.

        Where it must last, the highest score is left out: one second alone is a squeal, a horn or a slip of the net.
        """
        rule = RULES[name]
        total = sum(self._heard[name])
        score = (total - max(self._heard[name], default=0.0)) / (rule.seconds - 1) if rule.seconds > 1 else total
        against = sum(self._mean(rival, rule.seconds) for rival in rule.rivals)
        return score / (score + against + _DOUBT)

    def _hear(self, heard: HeardSound) -> None:
        if heard.t_s - self._last_s > _STALE_S:
            self._forget()
        self._last_s = heard.t_s
        for name, scores in self._heard.items():
            scores.append(heard.scores.get(name, 0.0))
        for name, rule in RULES.items():
            evidence = self.evidence(name)
            if evidence >= rule.threshold:
                lasted = sum(score >= _DOUBT for score in self._heard[name])
                self._since_s.setdefault(name, heard.t_s - lasted * HOP_S)
            elif evidence < _FADES * rule.threshold:
                self._since_s.pop(name, None)

    def _judged(self, sound: Sound) -> Sound:
        """`sound`, which tells what the voices' level and pitch say, with all that is unusual.

        Laughter takes loud and high voices out of distress; it takes nothing from crying or a scream that is heard.
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
        return replace(sound, unusual=(*found.values(), *over))

    def _over(self, t_s: float, alert: str) -> Anomaly:
        return Anomaly(t_s, alert, None, Level.NONE, self._told[alert].since_s)

    def _forget(self) -> None:
        self._since_s.clear()
        for scores in self._heard.values():
            scores.clear()

    def _mean(self, name: str, seconds: int) -> float:
        """Over the last so many judged seconds; those before the first hold nothing."""
        return sum(list(self._heard[name])[-seconds:]) / seconds


def _joined(voices: Anomaly, event: Anomaly | None) -> Anomaly:
    """Distress by the voices and by what is heard, as one."""
    if event is None:
        return voices
    evidence: Mapping[str, float] = {**voices.evidence, **event.evidence}
    return replace(
        voices,
        since_s=min(voices.since_s, event.since_s),
        causes=(*voices.causes, *event.causes),
        evidence=evidence,
    )
