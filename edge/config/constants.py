"""All constants that judge a driver, in one table (value, unit, safe bounds, source), and the base of all sections.

The sections of the configuration take their defaults, bounds and descriptions from here; no other module repeats a
value. A value without a published source says what it was measured on, or that it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

NOT_ECHOED = "not_echoed"
"""Type of an error about a value that may hold a secret; the value is not repeated."""


class Section(BaseModel):
    """A section of the configuration: immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Constant:
    """One row: `value` in `unit`; an operator may change it from `low` to `high`."""

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
    "closed_below": Constant(0.30, "openness", 0.15, 0.40, "an eye is closed below this value", "between P70 and P80"),
    "open_above": Constant(0.50, "openness", 0.40, 0.70, "a closed eye is open again above this value", _CHOSEN),
    "microsleep_s": Constant(1.5, "s", 1.0, 2.0, "a closure of this length is a microsleep", f"{_NCAP}: 1 to 2 s"),
    "sleep_s": Constant(3.0, "s", 2.0, 4.0, "a closure of this length is sleep", f"{_NCAP}: 3 s"),
    "unresponsive_s": Constant(6.0, "s", 4.0, 8.0, "after a closure of this length: unresponsive", f"{_NCAP}: 6 s"),
    "reopened_s": Constant(0.3, "s", 0.2, 1.0, "open eyes end the level of a closure after this time", _CHOSEN),
    "out_of_sight_s": Constant(
        10.0, "s", 5.0, 10.0, "a closure's level is held for this time when the eyes go out of sight; it does not rise",
        _NCAP
    ),
    "perclos_advisory": Constant(
        0.08, "share of 60 s", 0.05, 0.10, "PERCLOS of 60 s that raises an advisory",
        "DOT HS 811 117: 8 to 10 %; Wierwille 1994: questionable"
    ),
    "perclos_warning": Constant(
        0.15, "share of 60 s", 0.10, 0.20,
        "PERCLOS of 60 s that raises a warning, if PERCLOS of 180 s is above perclos_180_warning",
        "Wierwille 1994, DOT HS 808 247: drowsy",
    ),
    "perclos_180_warning": Constant(
        0.10, "share of 180 s", 0.06, 0.15, "PERCLOS of 180 s that a warning also needs; one bad minute is not enough",
        "chosen below SHRP2's 12 % over 3 min",
    ),
    "perclos_critical": Constant(
        0.30, "share of 60 s", 0.20, 0.40, "PERCLOS of 60 s that raises critical",
        "0.30 agrees with the EEG in 94 to 95 %"
    ),
    "exit_share": Constant(
        0.75, "share of the threshold", 0.5, 0.95, "a PERCLOS level ends below this share of its threshold", _CHOSEN
    ),
    "least_valid_ratio": Constant(
        0.5, "share of time", 0.3, 0.9, "PERCLOS is unknown while less than this share of the time is usable", _CHOSEN
    ),
    "hold_s": Constant(
        60.0, "s", 5.0, 300.0, "a level ends after this time below the exit threshold",
        "Dinges: the benefit of an alert lasts a minute at most",
    ),
    "yawns": Constant(3, "yawns", 2, 10, "this number of yawns, together with a raised PERCLOS, is a warning", _CHOSEN),
    "yawns_within_s": Constant(600.0, "s", 120.0, 1200.0, "time window in which yawns are counted", _CHOSEN),
    "drowsy_blinks": Constant(
        0.7, "estimate 0..1", 0.5, 0.95, "estimate of drowsiness from blinks that corroborates a level",
        "chosen above 0.5 of UTA-RLDD's two classes: the estimate only corroborates",
    ),
    "drowsy_blinks_s": Constant(60.0, "s", 20.0, 300.0, "how long the estimate must stay above drowsy_blinks", _CHOSEN),
    "baseline_s": Constant(
        60.0, "s", 20.0, 120.0, "usable time needed to learn the open eye of a person", "literature: 60 to 120 s"
    ),
}  # fmt: skip

ATTENTION: dict[str, Constant] = {
    "learn_s": Constant(
        15.0,
        "s",
        10.0,
        60.0,
        "driving time from which straight ahead is learned; twice as long if the looks vary",
        "driver monitors on the market: 15 to 30 s",
    ),
    "yaw_deg": Constant(
        23.0,
        "deg",
        15.0,
        45.0,
        "a head turned further than this from straight ahead looks away",
        f"{_OPENPILOT}: 0.402 rad",
    ),
    "pitch_deg": Constant(
        18.0, "deg", 10.0, 30.0, "a head bent further down than this looks away", f"{_OPENPILOT}: 0.313 rad, down only"
    ),
    "gaze_yaw_deg": Constant(
        30.0,
        "deg",
        20.0,
        45.0,
        "eyes turned further than this from straight ahead look away, at any head pose",
        "chosen: four times the noise of frames from cabs; five people filmed facing the camera stay within 6 deg",
    ),
    "gaze_pitch_deg": Constant(
        23.0,
        "deg",
        15.0,
        35.0,
        "eyes turned further down than this look away",
        "chosen: five times the frame noise; a telephone before the instruments lies 24 deg down, they 22",
    ),
    "exit_share": Constant(
        0.8, "share of the angle", 0.5, 1.0, "a look away ends below this share of the angle", "chosen against flicker"
    ),
    "advisory_s": Constant(
        3.0, "s", 2.5, 6.0, "a look away of this length is an advisory", f"{_OPENPILOT}; {_NCAP}: 3 to 4 s"
    ),
    "warning_s": Constant(
        3.5,
        "s",
        3.0,
        8.0,
        "a look away of this length is a warning",
        "Regulation (EU) 2023/2590: 3.5 s from 50 km/h, 6 s below",
    ),
    "critical_s": Constant(
        6.0,
        "s",
        5.0,
        15.0,
        "a look away of this length is critical",
        f"{_NCAP}: still away 3 s after the first warning",
    ),
    "cumulative_s": Constant(
        10.0,
        "s",
        6.0,
        12.0,
        "looking away for this time within cumulative_window_s is a warning",
        f"{_NCAP}: 10 s in 30 s",
    ),
    "cumulative_window_s": Constant(30.0, "s", 20.0, 60.0, "time window of cumulative_s", f"{_NCAP}: 10 s in 30 s"),
    "back_s": Constant(2.0, "s", 1.0, 4.0, "eyes on the road for this time end the level", f"{_NCAP}: 2 to 4 s"),
    "lost_s": Constant(3.0, "s", 1.0, 10.0, "attention is unknown after the face is lost for this time", _CHOSEN),
}

ALERTS: dict[str, Constant] = {
    "cooldown_s": Constant(
        45.0,
        "s",
        10.0,
        300.0,
        "cooldown between alerts of one kind about one person; critical alerts are never held back",
        "chosen: 30 to 60",
    ),
    "update_s": Constant(3.0, "s", 1.0, 60.0, "minimum time between updates of an alert", _CHOSEN),
    "blind_s": Constant(
        10.0, "s", 5.0, 10.0, "report that the driver's eyes cannot be seen after this time", f"{_NCAP}: within 10 s"
    ),
    "unseen_warning_s": Constant(
        24.0, "s", 10.0, 60.0, "warning if no person is seen for this time while armed", f"{_OPENPILOT}: 24 s"
    ),
    "unseen_critical_s": Constant(
        30.0,
        "s",
        15.0,
        120.0,
        "critical if no person is seen for this time while the vehicle is known to move",
        f"{_OPENPILOT}: 30 s",
    ),
    "most_snooze_s": Constant(600.0, "s", 60.0, 1800.0, "longest snooze of one kind of alert", _CHOSEN),
}

ARMING: dict[str, Constant] = {
    "on_kmh": Constant(
        20.0, "km/h", 0.0, 50.0, "alerts are armed from this speed", f"Regulation (EU) 2023/2590 and {_NCAP}: 20 km/h"
    ),
    "off_kmh": Constant(
        18.0,
        "km/h",
        0.0,
        48.0,
        "alerts are disarmed below this speed",
        "chosen: 2 km/h below, as truck makers' monitors",
    ),
    "asleep_on_kmh": Constant(
        5.0,
        "km/h",
        0.0,
        20.0,
        "alerts about sleep are armed from this speed",
        "chosen: a bus that rolls, not a noisy receiver",
    ),
    "asleep_off_kmh": Constant(3.0, "km/h", 0.0, 18.0, "alerts about sleep are disarmed below this speed", _CHOSEN),
    "silent_s": Constant(5.0, "s", 2.0, 30.0, "alerts are armed if the speed is missing for this time", _CHOSEN),
}

SEEN_GAP_S = 0.4
"""Longest time between two judged frames without a gap. It bridges two lost frames at 8 frames a second and is hardly
longer than the 0.3 s of open eyes that end an alert."""


def bounded(constant: Constant) -> Any:
    """The pydantic field of a constant: default, bounds and description."""
    return Field(
        type(constant.value)(constant.value),
        ge=constant.low,
        le=constant.high,
        description=f"{constant.meaning} [{constant.unit}; {constant.source}]",
    )
