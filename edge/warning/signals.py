"""The signals that sound in the cab: one table by rhythm and pitch, and their rendering as samples (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.messages import Float32, Level

Signal = Literal["ready", "blind", "advisory", "warning", "critical", "emergency"]

BLIND_AGAIN_S = 600.0
"""A failure is signalled every 10 minutes while it lasts (Regulation (EU) 2023/2590, 3.5)."""


_RAMP_S = 0.005
"""Rise and fall of a tone: without them it clicks."""
_DECAYS = 4.0
"""A soft tone fades to e^-4 (2 %) at its end."""
_PARTIALS = ((1, 1.0), (2, 0.35), (3, 0.15))
"""A pure sine is hard to locate and easily drowned by one engine order: two overtones are mixed in."""


@dataclass(frozen=True, slots=True)
class Tone:
    """One tone and the silence after it."""

    hz: float
    length_s: float
    pause_s: float = 0.0
    soft: bool = False
    """It fades like a bell; otherwise it is constant like a horn."""


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
    spoken_every: int = 1
    """With 4, a phrase follows the tones of the first, fifth, ninth repetition: the rhythm stays."""

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
        again_s=0.3, rise_db=2.0, spoken_every=4,
    ),
    "emergency": Pattern(
        "two tones in turn without a pause", (Tone(1480, 0.2), Tone(1110, 0.2)),
        again_s=0.0, rise_db=1.0, spoken_every=4,
    ),
}  # fmt: skip
"""Pitches lie within 260 to 1500 Hz: older people hear them, and small speakers play them. Urgency grows with pulse
rate, pitch and level (Edworthy, Loxley and Dennis 1991); the values themselves are chosen."""

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


def tone(what: Tone, rate_hz: int) -> Float32:
    """The tone and the silence after it, its peak at most 1 (a soft one's a little less)."""
    count = round(what.length_s * rate_hz)
    t_s = np.arange(count) / rate_hz
    wave = np.sum([share * np.sin(2 * np.pi * n * what.hz * t_s) for n, share in _PARTIALS], axis=0)
    wave /= np.abs(wave).max()
    ramp = min(round(_RAMP_S * rate_hz), count // 2)
    envelope = np.exp(-_DECAYS * t_s / what.length_s) if what.soft else np.ones(count)
    envelope[:ramp] *= np.linspace(0.0, 1.0, ramp, endpoint=False)
    envelope[count - ramp :] *= np.linspace(1.0, 0.0, ramp)
    return np.concatenate([wave * envelope, np.zeros(round(what.pause_s * rate_hz))]).astype(np.float32)


def render(pattern: Pattern, rate_hz: int) -> Float32:
    """One repetition of a pattern."""
    return np.concatenate([tone(what, rate_hz) for what in pattern.tones])
