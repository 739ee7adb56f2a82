"""What the box reports of itself and of a period: its sources, and the summary of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from edge.redact import redacted


@dataclass(frozen=True, slots=True)
class Source:
    """A source was lost or came back, or a stage is absent: what the box cannot see or hear right now."""

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
    """A drive by the vehicle's speed, as far as it is known at `t_s`; the last word on one `start_s` counts."""

    kind: ClassVar[str] = "trip"
    t_s: float
    start_s: float
    """Of the first movement."""
    end_s: float
    """Of the last movement so far."""
    distance_km: float | None
    """None where the speed was unknown for too much of it."""


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
    """Share of the period in which somebody's eyes could be judged."""
    group_ratio: float = 0.0
    """Share of the period in which a group of five or more could be judged."""
    group: Mapping[str, float] = field(default_factory=dict)
    """Means of the period's `Group` figures, by their names; empty without any."""
