"""Reports of the box: its sources and components, trips, and the summary of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from edge.redact import redacted


@dataclass(frozen=True, slots=True)
class Source:
    """A source or component was lost, has returned, or is absent."""

    kind: ClassVar[str] = "source"
    t_s: float
    source: str
    state: Literal["ok", "lost", "absent"]
    detail: str = ""
    """In words, without the passwords that an address may carry."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", redacted(self.detail))


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip by the vehicle's speed, as known at `t_s`; the last message of one `start_s` counts."""

    kind: ClassVar[str] = "trip"
    t_s: float
    start_s: float
    """Of the first movement."""
    end_s: float
    """Of the last movement so far."""
    distance_km: float | None
    """None if the speed was unknown for too much of it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened in a period."""

    kind: ClassVar[str] = "summary"
    t_s: float
    start_s: float
    end_s: float
    emotions: Mapping[str, float]
    score_mean: float | None
    perclos: float | None
    alerts: Mapping[str, int]
    valid_ratio: float
    """Share of the period in which a person's eyes could be judged."""
    group_ratio: float = 0.0
    """Share of the period in which a group of five or more could be judged."""
    group: Mapping[str, float] = field(default_factory=dict)
    """Means of the period's `Group` figures, by their names; empty without any."""
