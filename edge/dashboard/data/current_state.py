"""What is known right now, from a timeline's newest messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edge.dashboard.data.events import Incident
from edge.messages import Affect, Attention, Face, Fatigue, Group, Message, Source

_Kind = TypeVar("_Kind", bound=Message)

FRESH_S = 3.0
"""Fatigue comes once a second and is committed at least every 2 s: what is older than this before the newest record
is about somebody who is gone."""


EYES_WINDOW_S = 180.0
"""How far back the strip of openness and PERCLOS goes: the longer window of PERCLOS."""


OUTPUTS = ("speaker", "gpio", "relay")
"""The sources that warn in the cab."""
NO_OUTPUT = "warning"
"""The source that is absent where nothing is there to warn with."""


@dataclass(frozen=True, slots=True)
class EyeSample:
    """Eyes of the shown person at one second; None is unknown."""

    t_s: float
    openness: float | None
    perclos_60: float | None


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The box and the gravest person in view; times are Unix seconds, None is unknown."""

    written_s: float | None
    """When the newest record was made; None: the timeline is empty."""
    fatigue: Fatigue | None = None
    """The gravest person's; None where the purpose allows none, or nothing is fresh."""
    face: Face | None = None
    """The newest record of that person's face."""
    attention: Attention | None = None
    affect: Affect | None = None
    group: Group | None = None
    missing: tuple[Source, ...] = ()
    outputs: tuple[Source, ...] = ()
    """How each is that warns in the cab; empty where nothing was ever said of one."""
    incidents: tuple[Incident, ...] = ()
    """The newest first."""
    eye_samples: tuple[EyeSample, ...] = ()
    """That person's last `EYES_WINDOW_S`, one moment a second."""
    since_s: float | None = None
    """When the level that holds now began, as far back as it was looked for."""

    def age_s(self, now_s: float) -> float | None:
        """How long ago the newest record was made; a clock that was set back counts as no time."""
        return None if self.written_s is None else max(0.0, now_s - self.written_s)


def gravest(reports: Iterable[Fatigue]) -> Fatigue | None:
    """Of the newest report of each person, the one with the highest level, then PERCLOS; nobody counts last."""
    newest: dict[int | None, Fatigue] = {}
    for report in sorted(reports, key=lambda item: item.t_s):
        newest[report.track] = report
    return max(newest.values(), key=_gravity, default=None)


def _gravity(report: Fatigue) -> tuple[bool, int, float, float]:
    return (report.track is not None, report.level, report.perclos_60 or 0.0, report.t_s)


def missing(sources: Iterable[Source]) -> tuple[Source, ...]:
    """What is lost or absent now: the newest word on each source, unless it is ok."""
    return tuple(source for source in _newest_of_each(sources) if source.state != "ok")


def outputs(sources: Iterable[Source]) -> tuple[Source, ...]:
    """The newest word on each of what warns in the cab, or on there being none."""
    return tuple(source for source in _newest_of_each(sources) if source.source in {*OUTPUTS, NO_OUTPUT})


def _newest_of_each(sources: Iterable[Source]) -> Iterable[Source]:
    newest: Mapping[str, Source] = {source.source: source for source in sorted(sources, key=lambda item: item.t_s)}
    return newest.values()


def newest(messages: Iterable[_Kind]) -> _Kind | None:
    """The last one told; None when there is none."""
    return max(messages, key=lambda message: message.t_s, default=None)


def eye_samples(faces: Iterable[Face], reports: Iterable[Fatigue]) -> tuple[EyeSample, ...]:
    """One moment for each second in which one of the two is on record."""
    openness = {int(face.t_s): face.openness for face in faces}
    perclos = {int(report.t_s): report.perclos_60 for report in reports}
    return tuple(EyeSample(float(t), openness.get(t), perclos.get(t)) for t in sorted({*openness, *perclos}))
