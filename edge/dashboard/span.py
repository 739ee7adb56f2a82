"""The stretch of time that the timeline page shows; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.dashboard.data.aggregates import MAX_STEPS
from edge.dashboard.data.calendar import Day

WINDOWS_S = (600.0, 3600.0, 8 * 3600.0, 24 * 3600.0)
_SHORTEST_S = 60.0
_LONGEST_S = 48 * 3600.0
_STEP = 0.5
"""How much of the stretch a step to earlier or later goes."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """`end_s` None follows the present; `zoom` is the part of it that is zoomed into, as shares from 0 to 1."""

    length_s: float = WINDOWS_S[0]
    end_s: float | None = None
    zoom: tuple[float, float] = (0.0, 1.0)

    def ends(self, now_s: float) -> tuple[float, float]:
        """Unix seconds."""
        end_s = now_s if self.end_s is None else self.end_s
        return end_s - self.length_s, end_s

    def zoomed(self, now_s: float) -> tuple[float, float]:
        """The ends of what is zoomed into."""
        start_s, _ = self.ends(now_s)
        return start_s + self.zoom[0] * self.length_s, start_s + self.zoom[1] * self.length_s

    def moved(self, steps: int, now_s: float) -> TimeWindow:
        """Earlier or later; the present is followed again when it is reached."""
        end_s = self.ends(now_s)[1] + steps * _STEP * self.length_s
        return replace(self, end_s=None if end_s >= now_s else end_s, zoom=(0.0, 1.0))

    def scaled(self, factor: float, now_s: float) -> TimeWindow:
        """Longer or shorter around its middle; one that follows the present keeps its end."""
        length_s = min(max(self.length_s * factor, _SHORTEST_S), _LONGEST_S)
        end_s = None if self.end_s is None else self.end_s + (length_s - self.length_s) / 2
        return TimeWindow(length_s, None if end_s is not None and end_s >= now_s else end_s)

    @classmethod
    def around(cls, start_s: float, end_s: float) -> TimeWindow:
        """A stretch with some room on both sides."""
        length_s = max(1.1 * (end_s - start_s), _SHORTEST_S)
        return cls(length_s, (start_s + end_s + length_s) / 2)

    def of_day(self, day: Day) -> TimeWindow:
        """A whole day."""
        return TimeWindow(day.end_s - day.start_s, day.end_s)

    @property
    def redraw_s(self) -> float:
        """How long a drawing stays good: a step of the chart, or for the past a long time."""
        return max(1.0, self.length_s / MAX_STEPS) if self.end_s is None else 3600.0
