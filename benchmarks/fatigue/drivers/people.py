"""The properties of a driver, drawn once: eyes, blinks, habits and image quality.

Every number is either measured (said where) or assumed; the assumed ones are listed in `ASSUMED` for the report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator

OPEN_MEAN, OPEN_SD, OPEN_LEAST, OPEN_MOST = 0.314, 0.037, 0.20, 0.40
"""Open lid aperture over eye width: mean and deviation over the 14 real clips, 0.235 to 0.368 there
(`edge.vision.geometry`); the tails beyond are assumed, so that small eyes are among the drivers."""
SHUT_LEAST, SHUT_USUAL, SHUT_MOST = 0.03, 0.06, 0.10
"""The same of shut eyes: 0.04 to 0.10, least 0.024, in the same clips."""
WHITE_MEDIAN, WHITE_SPREAD = 0.003, 0.5
"""Noise of the lid aperture from frame to frame: 0.0013 to 0.0050 in five clips (robust second difference); lognormal
with this median and this deviation of the logarithm reaches 0.008."""
PITCH_NOISE_DEG, YAW_NOISE_DEG, MOUTH_NOISE = 0.3, 0.2, 0.003
"""Noise of the head's angles and of the mouth at rest: 0.21 to 0.43 and 0.10 to 0.34 degrees, 0.002 to 0.005
in the same clips."""
BLINK_MS, BLINK_SD_MS, DROWSY_BLINK_MS = 111.0, 51.0, 151.0
"""Blink duration alert, its deviation, and the mean at the sleepiest end of the Karolinska scale (literature)."""

ASSUMED = {
    "blinks a minute": "lognormal, median 15, 6 to 30",
    "slow wander of the measured opening": "deviation 0.004 to 0.012, time constant 1.5 s (0.006 to 0.019 in clips, "
    "with real movement in it)",
    "glasses": "35 % of drivers; 1.5 times the noise, a reflection a minute that shifts the opening by up to 0.05",
    "night": "30 % of drives; 1.5 times the noise, shut eyes read 0.01 more open",
    "mirror checks": "2 a minute, 20 to 65 degrees of yaw, 0.4 to 1.3 s",
    "looks down": "1.5 a minute, 10 to 30 degrees, 0.5 to 2 s, 20 to 60 % of it by the head",
    "talking": "half of the drivers, spells of 5 to 20 s; laughing every 3 minutes, eyes narrowed to 35 to 70 %",
    "squinting into the sun": "every 5 minutes, 5 to 30 s, eyes narrowed to 50 to 75 %",
    "yawns": "2 an hour alert, 1 a minute drowsy, eyes narrowed to 35 to 85 %",
    "hands over the eyes": "every 5 minutes, 0.5 to 3 s",
    "speed bumps": "one every 2 minutes: the head jerks by 3 to 8 degrees, lids read 5 times as noisily",
    "tunnels and sunglasses": "8 % and 6 % of drives: eyes not usable for 5 to 25 s",
    "slow closures when drowsy": "up to 14 a minute, 0.25 to 1.35 s; lids droop to 75 %",
    "microsleeps": "37 % last 1.5 to 3 s (34 to 39 % by EEG), the others 3 to 6 s; lids 88 to 100 % shut; in 40 % the "
    "head sinks 12 to 20 degrees, 0.3 to 2 s after the lids, in one of twenty of these at once",
}
"""What is not measured, for the report."""


@dataclass(frozen=True, slots=True)
class Person:
    """One driver in one light."""

    open: float
    shut: float
    blinks_per_min: float
    white: float
    wander: float
    glasses: bool
    night: bool
    talks: bool


def draw(rng: Rng) -> Person:
    """Draw a driver."""
    glasses, night, talks = rng.random() < 0.35, rng.random() < 0.30, rng.random() < 0.5
    factor = (1.5 if glasses else 1.0) * (1.5 if night else 1.0)
    shut = rng.triangular(SHUT_LEAST, SHUT_USUAL, SHUT_MOST) + (0.01 if night else 0.0)
    return Person(
        open=float(np.clip(rng.normal(OPEN_MEAN, OPEN_SD), OPEN_LEAST, OPEN_MOST)),
        shut=float(min(shut, SHUT_MOST)),
        blinks_per_min=float(np.clip(15.0 * np.exp(rng.normal(0, 0.35)), 6.0, 30.0)),
        white=float(factor * WHITE_MEDIAN * np.exp(rng.normal(0, WHITE_SPREAD))),
        wander=float(rng.uniform(0.004, 0.012)),
        glasses=bool(glasses),
        night=bool(night),
        talks=bool(talks),
    )
