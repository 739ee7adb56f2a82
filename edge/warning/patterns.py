"""What sounds: one table of signals that are told apart by rhythm and pitch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.messages import Level

Signal = Literal["ready", "blind", "advisory", "warning", "critical", "emergency"]

BLIND_AGAIN_S = 600.0
"""A failure is told every 10 minutes while it lasts (Regulation (EU) 2023/2590, 3.5)."""


@dataclass(frozen=True, slots=True)
class Tone:
    """One tone and the silence after it."""

    hz: float
    length_s: float
    pause_s: float = 0.0
    soft: bool = False
    """It dies away like a bell; else it stands like a horn."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of the table."""

    meaning: str
    tones: tuple[Tone, ...]
    below_db: float = 0.0
    """How much softer than `warning.volume` it is."""
    again_s: float | None = None
    """Silence before it is repeated; None: it sounds once."""
    rise_db: float = 0.0
    """How much louder each repetition is, up to `warning.loudest`."""

    @property
    def length_s(self) -> float:
        """Of one repetition, without the silence before the next."""
        return sum(tone.length_s + tone.pause_s for tone in self.tones)


PATTERNS: dict[Signal, Pattern] = {
    "ready": Pattern(
        "the box watches: two soft tones, rising", (Tone(523, 0.16, 0.02, soft=True), Tone(784, 0.3, soft=True)), 12.0
    ),
    "blind": Pattern(
        "the box cannot see you: three low tones, falling",
        (Tone(392, 0.25, 0.05, soft=True), Tone(330, 0.25, 0.05, soft=True), Tone(262, 0.5, soft=True)),
        6.0, again_s=BLIND_AGAIN_S,
    ),
    "advisory": Pattern("one soft chime", (Tone(880, 0.5, soft=True),), 12.0),
    "warning": Pattern("two chimes", (Tone(1047, 0.3, 0.08, soft=True), Tone(1047, 0.5, soft=True)), 6.0),
    "critical": Pattern(
        "four short, high pulses, again and again, each time louder", (Tone(1480, 0.1, 0.05),) * 4,
        again_s=0.3, rise_db=2.0,
    ),
    "emergency": Pattern(
        "two tones in turn without a pause", (Tone(1480, 0.2), Tone(1110, 0.2)), again_s=0.0, rise_db=1.0
    ),
}  # fmt: skip
"""Pitches lie within 260 to 1500 Hz, where hearing that has aged and small speakers both still work; chosen, as are
rhythms and loudness: urgency grows with pulse rate, pitch and level (Edworthy, Loxley and Dennis 1991)."""

SIGNAL_OF: dict[Level, Signal] = {
    Level.ADVISORY: "advisory",
    Level.WARNING: "warning",
    Level.CRITICAL: "critical",
    Level.EMERGENCY: "emergency",
}
"""The signal of each level."""

QUIET_DB = 12.0
"""How much softer the signals below critical are in the quiet hours."""
NEVER_QUIET: tuple[Signal, ...] = ("critical", "emergency")
