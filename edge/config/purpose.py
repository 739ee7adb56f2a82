"""Purposes: what a box may infer, store and publish, and the one filter that withholds the rest.

Regulation (EU) 2024/1689 Art. 5(1)(f) prohibits inferring emotions at work and in education except for medical or
safety reasons (since 2025-02-02); its recital 18 says that fatigue is a physical state, not an emotion.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum

from edge.messages import Alert, Face, Message, Summary, TripFigures


class Purpose(str, Enum):
    """The purpose of a box."""

    DRIVER_SAFETY = "driver-safety"
    CLASSROOM_WELLBEING = "classroom-wellbeing"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a purpose permits to leave the pipeline."""

    kinds: frozenset[str]
    """Message kinds that may be stored and published."""
    alerts: frozenset[str]
    """Kinds of alert that may be raised, stored and published."""
    words: bool
    """Whether transcripts may be stored or published."""
    person_emotions: bool
    """Whether the emotions of one person may be recorded: expressions of a face, a mood over time."""
    per_person: bool
    """Whether anything may refer to one person (a track)."""
    consent_needed: bool
    warns: bool
    """Whether the box may warn a person on the spot, with a sound or a lamp."""
    aims_alone: bool
    """Whether aiming may show the live picture only while the installer is alone before the camera."""


_EYES = frozenset({"face", "blink", "closure", "yawn", "nod", "fatigue", "attention"})
_EVENTS = frozenset({"alert", "summary", "source"})
_OF_ROOMS = frozenset({"source_lost", "distress", "breaking_sound", "alarm_sound"})
_OF_DRIVERS = _OF_ROOMS | {"microsleep", "drowsiness", "distraction", "cannot_see_driver", "coughing_fit"}
"""A coughing fit takes a driver's eyes off the road; in a classroom it would be health data of a person."""
_OF_GROUPS = _OF_ROOMS | {"group_mood", "agitation"}

ALLOWANCES: dict[Purpose, Allowance] = {
    Purpose.DRIVER_SAFETY: Allowance(
        _EYES | _EVENTS | {"speech", "trip", "warned"},
        alerts=_OF_DRIVERS,
        words=False,
        person_emotions=False,
        per_person=True,
        consent_needed=False,
        warns=True,
        aims_alone=True,
    ),
    Purpose.CLASSROOM_WELLBEING: Allowance(
        _EVENTS | {"group"},
        alerts=_OF_GROUPS,
        words=False,
        person_emotions=False,
        per_person=False,
        consent_needed=False,
        warns=False,
        aims_alone=True,
    ),
    Purpose.RESEARCH: Allowance(
        _EYES | _EVENTS | {"affect", "group", "speech", "transcript", "trip", "warned"},
        alerts=_OF_DRIVERS | _OF_GROUPS | {"mood_shift"},
        words=True,
        person_emotions=True,
        per_person=True,
        consent_needed=True,
        warns=True,
        aims_alone=False,
    ),
}
"""driver-safety permits fatigue and distress but no moods; classroom-wellbeing permits group values and safety events;
research permits everything and needs recorded consent."""

_EVIDENCE_OF_A_PERSON = frozenset({"track", "tracks", "box", "boxes"})
_EVIDENCE_IN_WORDS = frozenset({"text", "words", "transcript"})


def permitted(message: Message, allowance: Allowance) -> Message | None:
    """Return the part of `message` that may leave the pipeline: all of it, a reduced copy, or None.

    This is the only filter; it runs before every sink (JSONL, timeline, MQTT).
    """
    if message.kind not in allowance.kinds:
        return None
    if isinstance(message, Alert):
        return _alert(message, allowance)
    if isinstance(message, Face) and not allowance.person_emotions:
        return dataclasses.replace(message, expression=None)
    return _summary(message, allowance) if isinstance(message, Summary) else message


def _summary(summary: Summary, allowance: Allowance) -> Summary:
    """The summary without what the purpose forbids; where single persons are forbidden, validity is the group's."""
    summary = dataclasses.replace(summary, alerts={k: n for k, n in summary.alerts.items() if k in allowance.alerts})
    if "group" not in allowance.kinds:
        summary = dataclasses.replace(summary, group={})
    if not allowance.person_emotions:
        summary = dataclasses.replace(summary, emotions={}, score_mean=None)
    if not allowance.per_person:
        summary = dataclasses.replace(summary, perclos=None, valid_ratio=summary.group_ratio)
    return dataclasses.replace(summary, trip=_trip(summary.trip, allowance)) if summary.trip else summary


def _trip(trip: TripFigures, allowance: Allowance) -> TripFigures | None:
    """The figures of a trip, without alerts that the purpose forbids; None where trips are not recorded."""
    if "trip" not in allowance.kinds:
        return None
    alerts = {kind: count for kind, count in trip.alerts.items() if kind in allowance.alerts}
    return dataclasses.replace(trip, alerts=alerts, levels={kind: trip.levels[kind] for kind in alerts})


def _alert(alert: Alert, allowance: Allowance) -> Alert | None:
    about_one = alert.evidence.get("track") is not None
    if alert.alert not in allowance.alerts or (about_one and not allowance.per_person):
        return None
    withheld = (frozenset() if allowance.per_person else _EVIDENCE_OF_A_PERSON) | (
        frozenset() if allowance.words else _EVIDENCE_IN_WORDS
    )
    if withheld.isdisjoint(alert.evidence):
        return alert
    return dataclasses.replace(alert, evidence={k: v for k, v in alert.evidence.items() if k not in withheld})
