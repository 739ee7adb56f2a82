"""Both eyes of one person together: openness, and which of them says something about sleep."""

from __future__ import annotations

from dataclasses import dataclass

from edge.fatigue.glance import SEEING
from edge.fatigue.own_eye import Look, OwnEye
from edge.messages import EyeReading, Face, Side

SHUT, OPEN = 0.3, 0.7
"""One eye below, the other above: they disagree."""
LOWERED = 0.5
"""Lids below this, without a gaze, follow it down: squints and laughter stay above 0.56 of the usual opening."""
KNOWN_S = 3.0
"""An eye seen for so long without having been shut, or open, may be one that cannot be."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a person's eyes in one picture."""

    openness: float
    contour: float
    """Openness by the lids' contour alone."""
    iris: float | None
    """Radius of the irises over the usual one, weighted mean; None while that is not known."""

    @property
    def lowered(self) -> bool:
        """Whether the lids are low over an eye that sees: where such an eye looks is not seen, but it is down."""
        return self.openness < LOWERED and self.iris is not None and self.iris >= SEEING


@dataclass(slots=True)
class _Known:
    """One eye, and what it has been seen to do."""

    eye: OwnEye
    first_s: float
    opened: bool = False
    shut: bool = False

    def take(self, t_s: float, reading: EyeReading) -> Look:
        look = self.eye.look(t_s, reading)
        self.opened |= look.openness > OPEN
        self.shut |= look.openness < SHUT
        return look

    def moves(self, t_s: float) -> bool:
        """Whether it may be an eye that opens and shuts; an artificial one never shuts, a patched one never opens."""
        return (self.opened and self.shut) or t_s - self.first_s < KNOWN_S


class OwnEyes:
    """One person's eyes. Lids move together, so where one eye never moves the other is judged alone."""

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._eyes: dict[Side, _Known] = {}

    @property
    def open(self) -> float:
        """The person's own opening, mean of the eyes that are known; the population's before."""
        known = [eye.eye.baseline.open for eye in self._eyes.values()]
        return sum(known) / len(known) if known else OwnEye(self._learn_s).baseline.open

    def look(self, face: Face) -> Seen | None:
        """Take in one picture; None where no eye can be judged."""
        if not face.usable or face.eye_opening is None:
            return None
        looks = {}
        for reading in face.eyes or (EyeReading("both", face.eye_opening),):
            known = self._eyes.setdefault(reading.side, _Known(OwnEye(self._learn_s), face.t_s))
            looks[reading.side] = known.take(face.t_s, reading)
        return _together([looks[side] for side in self._witnesses(face.t_s, looks)])

    def _witnesses(self, t_s: float, looks: dict[Side, Look]) -> list[Side]:
        """The eyes to judge by: both, but while they disagree not one that has never moved."""
        sides = list(looks)
        if len(sides) < 2:
            return sides
        low, high = sorted(sides, key=lambda side: looks[side].openness)
        if looks[low].openness >= SHUT or looks[high].openness <= OPEN:
            return sides
        moving = [side for side in sides if self._eyes[side].moves(t_s)]
        return moving or sides


def _together(looks: list[Look]) -> Seen:
    total = sum(look.weight for look in looks)
    openness, contour = (
        sum(look.weight * value for look, value in zip(looks, values, strict=True)) / total
        for values in ([look.openness for look in looks], [look.contour for look in looks])
    )
    irises = [(look.weight, look.iris) for look in looks if look.iris is not None]
    seen = sum(weight for weight, _ in irises)
    return Seen(openness, contour, sum(weight * iris for weight, iris in irises) / seen if irises else None)
