"""The current state of the box and the driver, from the newest messages of a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edge.dashboard.data.events import Incident
from edge.messages import Affect, Attention, Face, Fatigue, Group, Message, Source

_Kind = TypeVar("_Kind", bound=Message)

FRESH_S = 3.0
"""Fatigue is reported once a second and committed at least every 2 s. An older report is about a person who left."""


EYES_WINDOW_S = 180.0
"""Length of the chart of openness and PERCLOS: the longer window of PERCLOS."""


OUTPUTS = ("speaker", "gpio", "relay")
"""Sources that warn in the cab."""
NO_OUTPUT = "warning"
"""This source is absent if no warning output is configured."""


@dataclass(frozen=True, slots=True)
class EyeSample:
    """Eyes of the shown person in one second; None is unknown."""

    t_s: float
    openness: float | None
    perclos_60: float | None


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The box and the gravest person in view; times are Unix seconds, None is unknown."""

    written_s: float | None
    """When the newest record was made; None: the timeline is empty."""
    fatigue: Fatigue | None = None
    """Report of the person with the gravest level; None if the purpose forbids it or no report is fresh."""
    face: Face | None = None
    """The newest record of that person's face."""
    attention: Attention | None = None
    affect: Affect | None = None
    group: Group | None = None
    missing: tuple[Source, ...] = ()
    outputs: tuple[Source, ...] = ()
    """State of each warning output; empty if none was reported."""
    incidents: tuple[Incident, ...] = ()
    """The newest first."""
    eye_samples: tuple[EyeSample, ...] = ()
    """The person's last `EYES_WINDOW_S`, one sample a second."""
    since_s: float | None = None
    """When the current level began, as far back as the query looks."""

    def age_s(self, now_s: float) -> float | None:
        """Age of the newest record; 0 if the clock was set back."""
        return None if self.written_s is None else max(0.0, now_s - self.written_s)


def gravest(reports: Iterable[Fatigue]) -> Fatigue | None:
    """The newest report of the person with the highest level, then PERCLOS; reports without a person come last."""
    newest: dict[int | None, Fatigue] = {}
    for report in sorted(reports, key=lambda item: item.t_s):
        newest[report.track] = report
    return max(newest.values(), key=_gravity, default=None)


def _gravity(report: Fatigue) -> tuple[bool, int, float, float]:
    return (report.track is not None, report.level, report.perclos_60 or 0.0, report.t_s)


def missing(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Sources that are lost or absent now."""
    return tuple(source for source in _newest_of_each(sources) if source.state != "ok")


def outputs(sources: Iterable[Source]) -> tuple[Source, ...]:
    """The newest state of each warning output, or of their absence."""
    return tuple(source for source in _newest_of_each(sources) if source.source in {*OUTPUTS, NO_OUTPUT})


def _newest_of_each(sources: Iterable[Source]) -> Iterable[Source]:
    newest: Mapping[str, Source] = {source.source: source for source in sorted(sources, key=lambda item: item.t_s)}
    return newest.values()


def newest(messages: Iterable[_Kind]) -> _Kind | None:
    """The newest message; None without messages."""
    return max(messages, key=lambda message: message.t_s, default=None)


def eye_samples(faces: Iterable[Face], reports: Iterable[Fatigue]) -> tuple[EyeSample, ...]:
    """One sample for each second with a face or a report."""
    openness = {int(face.t_s): face.openness for face in faces}
    perclos = {int(report.t_s): report.perclos_60 for report in reports}
    return tuple(EyeSample(float(t), openness.get(t), perclos.get(t)) for t in sorted({*openness, *perclos}))
