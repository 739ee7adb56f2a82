"""Yawns: one slow, wide opening of the mouth against the person's own closed mouth."""

from __future__ import annotations

from collections import deque

from edge.messages import Face

RISE = 0.30
FALL = 0.20
LEAST_S = 1.5
MOST_S = 12.0
_REST_PRIOR = 0.05
_SAMPLE_S = 0.2
_MEMORY = 300


class Yawns:
    """Follows one person's mouth."""

    def __init__(self) -> None:
        self._rest: deque[float] = deque(maxlen=_MEMORY)
        self._sampled_s = float("-inf")
        self._last_s = float("-inf")
        self._start_s: float | None = None

    def step(self, face: Face) -> tuple[float, float] | None:
        """Take in one frame; return start and end of the yawn that it ends."""
        return None

    def lapse(self, t_s: float) -> tuple[float, float] | None:
        return None

    def finish(self) -> tuple[float, float] | None:
        return None
