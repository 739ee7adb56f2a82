"""The affect stage: affect of utterances and of windows without speech, and the mood of each person.

A mood is the person's scores smoothed over time, in which a jump stays a jump. Change detection watches it for a
lasting fall.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edge.affect.change_detection import MOOD_SHIFT, ChangeDetection
from edge.affect.face_memory import FaceMemory, FaceWindow, ObservedFace
from edge.affect.fusion import Fused, ModalityScore, emotion, fuse, polarity
from edge.affect.fusion_model import FusionModel, UtteranceFeatures, utterance_features
from edge.affect.group_window import GroupWindow, MinimumGroup
from edge.config.decision import AffectConfig
from edge.config.purpose import ALLOWANCES, Allowance, Purpose
from edge.messages import Affect, Anomaly, Face, Group, Sound, Transcript, Utterance
from edge.speech.prosody import Prosody
from edge.text.sentiment import Sentiment

_LASTS_S = 60.0
"""Time constant of the smoothing, in time seen."""
_FIRST_SPREAD = 0.15
"""Assumed spread of a score around its mean before it is known."""
_LEAST_SPREAD = 0.05
_JUMP = 3.0
"""Spreads from the mood from which a score is a jump, when the next one confirms it: 0.3 % of normal scores."""
_SPREAD_OF_MEAN = 1.2533
"""Standard deviation of normal data over its mean absolute deviation."""
_WHOLE = 0.9
"""Share of an interval that counts as one: windows begin with the first frame after the end of the last one."""
_FORGET_S = 300.0
"""A person unseen for this long comes back as a new person."""
_AT_ONCE = 6.0
"""Spreads from which a score is a jump without confirmation."""
_LEAST_WINDOW = 0.5
"""Share of its length from which a window counts if speech or the end of the run cuts it off."""


class Mood:
    """Exponential smoothing with a change detector; time without a score changes nothing."""

    def __init__(self) -> None:
        self._level: float | None = None
        self._spread = _FIRST_SPREAD
        self._doubted: float | None = None

    def step(self, length_s: float, score: float, confidence: float) -> float:
        """Add a score of a stretch of `length_s`, weighted by its `confidence`; return the mood."""
        if self._level is None:
            self._level = score
            return score
        off = score - self._level
        far = abs(off) / self._spread
        confirmed = self._doubted is not None and self._doubted * off > 0
        if far >= _AT_ONCE or (far >= _JUMP and confirmed):
            self._level, self._doubted = score, None
            return self._level
        self._doubted = off if far >= _JUMP else None
        share = 1 - math.exp(-length_s * confidence / _LASTS_S)
        self._level += share * off
        off = _SPREAD_OF_MEAN * min(abs(off), _JUMP * self._spread)
        self._spread = max(self._spread + share * (off - self._spread), _LEAST_SPREAD)
        return self._level


@dataclass(slots=True)
class _Person:
    """One person's mood and the scores of the current interval."""

    mood: Mood
    start_s: float
    seen_s: float
    weight: float = 0.0
    sum: float = 0.0


class Moods:
    """The mood of each known person; scores of unknown persons do not enter a mood."""

    def __init__(self, watch: ChangeDetection | None, interval_s: float) -> None:
        """`watch`, if moods may be watched, gets one mean score every `interval_s`."""
        self._watch, self._interval_s = watch, interval_s
        self._people: dict[int, _Person] = {}

    def join(self, affect: Affect) -> Affect:
        """Add one affect; return it with the person's mood."""
        for track in [track for track, person in self._people.items() if affect.t_s - person.seen_s > _FORGET_S]:
            del self._people[track]
        if affect.track is None:
            return affect
        person = self._people.setdefault(affect.track, _Person(Mood(), affect.start_s, affect.t_s))
        length_s = affect.end_s - affect.start_s
        weight = length_s * affect.confidence
        person.seen_s = affect.t_s
        person.weight, person.sum = person.weight + weight, person.sum + weight * affect.score
        if affect.end_s - person.start_s >= _WHOLE * self._interval_s and person.weight > 0:
            if self._watch:
                self._watch.observe(MOOD_SHIFT, affect.track, affect.t_s, person.sum / person.weight)
            person.start_s, person.weight, person.sum = affect.end_s, 0.0, 0.0
        return replace(affect, mood=person.mood.step(length_s, affect.score, affect.confidence))


class AffectMonitor:
    """Faces and transcribed utterances in, `Affect` out.

    An utterance belongs to the track whose mouth clearly moved most while it was heard. Where that is not clear (no
    mouth moves, or several do) it has no track, and its vision is the mean of all faces.
    """

    def __init__(
        self,
        config: AffectConfig,
        fusion: FusionModel | None = None,
        features: Callable[[UtteranceFeatures], None] | None = None,
        allowance: Allowance = ALLOWANCES[Purpose.RESEARCH],
    ) -> None:
        """With `fusion` a trained model scores the utterances; `features` is called with the features of each of them.

        Results that `allowance` does not permit are not inferred: neither moods nor anomalies. If it permits no results
        per person, only frames with at least five readable faces are used.
        """
        self._infers_moods = "affect" in allowance.kinds
        self._window_s = config.window_s
        self._fusion, self._features = fusion, features
        self._faces = FaceMemory(whole=fusion is not None or features is not None)
        self._start_s: float | None = None
        self._window = FaceWindow()
        self._now_s = 0.0
        self._minimum_group = None if allowance.per_person else MinimumGroup()
        self._watch = ChangeDetection(config.alerts_per_hour, config.window_s)
        self._group_window = GroupWindow(config.window_s, allowance, self._watch)
        self._moods = Moods(self._watch if MOOD_SHIFT in allowance.alerts else None, config.window_s)

    def sound(self, sound: Sound) -> None:
        """Add the loudness of half a second."""
        self._group_window.sound(sound)

    def anomalies(self, t_s: float) -> list[Anomaly]:
        """What is unusual at `t_s`: each once a second, and once when it is over."""
        return self._watch.due(t_s)

    def observe(self, face: Face, speaking: bool) -> list[Affect | Group]:
        """Add one face; return the windows that ended with it: one per readable track, and the group's."""
        done: list[Affect | Group] = []
        for item in [face] if self._minimum_group is None else self._minimum_group.step(face):
            seen = self._faces.see(item)
            self._now_s = max(self._now_s, item.t_s)
            done += [*self._group_window.step(seen), *(self._observe(seen, speaking) if self._infers_moods else [])]
        return done

    def _observe(self, seen: ObservedFace, speaking: bool) -> list[Affect]:
        done: list[Affect] = []
        if speaking:
            return self._break_off(seen.t_s)
        if self._start_s is not None and seen.t_s >= self._start_s + self._window_s:
            done = self._close(self._start_s + self._window_s)
        if self._start_s is None:
            self._start_s = seen.t_s
        self._window.add(seen)
        return done

    def utterance(
        self,
        utterance: Utterance,
        transcript: Transcript | None,
        sentiment: Sentiment | None,
        prosody: Prosody | None,
    ) -> list[Affect]:
        """Add one transcribed utterance, at any delay; return its affect, or nothing if no modality is present."""
        if not self._infers_moods:
            return []
        stretch = self._faces.between(utterance.start_s, utterance.end_s)
        track, vision = _seen_speaking(stretch)
        certainty = transcript.confidence if transcript is not None else 1.0
        evidence = {
            "text": None if sentiment is None else ModalityScore(sentiment.score, certainty * sentiment.weight),
            "audio": None
            if prosody is None or prosody.score is None
            else ModalityScore(prosody.score, prosody.confidence),
            "vision": vision,
        }
        fused = self._judge(utterance, stretch, sentiment, prosody, evidence)
        if fused is None:
            return []
        t_s = max(self._now_s, utterance.end_s)
        affect = _affect(t_s, utterance.start_s, utterance.end_s, fused, track)
        if prosody is not None and prosody.arousal is not None:
            affect = replace(affect, arousal=prosody.arousal, arousal_confidence=prosody.certainty)
        return [self._moods.join(affect)]

    def retune(self, alerts_per_hour: float) -> None:
        """Report changes more or less easily from now on; the baselines stay."""
        self._watch.retune(alerts_per_hour)

    def finish(self, t_s: float) -> list[Affect]:
        """End the run: the window that was still open, if it is long enough to count."""
        return self._break_off(t_s)

    def _judge(
        self,
        utterance: Utterance,
        stretch: FaceWindow,
        sentiment: Sentiment | None,
        prosody: Prosody | None,
        evidence: Mapping[str, ModalityScore | None],
    ) -> Fused | None:
        if self._fusion is None and self._features is None:
            return fuse(evidence)
        features = utterance_features(utterance, sentiment, prosody, stretch.subject(), stretch.frames)
        if self._features:
            self._features(features)
        return self._fusion.fuse(features, evidence) if self._fusion else fuse(evidence)

    def _break_off(self, t_s: float) -> list[Affect]:
        if self._start_s is not None and t_s >= self._start_s + _LEAST_WINDOW * self._window_s:
            return self._close(min(t_s, self._start_s + self._window_s))
        self._start_s, self._window = None, FaceWindow()
        return []

    def _close(self, end_s: float) -> list[Affect]:
        """The affect of each track in the window, which ends here."""
        start_s, window = self._start_s, self._window
        assert start_s is not None
        self._start_s, self._window = None, FaceWindow()
        fused = {track: fuse({"vision": evidence}) for track, evidence in window.evidence().items()}
        return [
            self._moods.join(_affect(self._now_s, start_s, end_s, item, track))
            for track, item in fused.items()
            if item is not None
        ]


def _seen_speaking(stretch: FaceWindow) -> tuple[int | None, ModalityScore | None]:
    """The speaker's track and the score of that face; if the speaker is not clear, None and the mean of all faces."""
    evidence = stretch.evidence()
    speaker = stretch.speaker()
    if speaker is not None:
        return speaker, evidence.get(speaker)
    if not evidence:
        return None, None
    items = evidence.values()
    count = len(evidence)
    return None, ModalityScore(sum(item.score for item in items) / count, sum(item.quality for item in items) / count)


def _affect(t_s: float, start_s: float, end_s: float, fused: Fused, track: int | None) -> Affect:
    return Affect(
        t_s=t_s,
        start_s=start_s,
        end_s=end_s,
        score=fused.score,
        emotion=emotion(fused.score).en,
        polarity=polarity(fused.score).en,
        modalities=fused.modalities,
        confidence=fused.confidence,
        track=track,
    )
