"""Writes the habits of alert and drowsy drivers into a script."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.fatigue.drivers.people import BLINK_MS, BLINK_SD_MS, DROWSY_BLINK_MS, Person, Rng
from benchmarks.fatigue.drivers.script import Move, Script, Spell
from edge.messages import Reason

Drowsiness = Callable[[float], float]
"""0 alert to 1 fighting sleep, by time."""

FALL_S, RISE_S = 0.08, 0.15
"""How long a lid takes to fall and to rise in a blink (assumed)."""
LID_PER_DEG = 0.0085
"""Lids follow the gaze down: 0.75 to 0.93 % of their opening a degree."""
_LOST_TO_EASING_S = 0.37 * (FALL_S + RISE_S)
"""Time with the lids below 0.3 while they fall and rise, at full depth."""


def moments(rng: Rng, per_min: float, length_s: float) -> np.ndarray:
    """Random times, `per_min` on average."""
    return np.sort(rng.uniform(0, length_s, rng.poisson(per_min * length_s / 60)))


def close(script: Script, at_s: float, for_s: float, depth: float = 1.0) -> None:
    """Shut the lids so that they are below 0.3 for about `for_s`."""
    quick = min(1.0, for_s / _LOST_TO_EASING_S)
    plateau_s = max(for_s - _LOST_TO_EASING_S, 0.0)
    script.lids.append(Move(at_s, at_s + plateau_s, depth, quick * FALL_S, quick * RISE_S))


def blink(script: Script, person: Person, rng: Rng, drowsy: Drowsiness) -> None:
    """Ordinary blinks, longer when drowsy; one of a hundred is long."""
    at_s, every_s = 0.0, 60.0 / person.blinks_per_min
    while (at_s := at_s + max(0.4, rng.gamma(3.0, every_s / 3.0))) < script.length_s:
        mean_ms = BLINK_MS + drowsy(at_s) * (DROWSY_BLINK_MS - BLINK_MS)
        spread = np.sqrt(np.log1p((BLINK_SD_MS / mean_ms) ** 2))
        for_ms = mean_ms * np.exp(rng.normal(-(spread**2) / 2, spread))
        long = rng.random() < 0.01
        close(script, at_s, rng.uniform(0.3, 0.5) if long else float(np.clip(for_ms, 40, 400)) / 1000)


def look_around(script: Script, rng: Rng) -> None:
    """Mirrors and instruments."""
    for at_s in moments(rng, 2.0, script.length_s):
        angle_deg = rng.uniform(20, 65) * rng.choice((-1, 1))
        script.yaw_deg.append(Move(at_s, at_s + rng.uniform(0.4, 1.3), angle_deg))
    for at_s in moments(rng, 1.5, script.length_s):
        angle_deg, end_s, head = rng.uniform(10, 30), at_s + rng.uniform(0.5, 2.0), rng.uniform(0.2, 0.6)
        script.pitch_deg.append(Move(at_s, end_s, head * angle_deg))
        script.eyes_deg.append(Move(at_s, end_s, (1 - head) * angle_deg))
        script.lids.append(Move(at_s, end_s, LID_PER_DEG * angle_deg))


def use_the_mouth(script: Script, person: Person, rng: Rng, drowsy: Drowsiness) -> None:
    """Talk, laugh and yawn."""
    if person.talks:
        for at_s in moments(rng, 1.0, script.length_s):
            for beat_s in np.arange(at_s, at_s + rng.uniform(5, 20), 1 / rng.uniform(3, 5)):
                script.mouth.append(Move(beat_s, beat_s + 0.05, rng.uniform(0.05, 0.43), 0.08, 0.1))
        for at_s in moments(rng, 1 / 3, script.length_s):
            end_s = at_s + rng.uniform(1, 4)
            script.lids.append(Move(at_s, end_s, 1 - rng.uniform(0.35, 0.70)))
            script.mouth.append(Move(at_s, end_s, rng.uniform(0.2, 0.5)))
            script.smile.append(Move(at_s, end_s, 0.9))
    for at_s in moments(rng, 1.0, script.length_s):
        if rng.random() < max(2 / 60, drowsy(at_s)):
            end_s = at_s + rng.uniform(2.5, 5.0)
            script.mouth.append(Move(at_s, end_s, rng.uniform(0.41, 0.70), 0.8, 0.8))
            script.lids.append(Move(at_s + 0.5, end_s, 1 - rng.uniform(0.35, 0.85), 0.8, 0.8))


def suffer_the_road(script: Script, person: Person, rng: Rng) -> None:
    """Sun, bumps, reflections, hands over the eyes, tunnels and sunglasses."""
    for at_s in moments(rng, 1 / 5, script.length_s):
        script.lids.append(Move(at_s, at_s + rng.uniform(5, 30), 1 - rng.uniform(0.5, 0.75), 0.5, 0.5))
    for at_s in moments(rng, 1 / 2, script.length_s):
        script.pitch_deg.append(Move(at_s, at_s + 0.05, rng.uniform(3, 8) * rng.choice((-1, 1)), 0.12, 0.2))
        script.noise.append(Move(at_s, at_s + 0.2, 4.0, 0.1, 0.2))
    for at_s in moments(rng, 1.0 if person.glasses else 0.0, script.length_s):
        script.glare.append(Move(at_s, at_s + rng.uniform(0.2, 1.5), rng.uniform(-0.05, 0.05), 0.1, 0.1))
    for at_s in moments(rng, 1 / 5, script.length_s):
        script.hidden.append(Spell(at_s, at_s + rng.uniform(0.5, 3), Reason.EYES_HIDDEN))
    for share, reason in ((0.08, Reason.DARK), (0.06, Reason.EYES_HIDDEN)):
        if rng.random() < share:
            at_s = rng.uniform(0, script.length_s)
            script.hidden.append(Spell(at_s, at_s + rng.uniform(5, 25), reason))


def grow_heavy(script: Script, rng: Rng, drowsy: Drowsiness) -> None:
    """Slow closures, and lids that droop; `drowsy` decides how often."""
    for at_s in moments(rng, 14.0, script.length_s):
        if rng.random() < drowsy(at_s) ** 2:
            close(script, at_s, float(np.clip(0.55 * np.exp(rng.normal(0, 0.4)), 0.25, 1.35)))
    heaviest_s = script.length_s
    ramp_s = next((t for t in np.arange(0, heaviest_s, 1.0) if drowsy(t) > 0), heaviest_s)
    script.lids.append(Move(heaviest_s, heaviest_s + 61, 0.25 * drowsy(heaviest_s), max(heaviest_s - ramp_s, 0.1)))


def fall_asleep(script: Script, rng: Rng, from_s: float, every_s: float) -> None:
    """Microsleeps, at least 8 s apart; nothing else happens in them."""
    at_s = from_s + rng.uniform(0, every_s)
    while at_s < script.length_s - 8:
        for_s = rng.uniform(1.5, 3) if rng.random() < 0.37 else rng.uniform(3, 6)
        script.clear(at_s - 0.5, at_s + for_s + 0.6)
        close(script, at_s, for_s, rng.uniform(0.88, 1.0))
        if rng.random() < 0.4:
            sinks_s = at_s + (0.0 if rng.random() < 0.05 else rng.uniform(0.3, 2.0))
            if sinks_s < at_s + for_s - 0.3:
                script.pitch_deg.append(Move(sinks_s + 0.7, at_s + for_s, rng.uniform(12, 20), 0.7, 0.4))
        at_s += for_s + 8 + rng.uniform(0, 2 * max(every_s - 12, 0))
