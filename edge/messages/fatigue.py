"""Events of eyes, mouth and head of one person, and the fatigue and attention derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from edge.messages.alerts import Level

ClosureClass = Literal["blink", "long", "microsleep", "sleep"]


@dataclass(frozen=True, slots=True)
class Blink:
    """A closure short enough to be an ordinary blink, measured on the lid's curve."""

    kind: ClassVar[str] = "blink"
    t_s: float
    track: int
    start_s: float
    end_s: float
    duration_ms: float
    amplitude: float
    opening_velocity: float
    """Openness per second while the lid rises."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Any interval of closed eyes, by class."""

    kind: ClassVar[str] = "closure"
    t_s: float
    track: int
    start_s: float
    end_s: float
    class_: ClosureClass


@dataclass(frozen=True, slots=True)
class Yawn:
    """One yawn."""

    kind: ClassVar[str] = "yawn"
    t_s: float
    track: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Nod:
    """One sinking and jerking back of the head."""

    kind: ClassVar[str] = "nod"
    t_s: float
    track: int
    start_s: float
    end_s: float


def known_level(level: Level, valid_ratio: float, unknown: str | None) -> Level | None:
    """The level that these fields of a report claim; None where it is NONE only because nothing could be judged."""
    return None if level is Level.NONE and (unknown is not None or valid_ratio == 0) else level


@dataclass(frozen=True, slots=True)
class Fatigue:
    """The state of one person, once a second."""

    kind: ClassVar[str] = "fatigue"
    t_s: float
    track: int | None
    level: Level
    perclos_60: float | None
    """Share of valid time in the last 60 s with the lids down, slow closures only; None below the least valid share."""
    perclos_180: float | None
    valid_ratio: float
    """Share of the last 60 s in which the eyes could be judged."""
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    unknown: str | None = None
    """Why no eyes were judged in the last seconds (a `Reason`, or `baseline`); None: they were. Level NONE then claims
    nothing."""
    judged_s: float | None = None
    """Time since this person's last report in which the lids could be judged; None: not counted (older records)."""

    @property
    def known_level(self) -> Level | None:
        """The level; None where it is NONE only because nothing could be judged. A raised one stands until it ends."""
        return known_level(self.level, self.valid_ratio, self.unknown)


@dataclass(frozen=True, slots=True)
class Attention:
    """Where one person looks, once a second and at changes; angles are relative to the learned straight ahead."""

    kind: ClassVar[str] = "attention"
    t_s: float
    track: int | None
    level: Level
    causes: tuple[str, ...] = ()
    away: bool = False
    """Whether the look is away in this frame."""
    away_s: float = 0.0
    """Length of the current look away."""
    away_30_s: float = 0.0
    """Time away in the last 30 s, since the eyes were last on the road for long enough."""
    yaw_deg: float | None = None
    """Of the head."""
    pitch_deg: float | None = None
    gaze_yaw_deg: float | None = None
    """Of the eyes' look, the head's turn included; None when unknown."""
    gaze_pitch_deg: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
