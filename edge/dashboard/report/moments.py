"""The moments of a recording that stand out: its peaks, and where the feeling turns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.dashboard.report.utterances import UtteranceLine

Kind = Literal["lowest", "highest", "fall", "rise"]
LEAST_TURN = 0.3
"""A change of score that counts as a turn: the width of the words `tired` and `relaxed` (edge.affect.words)."""


@dataclass(frozen=True, slots=True)
class KeyMoment:
    """One of them, with what was said there."""

    kind: Kind
    line: UtteranceLine
    change: float | None = None
    """Of the score since the judgement before; None for a peak."""

    @property
    def score(self) -> float:
        """What it was judged to be."""
        assert self.line.affect is not None
        return self.line.affect.score


def key_moments(lines: Sequence[UtteranceLine]) -> tuple[KeyMoment, ...]:
    """In order of time, each line once: lowest and highest score, steepest fall and rise between neighbours."""
    judged = [(line, line.affect.score) for line in lines if line.affect]
    if len(judged) < 2:
        return ()
    turns = [(after[1] - before[1], after[0]) for before, after in itertools.pairwise(judged)]
    found = [
        KeyMoment("lowest", min(judged, key=lambda item: item[1])[0]),
        KeyMoment("highest", max(judged, key=lambda item: item[1])[0]),
    ]
    fall, rise = min(turns, key=lambda turn: turn[0]), max(turns, key=lambda turn: turn[0])
    found += [KeyMoment("fall", fall[1], fall[0])] if fall[0] <= -LEAST_TURN else []
    found += [KeyMoment("rise", rise[1], rise[0])] if rise[0] >= LEAST_TURN else []
    once = {moment.line.start_s: moment for moment in reversed(found)}
    return tuple(sorted(once.values(), key=lambda moment: moment.line.start_s))
