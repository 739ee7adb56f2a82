"""Trials without a distraction: an alert in one of them is a false alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from benchmarks.attention.cab import Driver
from benchmarks.attention.gaze_targets import WARNED, Target
from benchmarks.attention.trials import FAST_KMH, WARM_S, Count, Stand, Trial
from benchmarks.fatigue.drivers.drives import drive
from benchmarks.fatigue.drivers.face_stream import faces
from benchmarks.fatigue.drivers.scoring import looked_away
from benchmarks.fatigue.drivers.script import Script
from edge.alerts.condition import CANNOT_SEE_DRIVER
from edge.config import Config
from edge.messages import Alert, Level
from edge.runtime.decision_stages import DecisionStages

MIRRORS = (
    Target("owl", "driver side mirror"), Target("owl", "passenger side mirror"), Target("lizard", "rear view mirror"),
    Target("lizard", "driver side mirror"),
)  # fmt: skip
CLUSTER = Target("lizard", "instrument cluster")
_QUIET_S = 120.0


def _quiet(habit: Callable[[Driver, float], object], stand: Stand, for_s: float = _QUIET_S) -> Count:
    """Alerts, as hits, of two minutes of a habit."""
    until_s = WARM_S + for_s
    driver = stand.driver(until_s)
    habit(driver, until_s)
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=until_s, kmh=FAST_KMH)
    return _new(cab.alerts)


def _new(alerts: Iterable[Alert]) -> Count:
    begun = [alert for alert in alerts if alert.type == "new"]
    names = (f"{alert.alert} ({alert.level.name.lower()}): {', '.join(_causes(alert))}" for alert in begun)
    return Count(len(begun), 0, names=tuple(names))


def _causes(alert: Alert) -> Sequence[str]:
    causes = alert.evidence.get("causes", ())
    return causes if isinstance(causes, (list, tuple)) else ()


def _mirrors(driver: Driver, until_s: float) -> None:
    for index, at_s in enumerate(_every(5.0, until_s)):
        driver.looks(at_s, 1.3, MIRRORS[index % len(MIRRORS)])


def _over_the_shoulder(driver: Driver, until_s: float) -> None:
    """With the blink that goes with a large turn, sooner or later in it."""
    for index, at_s in enumerate(_every(9.0, until_s)):
        driver.turns(at_s, 2.0, (100.0, 0.0), (0.0, 0.0)).closes(at_s - 0.25 + 0.03 * (index % 9), 0.12)


def _glances(driver: Driver, until_s: float) -> None:
    for index, at_s in enumerate(_every(9.0, until_s)):
        driver.looks(at_s, 1.9, WARNED[index % len(WARNED)])


def _instruments(driver: Driver, until_s: float) -> None:
    for at_s in _every(6.0, until_s):
        driver.looks(at_s, 1.8, CLUSTER)


def _deep_instruments(driver: Driver, until_s: float) -> None:
    for at_s in _every(8.0, until_s):
        driver.turns(at_s, 1.9, (0.0, 0.0), (0.0, 42.0))


def _talking(driver: Driver, until_s: float) -> None:
    driver.talks(WARM_S + 5, until_s - WARM_S - 15)


def _every(step_s: float, until_s: float) -> list[float]:
    return [WARM_S + 2 + step_s * index for index in range(int((until_s - WARM_S - 4) / step_s))]


def look_backs(stand: Stand) -> Count:
    """Alerts that begin or rise in the 3 s after a look of 1 to 12 s is over."""
    warm, found, looks = stand.cab(), 0, 0
    for target in (WARNED[0], WARNED[4], WARNED[5], Target("lean", "rear passenger"), Target("owl", "driver lap")):
        for for_s in (2.5, 2.9, 3.4, 5.8, 10.9):
            start_s, looks = WARM_S + 1, looks + 1
            end_s = start_s + for_s
            cab = warm.again().drives(
                stand.driver().looks(start_s, for_s, target), from_s=WARM_S, until_s=end_s + 5, kmh=FAST_KMH
            )
            found += bool(_grown(cab.alerts, end_s + 0.2, end_s + 5))
    return Count(found, 0)


def _grown(alerts: Iterable[Alert], from_s: float, until_s: float) -> list[Alert]:
    """What began or rose in this time."""
    levels: dict[str, Level] = {}
    grown = []
    for alert in alerts:
        if alert.level > levels.get(alert.id, Level.NONE) and from_s <= alert.t_s <= until_s:
            grown.append(alert)
        levels[alert.id] = alert.level
    return grown


def rest_at_a_stop(stand: Stand) -> Count:
    """Three minutes of rest with shut eyes in the parked bus, then on, wide awake."""
    start_s, until_s = WARM_S + 5, WARM_S + 300
    driver = stand.driver(WARM_S)
    for index in range(18):
        driver.closes(start_s + 10 * index, 8)
    driver.blinks(start_s + 185, until_s)
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=start_s + 185, kmh=0.0)
    cab.drives(driver, from_s=start_s + 185, until_s=until_s, kmh=FAST_KMH)
    return _new(cab.alerts)


QUIET: dict[str, Trial] = {
    "mirrors, 1.3 s every 5 s": partial(_quiet, _mirrors),
    "over the shoulder with a blink, 2 s every 9 s": partial(_quiet, _over_the_shoulder),
    "glances at the seven targets, 1.9 s every 9 s": partial(_quiet, _glances),
    "instruments, eyes only, 1.8 s every 6 s": partial(_quiet, _instruments),
    "a look 42 degrees down with the eyes only, 1.9 s every 8 s, 10 min": partial(
        _quiet, _deep_instruments, for_s=600.0
    ),
    "talking": partial(_quiet, _talking),
    "the look back after looks of 2.5 to 10.9 s": look_backs,
    "off after three minutes of rest at a stop": rest_at_a_stop,
}


def alert_drivers(config: Config, hours: float, seed: int) -> dict[str, Any]:
    """New alerts by kind of simulated alert drivers; those that are right are counted apart.

    Right is what tells of eyes that were hidden for 10 s, and of two looks that chance has put one after the other.
    """
    found: Counter[str] = Counter()
    driven_s, number, drivers, rightly = 0.0, -1, 0, 0
    while driven_s < 3600 * hours:
        number += 1
        drawn = drive(number, seed)
        if drawn.kind != "alert" or drawn.loss.share > 0:
            continue
        driven_s, drivers = driven_s + drawn.script.length_s, drivers + 1
        judgement = DecisionStages(config, f"alert-{number}")
        for face in faces(drawn.script, drawn.person, drawn.loss, drawn.fps, drawn.rng):
            for message in judgement.seen([face], speaking=False):
                if isinstance(message, Alert) and message.type == "new":
                    right = _rightly(message, drawn.script)
                    rightly += right
                    found[message.alert] += not right
    hours = round(driven_s / 3600, 2)
    return {"hours": hours, "drivers": drivers, "seed": seed, "rightly": rightly, "alerts": dict(found)}


def _rightly(alert: Alert, script: Script) -> bool:
    if alert.alert == CANNOT_SEE_DRIVER:
        blind = [spell for spell in script.hidden if spell.end_s - spell.start_s >= 9.5]
        return any(spell.start_s < alert.t_s <= spell.end_s + 1 for spell in blind)
    return looked_away(alert, script)
