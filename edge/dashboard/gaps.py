"""A line of a chart is not drawn over what is not on record; pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from edge.dashboard.data.spans import GAP_S

_GAP_STEPS = 2.5
"""A line is broken where so many of its steps beside the place are missing."""


def broken(points: Sequence[tuple[int, float | None]]) -> list[list[float | None]]:
    """`points` (ms, value) as a line that is not drawn over what is not on record."""
    lengths = [after[0] - before[0] for before, after in itertools.pairwise(points)]
    line: list[list[float | None]] = []
    for number, (t_ms, value) in enumerate(points):
        if number:
            beside = [*lengths[max(0, number - 2) : number - 1], *lengths[number : number + 1]]
            longest = max(1000 * GAP_S, _GAP_STEPS * min(beside, default=0))
            if lengths[number - 1] > longest:
                line.append([points[number - 1][0] + 1, None])
        line.append([t_ms, value])
    return line
