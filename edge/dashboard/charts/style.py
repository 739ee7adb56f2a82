"""The colours of pages and reports: a level is told by its place in lightness, by a letter and by its word as well."""

from __future__ import annotations

from edge.affect.words import POLARITIES
from edge.i18n.labels import Labels
from edge.messages import Level

LEVEL_COLOURS: dict[Level, str] = {
    Level.NONE: "#1f7561",
    Level.ADVISORY: "#ffe349",
    Level.WARNING: "#e67300",
    Level.CRITICAL: "#b41600",
    Level.EMERGENCY: "#4c0045",
}
"""Any two of them, and `UNKNOWN_COLOUR`, differ by a CIEDE2000 of 15 or more, also to eyes without green, red or blue
cones (tests/dashboard/test_palette.py)."""
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

_DARK_INK, _LIGHT_INK = "#15181c", "#ffffff"
_ON_DARK = frozenset({Level.NONE, Level.CRITICAL, Level.EMERGENCY})


def level_colour(level: Level | None) -> str:
    """None is unknown."""
    return UNKNOWN_COLOUR if level is None else LEVEL_COLOURS[level]


def letter_colour(level: Level | None) -> str:
    """What is read on the colour of a level."""
    return _LIGHT_INK if level in _ON_DARK else _DARK_INK


def badge(level: Level | None, labels: Labels) -> str:
    """CSS of an element with the badge of a level: its colour, and the first letter of its word."""
    letter = "?" if level is None else labels(level.name.lower())[0].upper()
    return f'--level: {level_colour(level)}; --on: {letter_colour(level)}; --letter: "{letter}"'
