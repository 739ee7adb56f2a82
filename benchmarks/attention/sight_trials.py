"""Trials with hidden eyes, with a learned straight-ahead direction, and with several persons."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.attention.cab import Cab, Driver
from benchmarks.attention.gaze_targets import Target
from benchmarks.attention.trials import (
    DISTRACTED,
    FAST_KMH,
    SIGHTLESS,
    WARM_S,
    Count,
    Stand,
    Trial,
    after,
    counted,
)
from edge.fatigue.monitor import DriverChoice
from edge.messages import Box, Level, Reason

_HIDDEN = (Reason.EYES_HIDDEN, Reason.DARK, Reason.BLURRED, Reason.NO_FACE)
_BLIND_S, _SLACK_S = 10.0, 0.5
_START_S = WARM_S + 1
_SEAT: Box = (200.0, 120.0, 180.0, 180.0)


def steady_loss(stand: Stand) -> Count:
    """The eyes are hidden for good, for each reason."""
    return _losses([[(0.0, 40.0, reason)] for reason in _HIDDEN], _BLIND_S + _SLACK_S, stand)


def a_frame_in_eight_seconds(stand: Stand) -> Count:
    """The same, but for one usable frame every 8 s, or every 4 s."""
    frame_s = 1.01 / stand.view.fps
    spells = [[(step_s * i, step_s - frame_s, Reason.EYES_HIDDEN) for i in range(12)] for step_s in (8.0, 4.0)]
    return _losses(spells, 13.0, stand)


def nobody_rises(stand: Stand) -> Count:
    """Nobody is seen while the bus drives: a warning, then critical, as openpilot has it (24 and 30 s)."""
    cab = _lost(stand, [(0.0, 60.0, Reason.NO_FACE)])
    limits = ((Level.WARNING, 24.5), (Level.CRITICAL, 30.5))
    return counted(
        after(_START_S, cab.told(SIGHTLESS, _START_S, _START_S + limit_s, level)) for level, limit_s in limits
    )


def dark_glasses(stand: Stand) -> Count:
    """Behind dark glasses a head that turns away is told; the blindness itself stays an advisory."""
    driver = stand.driver().hides(_START_S, 200, Reason.EYES_HIDDEN)
    look_s = _START_S + 60
    driver.turns(look_s, 6, (45.0, 10.0), (0.0, 0.0))
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=look_s + 8, kmh=FAST_KMH)
    quiet = cab.told(SIGHTLESS, _START_S, look_s + 8, Level.WARNING) is None
    told = after(look_s, cab.told(DISTRACTED, look_s, look_s + 4))
    return counted([told, 0.0 if quiet else None])


def dodger(stand: Stand) -> Count:
    """Looks away, leaves the picture for 2 s, and looks away on: told until critical, and never ended between."""
    driver = stand.driver().looks(_START_S, 14, Target("owl", "driver lap")).hides(_START_S + 5, 2, Reason.NO_FACE)
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=_START_S + 14, kmh=FAST_KMH)
    ended = any(alert.type == "end" and alert.alert == "distraction" for alert in cab.alerts)
    critical_s = cab.told(DISTRACTED, _START_S, _START_S + 13.9, Level.CRITICAL)
    return counted([after(_START_S, critical_s), None if ended else 0.0])


def _losses(courses: Sequence[Sequence[tuple[float, float, Reason]]], within_s: float, stand: Stand) -> Count:
    cabs = [_lost(stand, course) for course in courses]
    return counted(after(_START_S, cab.told(SIGHTLESS, _START_S, _START_S + within_s)) for cab in cabs)


def _lost(stand: Stand, course: Sequence[tuple[float, float, Reason]]) -> Cab:
    driver = stand.driver()
    for at_s, for_s, reason in course:
        driver.hides(_START_S + at_s, for_s, reason)
    return stand.cab().drives(driver, from_s=WARM_S, until_s=_START_S + 40, kmh=FAST_KMH)


def first_minute(stand: Stand) -> Count:
    """A box that has never driven: a look far aside or a telephone after 5 s, a screen after 40 s."""
    looks = ((5.0, Target("owl", "driver side window")), (5.0, Target("owl", "driver lap")))
    delays: list[float | None] = []
    for start_s, target in (*looks, (40.0, Target("owl", "infotainment"))):
        driver = Driver(stand.view).looks(start_s, 6, target).blinks(0, start_s)
        cab = Cab(stand.config).drives(driver, from_s=0, until_s=start_s + 6, kmh=FAST_KMH)
        delays.append(after(start_s, cab.told(DISTRACTED, start_s, start_s + 4)))
    return counted(delays)


def telephone_from_the_start(stand: Stand) -> Count:
    """From the first second on the driver reads a telephone, for two minutes: told, and told again later."""
    driver = Driver(stand.view).turns(0.5, 200, (0.0, 30.0), (0.0, 15.0))
    cab = Cab(stand.config).drives(driver, from_s=0, until_s=120, kmh=FAST_KMH)
    open_s = [alert.t_s for alert in cab.alerts if alert.alert == "distraction" and alert.type != "end"]
    return counted([after(0.0, cab.told(DISTRACTED, 0, 6)), 0.0 if open_s and max(open_s) > 100 else None])


def new_number(stand: Stand) -> Count:
    """The tracker gives the driver a new number; a look away 2 s later is told like any other."""
    driver = Driver(stand.view, track=2).looks(WARM_S + 2, 6, Target("owl", "infotainment"))
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=WARM_S + 8, kmh=FAST_KMH)
    return counted([after(WARM_S + 2, cab.told(DISTRACTED, WARM_S + 2, WARM_S + 6))])


def passenger_leans_in(stand: Stand) -> Count:
    """Beside the driver a larger face for 5, 10 and 20 s; the driver stays the driver."""
    kept = []
    for for_s in (5.0, 10.0, 20.0):
        choice, driver = DriverChoice("largest"), Driver(stand.view)
        for face in driver.faces(0, 60):
            choice.choose([face])
        guest = Driver(stand.view, track=2, box=(380.0, 100.0, 240.0, 240.0))
        pairs = zip(driver.faces(60, 60 + for_s), guest.faces(60, 60 + for_s), strict=True)
        kept.append({choice.choose(pair).track for pair in pairs} == {1})
    return Count(sum(kept), len(kept))


def taken_back(stand: Stand) -> Count:
    """After 8 s out of sight the driver is there again: nearer, a face's width aside, both, or across the picture."""
    x, y, width, height = _SEAT
    places: tuple[Box, ...] = (
        (x - 60, y - 60, 1.7 * width, 1.7 * height),
        (x + 1.3 * width, y, width, height),
        (x + 1.3 * width, y - 60, 1.7 * width, 1.7 * height),
        (x + 2.2 * width, y, width, height),
    )
    delays: list[float | None] = []
    for place in places:
        choice = DriverChoice("largest")
        for face in Driver(stand.view).faces(0, 60):
            choice.choose([face])
        found = (choice.choose([face]) for face in Driver(stand.view, track=2, box=place).faces(68, 98))
        delay_s = next((face.t_s - 68 for face in found if face.track == 2), None)
        delays.append(delay_s if delay_s is not None and delay_s <= 5 else None)
    return counted(delays)


SIGHT: dict[str, tuple[str, Trial]] = {
    "hidden, dark, blurred, nobody": ("told within 10 s (0.5 s of grace)", steady_loss),
    "one usable frame in 8 s, in 4 s": ("told within 13 s", a_frame_in_eight_seconds),
    "nobody while driving": ("warning by 24 s, critical by 30 s", nobody_rises),
    "dark glasses": ("a turned head told within 4 s; the blindness stays an advisory", dark_glasses),
    "away, lost for 2 s, away": ("critical by 13.9 s, no end between", dodger),
    "the first minute of a new box": ("far aside, lap at 5 s, a screen at 40 s: told within 4 s", first_minute),
    "a telephone from the start": ("told within 6 s, and still after 100 s", telephone_from_the_start),
    "a new number for the driver": ("a look 2 s later told within 4 s", new_number),
    "a passenger leans in": ("the driver stays", passenger_leans_in),
    "the driver returns elsewhere": ("taken back within 5 s", taken_back),
}
"""What is asked of each."""
