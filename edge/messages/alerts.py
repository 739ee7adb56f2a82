"""How serious something is, what differs from its own normal, and the alerts that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Literal


class Level(IntEnum):
    """How serious a state or an alert is, in rising order."""

    NONE = 0
    ADVISORY = 1
    WARNING = 2
    CRITICAL = 3
    EMERGENCY = 4


AlertType = Literal["new", "update", "end"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What differs from its own normal at `t_s`, for the alerts; level NONE when that is over."""

    t_s: float
    alert: str
    """The kind of alert that it would raise (`edge.alerts.kinds`)."""
    track: int | None
    """The one person it is about; None for a group and for a room."""
    level: Level
    since_s: float
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One step in the life of one alert; `id` is the same from new to end."""

    kind: ClassVar[str] = "alert"
    t_s: float
    id: str
    type: AlertType
    alert: str
    level: Level
    start_s: float
    duration_s: float
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What it rests on; `track` in it names the one person it is about."""
