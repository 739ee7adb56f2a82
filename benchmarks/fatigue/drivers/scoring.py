"""Runs the box on one drive and scores its alerts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.fatigue.drivers.drives import CLOSED, Drive, Kind, Truth, drive, truth
from benchmarks.fatigue.drivers.face_stream import faces
from benchmarks.fatigue.drivers.script import Script, Spell, added
from edge.alerts.condition import DISTRACTION, DROWSINESS, MICROSLEEP
from edge.alerts.engine import AlertEngine
from edge.config.decision import AlertsConfig, FatigueConfig
from edge.fatigue.monitor import FatigueMonitor
from edge.messages import Alert, Level

_EARLY_S, _LATE_S = 0.8, 0.6
"""An alert from this long after the lids shut until this long after they opened belongs to the microsleep."""
_ASIDE_DEG, _DOWN_DEG = 18.0, 15.0
"""Nearer than this looks ahead, whatever the box's thresholds are."""
_LOOK_S = 2.9
_MOST_OF_IT = 0.85
"""Share of this time before an alert; the rest, at most 0.44 s, is the way from one target to the next."""


@dataclass(frozen=True, slots=True)
class Microsleep:
    """One that really happened."""

    length_s: float
    hidden: bool
    """The eyes were out of sight in part of its first 1.8 s: sunglasses, a tunnel, a hand."""
    told_after_s: float | None
    """From the lids shut to the alert; None without one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One drive, judged."""

    number: int
    kind: Kind
    fps: float
    loss: str
    hours: float
    usable: float
    """Share of frames with usable eyes."""
    warnings: tuple[str, ...]
    """Every alert that reached a warning or more: kind and level. In an alert drive each of them is false."""
    looks_away: int
    """Distraction warnings that are right, and not among `warnings`: chance put several looks one after the other."""
    advisories: int
    microsleeps: tuple[Microsleep, ...]
    stray: int
    """Microsleep alerts that belong to no microsleep."""
    drowsy: bool
    """Whether the lids truly reached the share that calls for a warning."""
    warned_after_s: float | None
    """From that moment to the drowsiness warning; negative when it came before."""


def judge(number: int, seed: int, fatigue: FatigueConfig) -> Outcome:
    """Let the unmodified fatigue and alert stages watch driver `number`, frame by frame."""
    drawn = drive(number, seed)
    real = truth(drawn.script)
    monitor, engine = FatigueMonitor(fatigue), AlertEngine(AlertsConfig(), session=str(number))
    alerts: list[Alert] = []
    seen = usable = 0
    for face in faces(drawn.script, drawn.person, drawn.loss, drawn.fps, drawn.rng):
        seen, usable = seen + 1, usable + face.usable
        for message in monitor.step(face):
            alerts += engine.step(message)
    return _outcome(drawn, real, alerts, usable / seen)


def _outcome(drawn: Drive, real: Truth, alerts: list[Alert], usable: float) -> Outcome:
    reached = _first_at(alerts, Level.WARNING)
    grave = [alert for alert in reached if not looked_away(alert, drawn.script)]
    asleep = [alert.t_s for alert in grave if alert.alert == MICROSLEEP]
    drowsy = [alert.t_s for alert in grave if alert.alert == DROWSINESS]
    sleeps = tuple(_microsleep(span, asleep, drawn.script.hidden) for span in real.microsleeps)
    known = real.drowsy_from_s
    return Outcome(
        number=drawn.number,
        kind=drawn.kind,
        fps=drawn.fps,
        loss=drawn.loss.name,
        hours=drawn.script.length_s / 3600,
        usable=usable,
        warnings=tuple(f"{alert.alert} {alert.level.name.lower()}" for alert in grave),
        looks_away=len(reached) - len(grave),
        advisories=sum(a.type == "new" and a.level is Level.ADVISORY and a.alert == DROWSINESS for a in alerts),
        microsleeps=sleeps,
        stray=sum(not any(a + _EARLY_S <= t <= b + _LATE_S for a, b in real.microsleeps) for t in asleep),
        drowsy=known is not None,
        warned_after_s=drowsy[0] - known if known is not None and drowsy else None,
    )


def _first_at(alerts: list[Alert], level: Level) -> list[Alert]:
    """The first word of each alert at `level` or higher."""
    first: dict[str, Alert] = {}
    for alert in alerts:
        if alert.level >= level and alert.type != "end":
            first.setdefault(alert.id, alert)
    return list(first.values())


def looked_away(alert: Alert, script: Script) -> bool:
    """Whether a distraction alert is right: the eyes were off the road in the 3 s before it.

    The drawn habits are independent. Now and then a look to a mirror, one at the instruments and a blink follow each
    other, and together last longer than a driver may look away.
    """
    if alert.alert != DISTRACTION:
        return False
    t_s = np.arange(alert.t_s - _LOOK_S, alert.t_s, 0.02)
    aside, down = added(t_s, script.yaw_deg), added(t_s, script.pitch_deg) + added(t_s, script.eyes_deg)
    away = np.hypot(aside / _ASIDE_DEG, np.maximum(down, 0) / _DOWN_DEG) > 1
    return float(np.mean(away | (script.openness(t_s) < CLOSED))) >= _MOST_OF_IT


def _microsleep(span: tuple[float, float], told: list[float], hidden: list[Spell]) -> Microsleep:
    start_s, end_s = span
    mine = [t_s for t_s in told if start_s + _EARLY_S <= t_s <= end_s + _LATE_S]
    out_of_sight = any(spell.start_s < start_s + 1.8 and spell.end_s > start_s for spell in hidden)
    return Microsleep(end_s - start_s, out_of_sight, min(mine) - start_s if mine else None)


def rate_per_10_h(events: int, hours: float) -> tuple[float, float, float]:
    """Events in ten hours with the exact 95 % Poisson interval."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    high = chi2.ppf(0.975, 2 * events + 2) / 2
    return 10 * events / hours, float(10 * low / hours), float(10 * high / hours)


def share(hits: int, of: int) -> tuple[float, float, float]:
    """A share with its 95 % Wilson interval."""
    if of == 0:
        return float("nan"), 0.0, 1.0
    z, p = 1.96, hits / of
    middle, half = p + z * z / (2 * of), z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return p, float((middle - half) / (1 + z * z / of)), float((middle + half) / (1 + z * z / of))
