"""Runs the whole population on all cores, and a part of it at other sensitivities; the core count changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from benchmarks.fatigue.drivers.scoring import Outcome, judge
from edge.config.decision import FatigueConfig

STEPS = (-1.0, -0.5, 0.5, 1.0)
"""Sensitivities beside the default 0: -1 is the deafest setting that the configuration allows, 1 the keenest."""
PART = 10
"""The other sensitivities are driven by one driver of this many."""
_CHUNK = 10

AXIS: dict[str, tuple[float, float]] = {
    "closed_below": (0.15, 0.40),
    "open_above": (0.40, 0.70),
    "microsleep_s": (2.0, 1.0),
    "perclos_advisory": (0.10, 0.05),
    "perclos_warning": (0.20, 0.10),
    "perclos_critical": (0.40, 0.20),
}
"""What moves along the axis, from -1 to 1: the bounds of `FatigueConfig`."""


@dataclass(frozen=True, slots=True)
class Job:
    """Some drivers at one sensitivity."""

    numbers: tuple[int, ...]
    seed: int
    sensitivity: float


def settings(sensitivity: float) -> FatigueConfig:
    """The configuration at a sensitivity of -1 to 1; 0 is the default, the way between is straight."""
    usual, values = FatigueConfig(), {}
    for name, (deaf, keen) in AXIS.items():
        middle = getattr(usual, name)
        values[name] = middle + abs(sensitivity) * ((keen if sensitivity > 0 else deaf) - middle)
    return FatigueConfig(**values)


def population(
    drivers: int, seed: int, workers: int, progress: Callable[[int], None] = lambda _: None
) -> dict[float, list[Outcome]]:
    """Judge `drivers` at the default and a part of them at every other sensitivity; `progress` hears of drives done."""
    numbers = {0.0: range(drivers), **{step: range(part_of(drivers)) for step in STEPS}}
    jobs = [Job(tuple(part), seed, step) for step, wanted in numbers.items() for part in _chunks(wanted)]
    found: dict[float, list[Outcome]] = {step: [] for step in sorted(numbers)}
    if workers == 1:
        for job in jobs:
            found[job.sensitivity] += run(job)
            progress(len(job.numbers))
    else:
        with ProcessPoolExecutor(workers) as pool:
            waiting = {pool.submit(run, job): job for job in jobs}
            for done in as_completed(waiting):
                found[waiting[done].sensitivity] += done.result()
                progress(len(waiting[done].numbers))
    for outcomes in found.values():
        outcomes.sort(key=lambda outcome: outcome.number)
    return found


def part_of(drivers: int) -> int:
    """How many drivers drive again at each other sensitivity."""
    return max(drivers // PART, 1)


def run(job: Job) -> list[Outcome]:
    """Judge the drivers of one job."""
    config = settings(job.sensitivity)
    return [judge(number, job.seed, config) for number in job.numbers]


def _chunks(numbers: range) -> Iterable[range]:
    return (numbers[first : first + _CHUNK] for first in range(0, len(numbers), _CHUNK))
