"""What moves when a constant of attention does: each alone at a lower and a higher value, every rule in one view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.attention.cab import LID_LAWS_DEG, RATES_FPS, View
from benchmarks.attention.trials import Stand, Trial
from edge.config import Config
from edge.fatigue import attention, monitor

VIEW = View(RATES_FPS[1], LID_LAWS_DEG[1])
"""The middle rate and the middle law."""
Value = float | tuple[float, float]
NEIGHBOURS: tuple[tuple[str, Value, Value], ...] = (
    ("PRIOR_HEAD_DEG", (36.0, 20.6), (40.0, 23.0)),
    ("STEADY_DEG", 5.0, 8.0),
    ("gaze_yaw_deg", 27.0, 33.0),
    ("gaze_pitch_deg", 22.0, 24.0),
    ("yaw_deg", 21.0, 25.0),
    ("pitch_deg", 16.5, 19.5),
    ("exit_share", 0.7, 0.9),
    ("back_s", 1.7, 2.3),
    ("lost_s", 2.4, 3.6),
    ("learn_s", 12.0, 18.0),
    ("TOLERANCE_S", 0.2, 0.4),
    ("LOST_AWAY_S", 8.0, 12.0),
    ("MOVED_S", 45.0, 75.0),
    ("ADAPT_S", 270.0, 450.0),
    ("YAW_WITHIN_DEG", (-40.0, 40.0), (-50.0, 50.0)),
    ("PITCH_WITHIN_DEG", (-25.0, 8.0), (-35.0, 12.0)),
)
"""Constants of `edge.fatigue.attention` and settings of `attention`, each with a lower and a higher value."""


@dataclass(frozen=True, slots=True)
class Moved:
    """All rules with one constant at another value."""

    constant: str
    value: Value | None
    told: Mapping[str, int]
    """By rule: what was told in time."""
    quiet: Mapping[str, int]
    """By habit: alerts."""


def neighbours(
    config: Config, told: Mapping[str, Trial], quiet: Mapping[str, Trial], workers: int
) -> list[dict[str, Any]]:
    """The chosen values first, then each constant moved alone."""
    moves = [("as chosen", None), *((name, value) for name, *values in NEIGHBOURS for value in values)]
    with ProcessPoolExecutor(workers) as pool:
        waiting = [pool.submit(moved, config, name, value, told, quiet) for name, value in moves]
        return [asdict(done.result()) for done in waiting]


def moved(
    config: Config, constant: str, value: Value | None, told: Mapping[str, Trial], quiet: Mapping[str, Trial]
) -> Moved:
    """Every rule with one constant at `value`; None: as chosen."""
    if constant in type(config.attention).model_fields:
        config = config.model_copy(update={"attention": config.attention.model_copy(update={constant: value})})
    with _set(constant, value):
        stand = Stand(config, VIEW)
        hits = [{rule: trial(stand).hits for rule, trial in trials.items()} for trials in (told, quiet)]
    return Moved(constant, value, *hits)


@contextmanager
def _set(constant: str, value: Value | None) -> Iterator[None]:
    modules = [module for module in (attention, monitor) if value is not None and hasattr(module, constant)]
    chosen = [getattr(module, constant) for module in modules]
    for module in modules:
        setattr(module, constant, value)
    try:
        yield
    finally:
        for module, before in zip(modules, chosen, strict=True):
            setattr(module, constant, before)


def rows(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Of the page: what each value tells, and what that changes."""
    chosen = found[0]
    for row in found:
        changed = [
            f"{rule}: {hits} instead of {chosen[part][rule]}"
            for part in ("told", "quiet")
            for rule, hits in row[part].items()
            if hits != chosen[part][rule]
        ]
        value = "" if row["value"] is None else " / ".join(f"{one:g}" for one in _several(row["value"]))
        counts = (str(sum(row["told"].values())), str(sum(row["quiet"].values())))
        yield row["constant"].strip("_"), value, *counts, "; ".join(changed) or "-"


def _several(value: Any) -> Sequence[float]:
    return value if isinstance(value, (tuple, list)) else (value,)
