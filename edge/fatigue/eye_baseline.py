"""The eye baseline: openness of a person's eyes, measured against the same eyes when they are open.

Each eye has its own baseline of lid contour, eye net and iris. Both eyes together give one openness per frame.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

from edge.fatigue.closures import SEEING
from edge.messages import EyeReading, Face, Side
from edge.vision.geometry import OPEN_GAP as OPEN_PRIOR
from edge.vision.geometry import SHUT_GAP as CLOSED

FLOOR_SHARE = 0.7
"""Lowest baseline, as a share of `OPEN_PRIOR`: a person who starts half asleep must not count as wide awake. The
narrowest open eyes of the 14 people measured are at 0.76."""
CEILING_SHARE = 1.6
"""Highest baseline, as a share of `OPEN_PRIOR`: a wider one is a wrong contour."""
PROVISIONAL_S = 3.0
"""Usable time after which the person's baseline counts more than the population's."""
SAMPLE_S = 0.1
"""Spacing of the samples, so that every frame rate weighs time alike."""
IRIS_PRIOR = 0.21
"""`EyeReading.iris_radius` of open eyes: median of 30 people, from 0.17 to 0.23."""
LEARNED_S = 0.5
"""After this time the values usual for this eye count more than those usual for the population."""
SURE = 0.7
"""From this openness by the contour alone, the eye is open and shows its usual values."""
USUAL_S = 60.0
"""Usual values come from this much time with a surely open eye."""
USUAL_SHARE = 0.3
"""Quantile of the net's usual share, which is exceeded in 70 % of that time: it varies more below than above."""
LEAST_SHARE = 0.2
"""Lowest usual share: the net gives shut eyes at most 0.2 (97th percentile of shut eyes in clips)."""
TRUSTED_SHARE = 0.5
"""While the net gives at least this part of its usual share, the contour alone counts: it follows half-shut lids
better."""
DOUBTED, CERTAIN = 0.56, 0.88
"""Openness by the contour: below the first the net counts fully, from the second on it does not count. In
infra-red-like frames the contour leaves shut eyes up to 0.56 open. Eyes that are wide open by the contour are not shut
for the net."""
SHUT, OPEN = 0.3, 0.7
"""One eye below, the other above: they disagree."""
LOWERED = 0.5
"""Lids below this, without a gaze, follow the gaze down: squints and laughter stay above 0.56 of the usual opening."""
KNOWN_S = 3.0
"""An eye that was seen for this long without being shut (or open) may be unable to shut (or open)."""


class OpeningBaseline:
    """The median of the upper half of the openings seen so far; frozen after `learn_s` of usable time.

    Afterwards it may rise but not fall: each further `learn_s` of usable time with wider eyes raises it.
    """

    def __init__(self, learn_s: float) -> None:
        self._enough = round(learn_s / SAMPLE_S)
        self._samples: list[float] = []
        self._last_s = float("-inf")
        self.open = OPEN_PRIOR
        self.frozen = False

    def observe(self, t_s: float, opening: float) -> None:
        """Learn from one usable frame; `opening` is lid aperture over eye width."""
        if t_s - self._last_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        self._samples.append(opening)
        count = len(self._samples)
        if not self.frozen and count >= PROVISIONAL_S / SAMPLE_S and count % round(1 / SAMPLE_S) == 0:
            self.open = self._estimate()
        if count >= self._enough:
            estimate = self._estimate()
            self.open = max(self.open, estimate) if self.frozen else estimate
            self.frozen = True
            self._samples.clear()

    def openness(self, opening: float) -> float:
        """Return 0 for closed to 1 for the person's open eye."""
        return min(max((opening - CLOSED) / (self.open - CLOSED), 0.0), 1.0)

    def _estimate(self) -> float:
        upper = sorted(self._samples)[len(self._samples) // 2 :]
        opening = statistics.median(upper)
        return min(max(opening, FLOOR_SHARE * OPEN_PRIOR), CEILING_SHARE * OPEN_PRIOR)


@dataclass(frozen=True, slots=True)
class EyeOpenness:
    """Openness of one eye in one frame."""

    openness: float
    contour: float
    """Openness by the contour alone."""
    weight: float
    iris: float | None
    """Radius of the iris over the usual one; None while that is not known."""


class EyeBaseline:
    """Learns the values of one eye of one person while it is open."""

    def __init__(self, learn_s: float) -> None:
        self.baseline = OpeningBaseline(learn_s)
        self._shares = _Usual(USUAL_SHARE)
        self._radii = _Usual(0.5)

    def look(self, t_s: float, reading: EyeReading) -> EyeOpenness:
        """Add one usable reading."""
        self.baseline.observe(t_s, reading.opening)
        contour = self.baseline.openness(reading.opening)
        if contour >= SURE:
            self._shares.observe(t_s, reading.open_share)
            self._radii.observe(t_s, reading.iris_radius)
        iris = None if reading.iris_radius is None else reading.iris_radius / (self._radii.value or IRIS_PRIOR)
        return EyeOpenness(self._openness(contour, reading.open_share), contour, reading.weight, iris)

    def _openness(self, contour: float, share: float | None) -> float:
        if share is None:
            return contour
        usual = 1.0 if self._shares.value is None else max(self._shares.value, LEAST_SHARE)
        trust = min(1.0, share / usual / TRUSTED_SHARE)
        alone = min(max((contour - DOUBTED) / (CERTAIN - DOUBTED), 0.0), 1.0)
        return contour * (trust + (1.0 - trust) * alone)


class _Usual:
    """A quantile of the last `USUAL_S` of samples; None before `LEARNED_S` of them."""

    def __init__(self, quantile: float) -> None:
        self._quantile = quantile
        self._samples: deque[float] = deque(maxlen=round(USUAL_S / SAMPLE_S))
        self._last_s = float("-inf")
        self._fresh = 0
        self.value: float | None = None

    def observe(self, t_s: float, value: float | None) -> None:
        if value is None or t_s - self._last_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        self._samples.append(value)
        self._fresh += 1
        if self._fresh >= 1 / SAMPLE_S and len(self._samples) >= LEARNED_S / SAMPLE_S:
            self._fresh = 0
            self.value = sorted(self._samples)[int(self._quantile * (len(self._samples) - 1))]


@dataclass(frozen=True, slots=True)
class EyesOpenness:
    """Openness of both eyes of a person in one frame."""

    openness: float
    contour: float
    """Openness by the lids' contour alone."""
    iris: float | None
    """Radius of the irises over the usual one, weighted mean; None while that is not known."""

    @property
    def lowered(self) -> bool:
        """Whether the lids are low over an eye that sees: its gaze is not measured, but it is down."""
        return self.openness < LOWERED and self.iris is not None and self.iris >= SEEING


@dataclass(slots=True)
class _Known:
    """One eye, and whether it has opened and shut."""

    eye: EyeBaseline
    first_s: float
    opened: bool = False
    shut: bool = False

    def take(self, t_s: float, reading: EyeReading) -> EyeOpenness:
        look = self.eye.look(t_s, reading)
        self.opened |= look.openness > OPEN
        self.shut |= look.openness < SHUT
        return look

    def moves(self, t_s: float) -> bool:
        """Whether it may be an eye that opens and shuts; an artificial eye never shuts, a covered one never opens."""
        return (self.opened and self.shut) or t_s - self.first_s < KNOWN_S


class EyePair:
    """One person's eyes. Lids move together, so if one eye never moves, the other is judged alone."""

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._eyes: dict[Side, _Known] = {}

    @property
    def open(self) -> float:
        """The person's baseline opening, mean of the known eyes; before, the population's."""
        known = [eye.eye.baseline.open for eye in self._eyes.values()]
        return sum(known) / len(known) if known else EyeBaseline(self._learn_s).baseline.open

    def look(self, face: Face) -> EyesOpenness | None:
        """Add one frame; None if no eye can be judged."""
        if not face.usable or face.eye_opening is None:
            return None
        looks = {}
        for reading in face.eyes or (EyeReading("both", face.eye_opening),):
            known = self._eyes.setdefault(reading.side, _Known(EyeBaseline(self._learn_s), face.t_s))
            looks[reading.side] = known.take(face.t_s, reading)
        return _together([looks[side] for side in self._sides_to_judge(face.t_s, looks)])

    def _sides_to_judge(self, t_s: float, looks: dict[Side, EyeOpenness]) -> list[Side]:
        """The eyes to judge by: both; while they disagree, without one that has never moved."""
        sides = list(looks)
        if len(sides) < 2:
            return sides
        low, high = sorted(sides, key=lambda side: looks[side].openness)
        if looks[low].openness >= SHUT or looks[high].openness <= OPEN:
            return sides
        moving = [side for side in sides if self._eyes[side].moves(t_s)]
        return moving or sides


def _together(looks: list[EyeOpenness]) -> EyesOpenness:
    total = sum(look.weight for look in looks)
    openness, contour = (
        sum(look.weight * value for look, value in zip(looks, values, strict=True)) / total
        for values in ([look.openness for look in looks], [look.contour for look in looks])
    )
    irises = [(look.weight, look.iris) for look in looks if look.iris is not None]
    seen = sum(weight for weight, _ in irises)
    return EyesOpenness(openness, contour, sum(weight * iris for weight, iris in irises) / seen if irises else None)
