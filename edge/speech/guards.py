"""When a transcript must not be believed: pure tests on what the decoding gave.

Whisper invents words on noise and repeats itself when it has lost the place.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence

from edge.speech.decoding import Hypothesis

LEAST_AVERAGE = -1.0
MOST_COMPRESSION = 2.4
"""Thresholds of Whisper's reference implementation (Radford et al. 2022, section 4.5)."""
NO_SPEECH = 0.5
LEAST_AVERAGE_IN_DOUBT = -0.7
"""Measured with Whisper-base int8: white, pink and brown noise, hum, engine sound, digital silence and the pauses of
AISHELL-1 lie above the one and below the other, or below `LEAST_AVERAGE`. So do 1 of 24 AISHELL-1 utterances with pink
noise at 5 dB, none at 10 dB, and 10 of 80 single spoken digits of telephone quality.
"""
SURE_AVERAGE = -0.5
"""Below it a second look is worth its time: one AISHELL-1 utterance in nine."""
LOOP_TURNS = 3
LOOP_TOKENS = 15
"""A loop is a stretch said at least `LOOP_TURNS` times in a row, over at least so many tokens together."""


def nobody_speaks(no_speech: float, average: float) -> bool:
    """Whether the sound holds no speech, by its probability and the average log probability of the words."""
    return no_speech > NO_SPEECH and average < LEAST_AVERAGE_IN_DOUBT


def believable(hypothesis: Hypothesis, text: str) -> bool:
    """Whether the words came to an end, are no mere guess, and neither loop nor lack a letter."""
    return (
        hypothesis.finished
        and hypothesis.average >= LEAST_AVERAGE
        and compression_ratio(text) <= MOST_COMPRESSION
        and not has_loop(hypothesis.tokens)
        and any(character.isalnum() for character in text)
    )


def compression_ratio(text: str) -> float:
    """Size of the text over its size compressed; repetition compresses well."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def has_loop(tokens: Sequence[Hashable]) -> bool:
    """Whether any stretch, of whatever length, is repeated at once too often to be speech."""
    for period in range(1, len(tokens) // LOOP_TURNS + 1):
        needed = max(LOOP_TURNS * period, LOOP_TOKENS)
        run = period
        for place in range(period, len(tokens)):
            run = run + 1 if tokens[place] == tokens[place - period] else period
            if run >= needed:
                return True
    return False
