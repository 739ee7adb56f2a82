"""Rates and shares of scores, with 95 % intervals by person: people differ far more than pictures of one person."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge.evaluation.scores import Score
from edge.messages import Level

_DRAWS = 2000
_NONE_SEEN = -math.log(0.05)
"""Of events that never came in so much time or so many trials: the most that is left with 95 % (rule of three)."""


@dataclass(frozen=True, slots=True)
class Interval95:
    """A figure and what it may be among other people; None where nothing was to be counted."""

    value: float | None
    low: float | None = None
    high: float | None = None
    of: float = 0.0
    """How many, or how many hours, it is out of."""


def ratio(scores: Sequence[Score], part: Callable[[Score], float], whole: Callable[[Score], float]) -> Interval95:
    """What all parts are of all wholes; the interval draws people anew."""
    people = sorted({score.person for score in scores})
    parts, wholes = (
        np.array([sum(of(score) for score in scores if score.person == person) for person in people])
        for of in (part, whole)
    )
    total = float(wholes.sum())
    if not total:
        return Interval95(None)
    draws = np.random.default_rng(1).integers(0, len(people), (_DRAWS, len(people)))
    drawn = wholes[draws].sum(1)
    low, high = np.quantile(parts[draws].sum(1)[drawn > 0] / drawn[drawn > 0], (0.025, 0.975))
    return Interval95(
        round(float(parts.sum()) / total, 4), round(float(low), 4), round(float(high), 4), round(total, 4)
    )


def rate_per_hour(scores: Sequence[Score], count: Callable[[Score], int]) -> Interval95:
    """Events an hour of face; where there was none, the upper end is what 95 % leave."""
    found = ratio(scores, count, lambda score: score.face_s / 3600)
    if found.value == 0:
        return Interval95(0.0, 0.0, round(_NONE_SEEN / found.of, 2), found.of)
    return found


def figures(scores: Sequence[Score]) -> dict[str, Any]:
    """Everything about the scores of one view."""
    critical = {Level.CRITICAL.name.lower(), Level.EMERGENCY.name.lower()}
    unknown = sorted({reason for score in scores for reason in score.unknown_s})
    told = sorted(delay for score in scores for delay in score.sleeps if delay is not None)
    found: dict[str, Interval95] = {
        "false_criticals_per_h": rate_per_hour(
            scores, lambda score: sum(alert.level in critical for alert in score.false_alerts)
        ),
        "false_warnings_per_h": rate_per_hour(scores, lambda score: len(score.false_alerts)),
        "microsleeps_found": ratio(scores, lambda score: _known(score.sleeps), lambda score: len(score.sleeps)),
        "stretched_found": ratio(scores, lambda score: _known(score.stretched), lambda score: len(score.stretched)),
        "open_held_for_closed": ratio(scores, lambda score: score.open_as_closed_s, lambda score: score.open_s),
        "yawns_found": ratio(scores, lambda score: score.yawns_found, lambda score: score.yawns),
        "false_yawns_per_h": rate_per_hour(scores, lambda score: score.yawns_false),
        "looks_found": ratio(scores, lambda score: score.looks_found, lambda score: score.looks),
        "unknown": ratio(scores, lambda score: sum(score.unknown_s.values()), lambda score: score.face_s),
    }
    return {
        "people": len({score.person for score in scores}),
        "clips": len(scores),
        "face_h": round(sum(score.face_s for score in scores) / 3600, 4),
        **{name: asdict(value) for name, value in found.items()},
        "unknown_why": {reason: round(_share_unknown(scores, reason), 4) for reason in unknown},
        "microsleep_delays_s": told,
        "stretched_told_after_s": sorted(t for score in scores for t in score.stretched if t is not None),
        "stretched_missed": [score.clip for score in scores for t in score.stretched if t is None],
        "false_alerts": [asdict(alert) for score in scores for alert in score.false_alerts],
    }


def _known(values: Iterable[float | None]) -> int:
    return sum(value is not None for value in values)


def _share_unknown(scores: Sequence[Score], reason: str) -> float:
    face_s = sum(score.face_s for score in scores)
    return sum(score.unknown_s.get(reason, 0.0) for score in scores) / face_s if face_s else 0.0
