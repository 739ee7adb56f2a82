"""Nods: the head sinks with closed eyes and jerks back."""

from __future__ import annotations

from collections import deque

from edge.fatigue.lids import Span

SUNK_DEG = 12.0
"""Drowsy nods sink 12 to 20 degrees, ordinary ones 2 to 8; the mesh measures a turn a sixth too small."""
WITHIN_S = 1.0
CLOSED_S = 0.3
"""Least time with the eyes seen closed between sinking and recovery."""
RECOVERED_DEG = 5.0
"""Nearer than this to where it came from, the head is up again."""
RECOVERED_S = 3.0


class Nods:
    """Follows one person's head pitch, positive for bent down."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._closed: deque[Span] = deque()
        self._sunk: tuple[float, float] | None = None
        """Since when, and from which pitch."""

    def lids_closed(self, span: Span) -> None:
        """Take in a span of certainly closed eyes: lids that may only follow the gaze make no nod."""
        self._closed.append(span)
        while self._closed[0].end_s < span.end_s - RECOVERED_S - WITHIN_S:
            self._closed.popleft()

    def step(self, t_s: float, pitch_deg: float) -> tuple[float, float] | None:
        """Take in one measured pitch; return start and end of the nod that it ends."""
        self._recent.append((t_s, pitch_deg))
        while self._recent[0][0] < t_s - WITHIN_S:
            self._recent.popleft()
        if self._sunk is None:
            from_deg = min(pitch for _, pitch in self._recent)
            if pitch_deg - from_deg >= SUNK_DEG:
                start_s = max(when for when, pitch in self._recent if pitch - from_deg < RECOVERED_DEG)
                self._sunk = start_s, from_deg
            return None
        start_s, from_deg = self._sunk
        if t_s - start_s <= RECOVERED_S and pitch_deg - from_deg >= RECOVERED_DEG:
            return None
        self._sunk = None
        self._recent.clear()
        nodded = t_s - start_s <= RECOVERED_S and self._closed_since(start_s) >= CLOSED_S
        return (start_s, t_s) if nodded else None

    def _closed_since(self, start_s: float) -> float:
        return sum(span.end_s - max(span.start_s, start_s) for span in self._closed if span.end_s > start_s)
