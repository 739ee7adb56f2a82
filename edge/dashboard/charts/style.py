"""Colours and text sizes of all charts, pages and reports, the badge of a level, and how a line breaks at a gap.

A level differs from the others in lightness, and carries the first letter of its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from edge.affect.fusion import POLARITIES
from edge.dashboard.data.events import GAP_S
from edge.i18n.texts import Labels
from edge.messages import Level

Options = dict[str, Any]
"""Options of one chart, as ECharts reads them."""

INK = "currentColor"
"""Text and lines take the colour of the page around the chart, dark or light."""
TEXT_PX = 14
"""Readable on a 7-inch screen at arm's length."""
FAINT = {"color": INK, "opacity": 0.15}

LEVEL_COLOURS: dict[Level, str] = {
    Level.NONE: "#1f7561",
    Level.ADVISORY: "#ffe349",
    Level.WARNING: "#e67300",
    Level.CRITICAL: "#b41600",
    Level.EMERGENCY: "#4c0045",
}
"""Any two of them, and `UNKNOWN_COLOUR`, differ by a CIEDE2000 of 15 or more, also to eyes without green, red or blue
cones (tests/dashboard/test_charts_style.py)."""
UNKNOWN_COLOUR = "#a2a2a2"
SCORE_COLOUR = "#3b82f6"
PERCLOS_COLOUR = "#8b5cf6"
NOISE_COLOUR = "#0f9f9a"
OPENNESS_COLOUR = "#0f9f9a"

MODALITY_COLOURS = {"text": "#8b5cf6", "audio": "#0f9f9a", "vision": "#e8710a"}

EMOTION_COLOURS = {
    "angry": "#c62828",
    "anxious": "#ef6c00",
    "tired": "#8d6e63",
    "neutral": "#78909c",
    "relaxed": "#26a69a",
    "happy": "#7cb342",
    "excited": "#fbc02d",
}
POLARITY_COLOURS = dict(
    zip([word.en for word in POLARITIES], ("#c62828", "#ef6c00", "#78909c", "#26a69a", "#7cb342"), strict=True)
)
"""From negative to positive."""

_GAP_STEPS = 2.5
"""A line breaks where the distance to the next point exceeds this many steps of its neighbours."""
_DARK_INK, _LIGHT_INK = "#15181c", "#ffffff"
_ON_DARK = frozenset({Level.NONE, Level.CRITICAL, Level.EMERGENCY})


def level_colour(level: Level | None) -> str:
    """None is unknown."""
    return UNKNOWN_COLOUR if level is None else LEVEL_COLOURS[level]


def letter_colour(level: Level | None) -> str:
    """The text colour on the colour of a level."""
    return _LIGHT_INK if level in _ON_DARK else _DARK_INK


def badge(level: Level | None, labels: Labels) -> str:
    """CSS of an element with the badge of a level: its colour, and the first letter of its label, `✓` for none."""
    letter = "?" if level is None else labels(level.name.lower())[0].upper() if level else "✓"
    return f'--level: {level_colour(level)}; --on: {letter_colour(level)}; --letter: "{letter}"'


def milliseconds(t_s: float) -> int:
    """A time as ECharts counts it."""
    return round(1000 * t_s)


def gap_indexes(times_ms: Sequence[int], min_gap_s: float = GAP_S) -> list[int]:
    """Indexes of the points that follow a gap: longer than `min_gap_s` and than the steps beside it."""
    steps = [after - before for before, after in itertools.pairwise(times_ms)]
    found = []
    for number, step in enumerate(steps, start=1):
        beside = [*steps[max(0, number - 2) : number - 1], *steps[number : number + 1]]
        if step > max(1000 * min_gap_s, _GAP_STEPS * min(beside, default=0)):
            found.append(number)
    return found


def with_gaps(points: Sequence[tuple[int, float | None]], min_gap_s: float = GAP_S) -> list[list[float | None]]:
    """`points` (ms, value) as a line that breaks where records are missing."""
    line: list[list[float | None]] = [[t_ms, value] for t_ms, value in points]
    for number in reversed(gap_indexes([t_ms for t_ms, _ in points], min_gap_s)):
        line.insert(number, [points[number - 1][0] + 1, None])
    return line
