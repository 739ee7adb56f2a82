"""The simulated population: each number gives one driver, one drive, and the true state of the eyelids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.fatigue.drivers import habits
from benchmarks.fatigue.drivers.frame_loss import Loss
from benchmarks.fatigue.drivers.people import Person, Rng, draw
from benchmarks.fatigue.drivers.script import Floats, Script

Kind = Literal["alert", "nodding", "sinking"]

MIX: tuple[tuple[Kind, float, float], ...] = (("alert", 0.25, 240.0), ("nodding", 0.65, 75.0), ("sinking", 0.10, 300.0))
"""Kinds of drive with their share and length in s. Alert: nothing may be said. Nodding: wide awake but for microsleeps.
Sinking: a slow drift into sleep from the first minute to the fourth, then microsleeps."""
RATES_FPS = (15.0, 8.0, 15.0, 8.0, 30.0)
LOSSES = (
    *(Loss(0.0),) * 3,
    *(Loss(0.2),) * 2,
    *(Loss(0.4),) * 3,
    Loss(0.2, bursts=True),
    Loss(0.4, bursts=True),
)
"""Drawn from with equal chances; what stands more than once is commoner."""

_TRUTH_HZ = 200.0
CLOSED = 0.30
"""Lids opened less than this share of their own are shut."""
_MICROSLEEP_S = 1.5
_SLOW_S = 0.25


@dataclass(frozen=True, slots=True)
class Drive:
    """A driver on the road."""

    number: int
    kind: Kind
    person: Person
    script: Script
    fps: float
    loss: Loss
    rng: Rng
    """Goes on with the noise."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the lids really did, seen at 200 Hz."""

    microsleeps: tuple[tuple[float, float], ...]
    """From when until when the lids were below 0.3 of their own opening, for 1.5 s or longer."""
    drowsy_from_s: float | None
    """When slow closures first filled 15 % of a minute and 10 % of three (PERCLOS, with all of the time seen)."""


def drive(number: int, seed: int) -> Drive:
    """Draw driver `number` of the population `seed`; the same pair gives the same drive."""
    rng = np.random.default_rng((seed, number))
    index = int(rng.choice(len(MIX), p=[share for _, share, _ in MIX]))
    kind, _, length_s = MIX[index]
    fps, loss = RATES_FPS[rng.integers(len(RATES_FPS))], LOSSES[rng.integers(len(LOSSES))]
    person, script, top = draw(rng), Script(length_s), rng.uniform(0.7, 1.0)

    def drowsy(t_s: float) -> float:
        return {"alert": 0.0, "nodding": 0.4, "sinking": top * min(max((t_s - 60) / 180, 0.0), 1.0)}[kind]

    habits.look_around(script, rng)
    habits.use_the_mouth(script, person, rng, drowsy)
    habits.suffer_the_road(script, person, rng)
    if kind != "alert":
        habits.grow_heavy(script, rng, drowsy)
    habits.blink(script, person, rng, drowsy)
    if kind != "alert":
        habits.fall_asleep(script, rng, *((8.0, 16.0) if kind == "nodding" else (240.0, 20.0)))
    return Drive(number, kind, person, script, fps, loss, rng)


def truth(script: Script) -> Truth:
    """Look at the lids themselves."""
    t_s = np.arange(0, script.length_s, 1 / _TRUTH_HZ)
    shut = np.concatenate([[0], (script.openness(t_s) < CLOSED).astype(int), [0]])
    starts, ends = (np.flatnonzero(np.diff(shut) == step) / _TRUTH_HZ for step in (1, -1))
    runs = [(float(a), float(b)) for a, b in zip(starts, ends, strict=True)]
    return Truth(
        tuple((a, b) for a, b in runs if b - a >= _MICROSLEEP_S and b < script.length_s),
        _drowsy_from([(a, b) for a, b in runs if b - a >= _SLOW_S], script.length_s),
    )


def _drowsy_from(runs: list[tuple[float, float]], length_s: float) -> float | None:
    seconds: Floats = np.arange(0.0, length_s + 1)
    closed = sum((np.clip(seconds - a, 0, b - a) for a, b in runs), np.zeros_like(seconds))
    short, long = (closed - np.interp(seconds - window, seconds, closed) for window in (60.0, 180.0))
    enough = (short / np.clip(seconds, 30, 60) >= 0.15) & (long / np.clip(seconds, 90, 180) >= 0.10) & (seconds >= 90)
    return float(seconds[enough.argmax()]) if enough.any() else None
