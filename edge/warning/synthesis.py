"""Tones as samples; pure, rendered once before anything has to sound."""

from __future__ import annotations

import numpy as np

from edge.messages import Float32
from edge.warning.patterns import Pattern, Tone

_RAMP_S = 0.005
"""Rise and fall of a tone: without them it clicks."""
_DECAYS = 4.0
"""A soft tone dies away to e^-4 (2 %) at its end."""
_PARTIALS = ((1, 1.0), (2, 0.35), (3, 0.15))
"""A pure sine is hard to locate and easily drowned by one engine order: two overtones are mixed in."""


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
