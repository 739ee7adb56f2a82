"""What belongs together: the steps of one alert, the words and mood of one utterance, the windows of a group."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence

from edge.dashboard.digest import GroupStep, Incident, UtteranceSummary
from edge.messages import Affect, Alert, Group, Transcript


def incidents(alerts: Iterable[Alert]) -> tuple[Incident, ...]:
    """Every alert once, in the order of its first message, with its gravest level and its last evidence."""
    found: dict[str, Incident] = {}
    for alert in alerts:
        add_alert_step(alert, found)
    return tuple(found.values())


def add_alert_step(alert: Alert, found: dict[str, Incident]) -> None:
    """Take one step of an alert into the incidents found so far."""
    known = found.get(alert.id)
    found[alert.id] = Incident(
        id=alert.id,
        alert=alert.alert,
        level=max(alert.level, known.level) if known else alert.level,
        start_s=alert.start_s,
        end_s=alert.t_s if alert.type == "end" else None,
        duration_s=alert.duration_s,
        evidence=alert.evidence,
    )


class GroupStepBuilder:
    """Groups in, their means in each step out: for drawing."""

    def __init__(self, width_s: float) -> None:
        self._width_s = width_s
        self._steps: dict[int, list[Group]] = defaultdict(list)

    def add(self, group: Group) -> None:
        """One window of a group."""
        self._steps[int(group.t_s // self._width_s)].append(group)

    def steps(self) -> tuple[GroupStep, ...]:
        """In order of time."""
        return tuple(
            GroupStep((number + 0.5) * self._width_s, *(_mean(groups, name) for name in _OF_GROUP))
            for number, groups in sorted(self._steps.items())
        )


_OF_GROUP = [field.name for field in dataclasses.fields(GroupStep)][1:]


def _mean(groups: list[Group], name: str) -> float | None:
    known = [value for group in groups if (value := getattr(group, name)) is not None]
    return sum(known) / len(known) if known else None


def utterance_summaries(affects: Sequence[Affect], transcripts: Sequence[Transcript]) -> tuple[UtteranceSummary, ...]:
    """Every utterance and window once, in order: what was made of one utterance bears its very start."""
    words = {transcript.start_s: transcript for transcript in transcripts}
    found = []
    for affect in affects:
        transcript = words.pop(affect.start_s, None)
        text = transcript.text or None if transcript else None
        found.append(
            UtteranceSummary(
                affect.start_s, affect.end_s, affect.score, affect.emotion, affect.polarity, text, affect.modalities
            )
        )
    found += [
        UtteranceSummary(item.start_s, item.end_s, None, None, None, item.text or None) for item in words.values()
    ]
    return tuple(sorted(found, key=lambda item: item.start_s))


def emotion_shares(affects: Sequence[Affect]) -> dict[str, float]:
    """Share of the judged time of each emotion, the most frequent first."""
    lengths_s: dict[str, float] = defaultdict(float)
    for affect in affects:
        lengths_s[affect.emotion] += affect.end_s - affect.start_s
    judged_s = sum(lengths_s.values())
    ranked = sorted(lengths_s.items(), key=lambda item: -item[1])
    return {word: length_s / judged_s for word, length_s in ranked} if judged_s else {}
