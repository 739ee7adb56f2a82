"""The 42 gaze targets of Euro NCAP's calculator (`euroncap-rating-2026` 5.4.9, driver monitoring), as angles.

The sheet names places, not angles. They follow here from where the places lie in a cab with the wheel on the left, in
mm from between the driver's eyes (assumed, rounded to 50): ahead, to the left, down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Movement = Literal["owl", "lizard", "lean"]

_PLACES: dict[str, tuple[float, float, float]] = {
    "driver side window": (350, 600, 50),
    "driver side mirror": (600, 650, 150),
    "infotainment": (650, -400, 300),
    "passenger footwell": (900, -650, 750),
    "passenger face": (150, -700, 0),
    "passenger side window": (350, -1250, 50),
    "passenger side mirror": (700, -1250, 150),
    "rear view mirror": (450, -350, -100),
    "rear passenger": (-500, -600, 50),
    "glovebox": (700, -650, 450),
    "instrument cluster": (750, 0, 300),
    "phone on the dashboard outboard": (600, 300, 250),
    "driver knee outboard": (450, 200, 550),
    "driver lap": (300, 0, 550),
    "driver inboard": (450, -250, 550),
    "phone in its holder": (600, -300, 300),
    "phone on the wheel's centre": (450, 0, 350),
    "phone at 9 to 11 o'clock": (500, 200, 250),
    "phone in view of the windscreen": (500, -100, 100),
    "phone in view of the cluster": (550, 0, 250),
}
EYES_ACROSS_DEG, EYES_DOWN_DEG = 35.0, 45.0
"""No lizard turns the eyes further in the head; the head does the rest (assumed)."""
_HEAD_SHARE: dict[Movement, float] = {"owl": 0.85, "lizard": 0.15, "lean": 1.0}
"""Of the whole angle (assumed: the protocol says "mainly the head" and "mainly the eyes")."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where somebody looks, and how; yaw to the driver's left, pitch down, from straight ahead."""

    movement: Movement
    place: str

    @property
    def gaze_deg(self) -> tuple[float, float]:
        """Of head and eyes together."""
        ahead, left, down = _PLACES[self.place]
        return math.degrees(math.atan2(left, ahead)), math.degrees(math.atan2(down, math.hypot(ahead, left)))

    @property
    def head_deg(self) -> tuple[float, float]:
        """Of the head."""
        (yaw, pitch), share = self.gaze_deg, _HEAD_SHARE[self.movement]
        return _head(yaw, share, EYES_ACROSS_DEG), _head(pitch, share, EYES_DOWN_DEG)


def _head(gaze_deg: float, share: float, eyes_most_deg: float) -> float:
    rest = max(abs(gaze_deg) - eyes_most_deg, share * abs(gaze_deg))
    return math.copysign(rest, gaze_deg)


def _all(movement: Movement, *places: str) -> tuple[Target, ...]:
    return tuple(Target(movement, place) for place in places)


LONG = {
    "owl": _all(
        "owl", "driver side window", "infotainment", "passenger footwell", "passenger face", "passenger side window"
    ),
    "lizard": _all("lizard", "infotainment", "glovebox"),
    "body lean": _all("lean", "passenger footwell", "rear passenger"),
    "driving task": (
        *_all("owl", "driver side mirror", "rear view mirror", "passenger side mirror"),
        *_all("lizard", "driver side mirror", "instrument cluster", "rear view mirror"),
    ),
}
"""Long distraction. For driving tasks the calculator scores no warning, only an intervention of the vehicle."""
SHORT = {
    "not driving": (
        *_all("owl", "infotainment", "passenger footwell"),
        *_all("lizard", "infotainment", "passenger footwell"),
    ),
    "driving task": (
        *_all("owl", "driver side mirror", "rear view mirror", "passenger side mirror", "passenger side window"),
        *_all("lizard", "driver side window", "driver side mirror", "instrument cluster", "rear view mirror"),
    ),
}
"""Short distraction, one target each; the 42nd, several targets in turn, is made of the first of these."""
PHONE = {
    "basic owl": _all(
        "owl", "phone on the dashboard outboard", "driver knee outboard", "driver lap", "driver inboard",
        "phone in its holder",
    ),
    "basic lizard": _all(
        "lizard", "driver knee outboard", "driver lap", "driver inboard", "phone in its holder",
        "phone on the wheel's centre",
    ),
    "advanced lizard": _all(
        "lizard", "phone on the dashboard outboard", "phone at 9 to 11 o'clock", "phone in view of the windscreen",
        "phone in view of the cluster",
    ),
}  # fmt: skip
"""Use of a telephone."""
WARNED = (*LONG["owl"], *LONG["lizard"])
"""The seven long targets for which a warning is scored and the driver stays in the seat."""
