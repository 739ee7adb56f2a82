"""Computes the figures of the page from the outcomes, as plain dictionaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.fatigue.drivers.drives import LOSSES, RATES_FPS
from benchmarks.fatigue.drivers.population import STEPS, part_of, settings
from benchmarks.fatigue.drivers.scoring import Microsleep, Outcome, rate_per_10_h, share

MARK_S = 1.5
TOLERANCE_S = 0.3
TOLD_TARGET, FALSE_TARGET, CHANGE_TARGET = 0.95, 1.0, 0.10
Figures = dict[str, Any]


def figures(found: dict[float, list[Outcome]], seed: int) -> Figures:
    """Everything that the page shows."""
    usual = found[0.0]
    losses = list(dict.fromkeys(loss.name for loss in LOSSES))
    rates = sorted(set(RATES_FPS), reverse=True)
    return {
        "drivers": len(usual),
        "seed": seed,
        "hours": round(sum(o.hours for o in usual), 2),
        "frames_per_s": rates,
        "by_loss": {loss: group(o for o in usual if o.loss == loss) for loss in losses},
        "by_rate": {f"{rate:g}": group(o for o in usual if o.fps == rate) for rate in rates},
        "by_rate_and_loss": {
            f"{rate:g}": {loss: told(o for o in usual if (o.fps, o.loss) == (rate, loss)) for loss in losses}
            for rate in rates
        },
        "all": group(usual),
        "false_kinds": dict(Counter(kind for o in usual if o.kind == "alert" for kind in o.warnings)),
        "looks_away": sum(o.looks_away for o in usual if o.kind == "alert"),
        "drowsiness": drift([o for o in usual if o.kind == "sinking"]),
        "sensitivity": [point(step, found[step]) for step in sorted((0.0, *STEPS))],
        "sensitivity_drivers": part_of(len(usual)),
    }


def told(outcomes: Iterable[Outcome]) -> Figures:
    """How the microsleeps with eyes in sight were alerted."""
    sleeps = [sleep for o in outcomes for sleep in o.microsleeps if not sleep.hidden]
    lag_s = np.array([s.told_after_s - MARK_S for s in sleeps if s.told_after_s is not None])
    quantiles = np.quantile(lag_s, (0.05, 0.5, 0.95)) if len(lag_s) else (None,) * 3
    return {
        "microsleeps": len(sleeps),
        "on_time": _rounded(share(sum(map(on_time, sleeps)), len(sleeps))),
        "at_all": _rounded(share(len(lag_s), len(sleeps))),
        "lag_s_05_50_95": _rounded(quantiles),
    }


def on_time(sleep: Microsleep) -> bool:
    """Within 0.3 s of the 1.5 s mark, before or after."""
    return sleep.told_after_s is not None and abs(sleep.told_after_s - MARK_S) <= TOLERANCE_S


def group(outcomes: Iterable[Outcome]) -> Figures:
    """Microsleeps, and false warnings of alert drivers."""
    outcomes = list(outcomes)
    awake = [o for o in outcomes if o.kind == "alert"]
    hours, false = sum(o.hours for o in awake), sum(len(o.warnings) for o in awake)
    return {
        **told(outcomes),
        "usable": round(float(np.mean([o.usable for o in outcomes])), 3) if outcomes else None,
        "alert_hours": round(hours, 2),
        "false_warnings": false,
        "false_per_10_h": _rounded(rate_per_10_h(false, hours)) if hours else None,
        "advisories_per_10_h": round(10 * sum(o.advisories for o in awake) / hours, 2) if hours else None,
    }


def drift(outcomes: list[Outcome]) -> Figures:
    """How soon the slow drift into sleep was told."""
    drowsy = [o for o in outcomes if o.drowsy]
    delays_s = [o.warned_after_s for o in drowsy if o.warned_after_s is not None]
    return {
        "drives": len(outcomes),
        "truly_drowsy": len(drowsy),
        "warned": _rounded(share(len(delays_s), len(drowsy))),
        "delay_s_05_25_50_75_95": _rounded(np.quantile(delays_s, (0.05, 0.25, 0.5, 0.75, 0.95))) if delays_s else None,
    }


def point(step: float, outcomes: list[Outcome]) -> Figures:
    """One sensitivity: what is found, and what it costs."""
    whole, config = group(outcomes), settings(step)
    return {
        "sensitivity": step,
        "closed_below": round(config.closed_below, 3),
        "microsleep_s": config.microsleep_s,
        "perclos_warning": round(config.perclos_warning, 3),
        "at_all": whole["at_all"],
        "after_s": round(whole["lag_s_05_50_95"][1] + MARK_S, 2) if whole["lag_s_05_50_95"][1] is not None else None,
        "drowsy_warned": drift([o for o in outcomes if o.kind == "sinking"])["warned"],
        "alert_hours": whole["alert_hours"],
        "false_per_10_h": whole["false_per_10_h"],
        "advisories_per_10_h": whole["advisories_per_10_h"],
    }


def verdicts(report: Figures) -> list[tuple[str, str, bool | None]]:
    """What was asked, what was measured, whether it holds (None: too few hours); random losses only."""
    clear, whole = report["by_loss"]["0%"], report["all"]
    rows: list[tuple[str, str, bool | None]] = []
    if (first := clear["on_time"][0]) is not None:
        asked = "microsleeps alerted within 0.3 s of the 1.5 s mark, no frame lost on purpose: 95 % or more"
        rows.append((asked, f"{first:.1%}", first >= TOLD_TARGET))
    if rate := whole["false_per_10_h"]:
        asked = "false warnings or higher of alert drivers in 10 h, all losses: 1 or fewer"
        rows.append((asked, _between(rate), _within(rate, FALSE_TARGET)))
    for loss in ("20%", "40%"):
        lossy = report["by_loss"][loss]
        if first and lossy["on_time"][0] is not None:
            worse = 1 - lossy["on_time"][0] / first
            asked = f"alerted on time with {loss} lost frames: at most 10 % fewer"
            rows.append((asked, f"{worse:.1%} fewer", worse <= CHANGE_TARGET))
        if (usual := clear["false_per_10_h"]) and (rate := lossy["false_per_10_h"]):
            asked = f"false warnings in 10 h with {loss} lost frames: at most 10 % more, or still 1 or fewer"
            holds = _within(rate, max(usual[0] * (1 + CHANGE_TARGET), FALSE_TARGET))
            rows.append((asked, f"{_between(rate)} instead of {usual[0]:.2f}", holds))
    return rows


def _within(rate: list[float], most: float) -> bool | None:
    return False if rate[0] > most else True if rate[2] <= most else None


def _between(rate: list[float]) -> str:
    return f"{rate[0]:.2f} (95 %: {rate[1]:.2f} to {rate[2]:.2f})"


def _rounded(values: Iterable[float | None]) -> list[float | None]:
    return [None if value is None or np.isnan(value) else round(float(value), 4) for value in values]
