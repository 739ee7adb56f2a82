"""Levels, anomalies, alerts, and the warnings that sounded in the cab."""

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
    """The person that it is about; None for a group and for a room."""
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
    """What it is based on; its `track` is the person that it is about."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A signal began or ended at an output in the cab."""

    kind: ClassVar[str] = "warned"
    t_s: float
    """When its first sample was given to the device, or the output was switched."""
    output: Literal["speaker", "gpio", "relay"]
    signal: str
    """A signal of `edge.warning.signals`; of a switched output the level that it shows."""
    type: Literal["begin", "end"]
    alert: str = ""
    """Id of its alert; empty for the chime at the start."""
    times: int = 0
    """How often it had sounded when it ended."""
