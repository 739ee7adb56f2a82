"""Trials of one view: the requirement, how often it held, and the slowest alert."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from benchmarks.attention.cab import Cab, Driver, View
from benchmarks.attention.gaze_targets import LONG, PHONE, SHORT, WARNED, Target
from edge.config import Config
from edge.messages import Level

WARM_S = 40.0
"""Ordinary driving before anything happens: straight ahead is learned, as slowly as it may be."""
FAST_KMH, SLOW_KMH = 60.0, (20.0, 22.0, 25.0, 28.0)
DISTRACTED = ("distraction",)
SIGHTLESS = ("cannot_see_driver",)
ASLEEP = ("microsleep",)
_LOOK_S = 7.0
_PHONE = Target("owl", "driver lap")


@dataclass(frozen=True, slots=True)
class Count:
    """How often of how many times; `slowest_s` is the longest of those that were told."""

    hits: int
    of: int
    slowest_s: float | None = None
    names: tuple[str, ...] = ()
    """What was missed of targets, or told in a habit in which nothing is right."""


@dataclass(frozen=True)
class Stand:
    """Where every trial of a view begins: the box after `WARM_S` of driving, and the driver it knows."""

    config: Config
    view: View

    def cab(self) -> Cab:
        """A box that has watched an attentive driver."""
        return self._warm.again()

    @cached_property
    def _warm(self) -> Cab:
        return Cab(self.config).drives(self.driver(), from_s=0, until_s=WARM_S, kmh=FAST_KMH)

    def driver(self, blinks_until_s: float = WARM_S) -> Driver:
        """The driver, before anything happens."""
        return Driver(self.view).blinks(0, blinks_until_s)


Trial = Callable[[Stand], Count]


def counted(delays_s: Iterable[float | None], names: Sequence[str] = ()) -> Count:
    """None is a miss; `names` are those of the events."""
    found = list(delays_s)
    told = [delay_s for delay_s in found if delay_s is not None]
    missed = tuple(name for name, delay_s in zip(names, found, strict=False) if delay_s is None)
    return Count(len(told), len(found), round(max(told), 2) if told else None, missed)


def after(start_s: float, told_s: float | None) -> float | None:
    """From the event to the alert."""
    return None if told_s is None else told_s - start_s


def long_looks(targets: Sequence[Target], within_s: float, stand: Stand) -> Count:
    """Each target looked at once, for long."""
    warm, start_s = stand.cab(), WARM_S + 1
    delays: list[float | None] = []
    for target in targets:
        driver = stand.driver().looks(start_s, _LOOK_S, target)
        cab = warm.again().drives(driver, from_s=WARM_S, until_s=start_s + _LOOK_S, kmh=FAST_KMH)
        delays.append(after(start_s, cab.told(DISTRACTED, start_s, start_s + within_s)))
    return counted(delays, [f"{target.movement}, {target.place}" for target in targets])


def short_looks(groups: Sequence[Sequence[Target]], stand: Stand) -> Count:
    """Each group's targets in turn for 2.2 s with 1.2 s on the road: 10 s of 30 s are full in the fifth look."""
    warm, start_s = stand.cab(), WARM_S + 1
    delays: list[float | None] = []
    for targets in groups:
        driver = stand.driver()
        for index in range(8):
            driver.looks(start_s + 3.4 * index, 2.2, targets[index % len(targets)])
        cab = warm.again().drives(driver, from_s=WARM_S, until_s=start_s + 28, kmh=FAST_KMH)
        delays.append(after(start_s, cab.told(DISTRACTED, start_s, start_s + 18)))
    return counted(delays, [f"{targets[0].movement}, {targets[0].place}" for targets in groups])


def repeated_looks(stand: Stand) -> Count:
    """Twenty long looks at changing targets, 8 s of road between them."""
    driver, starts = stand.driver(), [WARM_S + 1 + 13 * index for index in range(20)]
    for index, start_s in enumerate(starts):
        driver.looks(start_s, 5.0, WARNED[index % len(WARNED)])
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=starts[-1] + 10, kmh=FAST_KMH)
    return counted(after(start_s, cab.told(DISTRACTED, start_s, start_s + 4)) for start_s in starts)


def off_axis(camera_deg: tuple[float, float], stand: Stand) -> Count:
    """The seven warned targets before a camera that stands aside."""
    view = View(stand.view.fps, stand.view.lid_law_deg, camera_deg)
    return long_looks(WARNED, 4.0, Stand(stand.config, view))


def slow_looks(stand: Stand) -> Count:
    """A long look after a stop, at each low speed."""
    start_s = WARM_S + 31
    driver = stand.driver().looks(start_s, _LOOK_S, LONG["owl"][0])
    cabs = [_after_a_stop(stand, driver, kmh, start_s + _LOOK_S) for kmh in SLOW_KMH]
    return counted(after(start_s, cab.told(DISTRACTED, start_s, start_s + 6)) for cab in cabs)


def slow_sleep(speeds_kmh: Sequence[float], stand: Stand) -> Count:
    """Eyes that shut at each low speed."""
    start_s = WARM_S + 31
    driver = stand.driver().closes(start_s, 4)
    cabs = [_after_a_stop(stand, driver, kmh, start_s + 5) for kmh in speeds_kmh]
    return counted(after(start_s, cab.told(ASLEEP, start_s, start_s + 1.8)) for cab in cabs)


def _after_a_stop(stand: Stand, driver: Driver, kmh: float, until_s: float) -> Cab:
    cab = stand.cab().drives(driver, from_s=WARM_S, until_s=WARM_S + 15, kmh=0.0)
    return cab.drives(driver, from_s=WARM_S + 15, until_s=until_s, kmh=kmh)


def rises(stand: Stand) -> Count:
    """A look that does not end is critical 3 s after it was first told."""
    start_s = WARM_S + 1
    cab = stand.cab().drives(stand.driver().looks(start_s, 12, _PHONE), from_s=WARM_S, until_s=start_s + 12,
                             kmh=FAST_KMH)  # fmt: skip
    told_s = cab.told(DISTRACTED, start_s, start_s + 4)
    limit_s = start_s if told_s is None else told_s + 3.6
    return counted([after(start_s, cab.told(DISTRACTED, start_s, limit_s, Level.CRITICAL))])


def falling_heads(stand: Stand) -> Count:
    """Lids shut; the head sinks at once, half a second or a second later, or the face is lost."""
    warm, start_s = stand.cab(), WARM_S + 1
    courses = [partial(_sinks, at_s=at_s, to=to) for at_s, to in ((0.1, (0, 40)), (0.5, (0, 45)), (1.0, (25, 40)))]
    courses.append(partial(_sinks, at_s=0.8, to=(0, 80)))
    delays: list[float | None] = []
    for course in courses:
        driver = course(stand.driver().closes(start_s, 9), start_s)
        cab = warm.again().drives(driver, from_s=WARM_S, until_s=start_s + 9, kmh=FAST_KMH)
        delays.append(after(start_s, cab.told(ASLEEP, start_s, start_s + 3.3)))
    return counted(delays)


def _sinks(driver: Driver, start_s: float, at_s: float, to: tuple[float, float]) -> Driver:
    return driver.turns(start_s + at_s + 0.6, 9, to, (0, 0))


LOOKS: dict[str, Trial] = {
    **{f"long, {name}": partial(long_looks, targets, 4.0) for name, targets in LONG.items()},
    **{f"short, {name}": partial(short_looks, [[one] for one in targets]) for name, targets in SHORT.items()},
    "short, several targets": partial(short_looks, [SHORT["not driving"]]),
    **{f"telephone, {name}": partial(long_looks, targets, 4.0) for name, targets in PHONE.items()},
}
"""The 42 targets."""
