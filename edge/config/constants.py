"""The one table of the constants that judge a driver: value, unit, safe bounds, source.

The configuration takes its defaults, bounds and explanations from here; nothing repeats a value. A value without a
published source says what it was measured on, or that it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field


@dataclass(frozen=True, slots=True)
class Constant:
    """One row: `value` in `unit`; an operator may move it from `low` to `high` and no further."""

    value: float
    unit: str
    low: float
    high: float
    meaning: str
    source: str


_NCAP = "Euro NCAP driver status monitoring"
_CHOSEN = "chosen"
_OPENPILOT = "openpilot selfdrive/monitoring/policy.py"

FATIGUE: dict[str, Constant] = {
    "closed_below": Constant(0.30, "openness", 0.15, 0.40, "an eye counts as closed below", "between P70 and P80"),
    "open_above": Constant(0.50, "openness", 0.40, 0.70, "it counts as open again above", _CHOSEN),
    "microsleep_s": Constant(1.5, "s", 1.0, 2.0, "a closure this long is a microsleep", f"{_NCAP}: 1 to 2 s"),
    "sleep_s": Constant(3.0, "s", 2.0, 4.0, "and this long sleep", f"{_NCAP}: 3 s"),
    "unresponsive_s": Constant(6.0, "s", 4.0, 8.0, "and from here the driver does not respond", f"{_NCAP}: 6 s"),
    "reopened_s": Constant(0.3, "s", 0.2, 1.0, "eyes open this long end a closure's level", _CHOSEN),
    "out_of_sight_s": Constant(
        10.0, "s", 5.0, 10.0, "a closure's level outlasts the loss of the eyes by this, without rising", _NCAP
    ),
    "perclos_advisory": Constant(
        0.08, "share of 60 s", 0.05, 0.10, "advisory", "DOT HS 811 117: 8 to 10 %; Wierwille 1994: questionable"
    ),
    "perclos_warning": Constant(
        0.15, "share of 60 s", 0.10, 0.20, "warning, together with perclos_180_warning",
        "Wierwille 1994, DOT HS 808 247: drowsy",
    ),
    "perclos_180_warning": Constant(
        0.10, "share of 180 s", 0.06, 0.15, "one bad minute is not enough for a warning",
        "chosen below SHRP2's 12 % over 3 min",
    ),
    "perclos_critical": Constant(
        0.30, "share of 60 s", 0.20, 0.40, "critical", "0.30 agrees with the EEG in 94 to 95 %"
    ),
    "exit_share": Constant(
        0.75, "share of the threshold", 0.5, 0.95, "a PERCLOS level ends below this share of what raised it", _CHOSEN
    ),
    "least_valid_ratio": Constant(
        0.5, "share of time", 0.3, 0.9, "no PERCLOS below this share of usable time", _CHOSEN
    ),
    "hold_s": Constant(
        60.0, "s", 5.0, 300.0, "time below the exit threshold before a level ends",
        "Dinges: the benefit of an alert lasts a minute at most",
    ),
    "yawns": Constant(3, "yawns", 2, 10, "so many, beside a raised PERCLOS, are a warning", _CHOSEN),
    "yawns_within_s": Constant(600.0, "s", 120.0, 1200.0, "the time in which yawns are counted", _CHOSEN),
    "drowsy_blinks": Constant(
        0.7, "estimate 0..1", 0.5, 0.95, "an estimate from blinks that counts",
        "chosen above 0.5 of UTA-RLDD's two classes: the estimate only corroborates",
    ),
    "drowsy_blinks_s": Constant(60.0, "s", 20.0, 300.0, "time that the estimate must stay there", _CHOSEN),
    "baseline_s": Constant(
        60.0, "s", 20.0, 120.0, "usable time from which the open eye is learned", "literature: 60 to 120 s"
    ),
}  # fmt: skip

ATTENTION: dict[str, Constant] = {
    "learn_s": Constant(
        15.0,
        "s",
        10.0,
        60.0,
        "driving from which straight ahead is learned; twice that where the looks wander",
        "driver monitors on the market: 15 to 30 s",
    ),
    "yaw_deg": Constant(
        23.0, "deg", 15.0, 45.0, "a head turned further from straight ahead looks away", f"{_OPENPILOT}: 0.402 rad"
    ),
    "pitch_deg": Constant(
        18.0, "deg", 10.0, 30.0, "a head bent further down looks away", f"{_OPENPILOT}: 0.313 rad, down only"
    ),
    "gaze_yaw_deg": Constant(
        30.0,
        "deg",
        20.0,
        45.0,
        "eyes turned further from straight ahead look away, whatever the head does",
        "chosen: four times the noise of cab pictures; five people filmed facing the camera stay within 6 deg",
    ),
    "gaze_pitch_deg": Constant(
        25.0, "deg", 15.0, 35.0, "eyes turned further down look away", "chosen: six times the frame noise"
    ),
    "exit_share": Constant(
        0.8, "share of the angle", 0.5, 1.0, "nearer than this it looks ahead again", "chosen against flicker"
    ),
    "advisory_s": Constant(3.0, "s", 2.5, 6.0, "a glance this long is an advisory", f"{_OPENPILOT}; {_NCAP}: 3 to 4 s"),
    "warning_s": Constant(
        3.5, "s", 3.0, 8.0, "this long a warning", "Regulation (EU) 2023/2590: 3.5 s from 50 km/h, 6 s below"
    ),
    "critical_s": Constant(
        6.0,
        "s",
        5.0,
        15.0,
        "and this long critical",
        f"{_NCAP}: the look has not come back 3 s after it was first told",
    ),
    "cumulative_s": Constant(
        10.0, "s", 6.0, 12.0, "looking away so much of cumulative_window_s is a warning", f"{_NCAP}: 10 s in 30 s"
    ),
    "cumulative_window_s": Constant(30.0, "s", 20.0, 60.0, "the window of cumulative_s", f"{_NCAP}: 10 s in 30 s"),
    "back_s": Constant(2.0, "s", 1.0, 4.0, "eyes on the road this long end it all", f"{_NCAP}: 2 to 4 s"),
    "lost_s": Constant(3.0, "s", 1.0, 10.0, "a face lost this long: attention is unknown", _CHOSEN),
}

ALERTS: dict[str, Constant] = {
    "cooldown_s": Constant(
        45.0,
        "s",
        10.0,
        300.0,
        "rest between alerts of one kind about one subject; never holds back a critical one",
        "chosen: 30 to 60",
    ),
    "update_s": Constant(3.0, "s", 1.0, 60.0, "least time between updates while an alert lasts", _CHOSEN),
    "blind_s": Constant(
        10.0, "s", 5.0, 10.0, "say so when the driver's eyes cannot be seen for this long", f"{_NCAP}: within 10 s"
    ),
    "unseen_warning_s": Constant(
        24.0, "s", 10.0, 60.0, "nobody seen for this long while armed: a warning", f"{_OPENPILOT}: 24 s"
    ),
    "unseen_critical_s": Constant(
        30.0, "s", 15.0, 120.0, "and critical for this long while the vehicle is known to drive", f"{_OPENPILOT}: 30 s"
    ),
    "most_snooze_s": Constant(600.0, "s", 60.0, 1800.0, "longest snooze of one kind of alert", _CHOSEN),
}

ARMING: dict[str, Constant] = {
    "on_kmh": Constant(
        20.0, "km/h", 0.0, 50.0, "armed from this speed on", f"Regulation (EU) 2023/2590 and {_NCAP}: 20 km/h"
    ),
    "off_kmh": Constant(18.0, "km/h", 0.0, 48.0, "disarmed below", "chosen: 2 km/h below, as truck makers' monitors"),
    "asleep_on_kmh": Constant(
        5.0,
        "km/h",
        0.0,
        20.0,
        "armed against sleep from this speed on",
        "chosen: a bus that rolls, not a noisy receiver",
    ),
    "asleep_off_kmh": Constant(3.0, "km/h", 0.0, 18.0, "and disarmed below", _CHOSEN),
    "silent_s": Constant(
        5.0, "s", 2.0, 30.0, "no speed for this long: armed, because nothing says that the bus stands", _CHOSEN
    ),
}

SEEN_GAP_S = 0.4
"""Longest time between two judged pictures that still counts as seen. It bridges two lost pictures at 8 a second and is
hardly longer than the 0.3 s of open eyes that end an alarm."""


def bounded(constant: Constant) -> Any:
    """The pydantic field of a constant: default, bounds, and what it is for."""
    return Field(
        type(constant.value)(constant.value),
        ge=constant.low,
        le=constant.high,
        description=f"{constant.meaning} [{constant.unit}; {constant.source}]",
    )
