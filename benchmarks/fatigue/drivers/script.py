"""The events of a drive: movements of eyelids, head and mouth, and spells with hidden eyes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.messages import Reason

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Move:
    """From rest to `size` and back: there at `start_s`, leaving at `end_s`, eased over `in_s` and `out_s`."""

    start_s: float
    end_s: float
    size: float
    in_s: float = 0.3
    out_s: float = 0.3


@dataclass(frozen=True, slots=True)
class Spell:
    """Eyes that cannot be used, and why."""

    start_s: float
    end_s: float
    reason: Reason


@dataclass(slots=True)
class Script:
    """A whole drive, of `length_s`; `lids` of size 1 shut the eyes."""

    length_s: float
    lids: list[Move] = field(default_factory=list)
    pitch_deg: list[Move] = field(default_factory=list)
    yaw_deg: list[Move] = field(default_factory=list)
    eyes_deg: list[Move] = field(default_factory=list)
    """How far the eyes turn down in the head."""
    mouth: list[Move] = field(default_factory=list)
    smile: list[Move] = field(default_factory=list)
    noise: list[Move] = field(default_factory=list)
    glare: list[Move] = field(default_factory=list)
    hidden: list[Spell] = field(default_factory=list)

    def clear(self, start_s: float, end_s: float) -> None:
        """Take out every habit that touches this time: who sleeps checks no mirror."""
        for moves in (self.lids, self.pitch_deg, self.yaw_deg, self.eyes_deg, self.mouth, self.smile):
            moves[:] = [m for m in moves if m.end_s + m.out_s < start_s or m.start_s - m.in_s > end_s or _lasting(m)]

    def openness(self, t_s: Floats) -> Floats:
        """The true lids, 0 shut to 1 open; of several moves the one that shuts them most counts."""
        result = np.ones_like(t_s)
        for move in self.lids:
            part, bump = _bump(t_s, move)
            result[part] = np.minimum(result[part], 1 - move.size * bump)
        return result


def added(t_s: Floats, moves: list[Move]) -> Floats:
    """The moves on top of each other."""
    result = np.zeros_like(t_s)
    for move in moves:
        part, bump = _bump(t_s, move)
        result[part] += move.size * bump
    return result


def _lasting(move: Move) -> bool:
    return move.end_s - move.start_s > 60.0


def _bump(t_s: Floats, move: Move) -> tuple[slice, Floats]:
    first, last = np.searchsorted(t_s, (move.start_s - move.in_s, move.end_s + move.out_s))
    part = slice(int(first), int(last))
    inside = t_s[part]
    way = np.minimum(1 - (move.start_s - inside) / move.in_s, 1 - (inside - move.end_s) / move.out_s)
    return part, 0.5 - 0.5 * np.cos(np.pi * np.clip(way, 0.0, 1.0))
