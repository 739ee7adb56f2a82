"""When a transcript must not be believed: pure tests on what the decoding gave.

Whisper invents words on noise and repeats itself when it has lost the place. The first three thresholds are those of
its reference implementation (Radford et al. 2022, section 4.5).
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence

from edge.speech.decoding import Hypothesis

NO_SPEECH = 0.6
LEAST_AVERAGE = -1.0
MOST_COMPRESSION = 2.4
LOOP_TURNS = 3
LOOP_TOKENS = 15
"""A loop is a stretch said at least `LOOP_TURNS` times in a row, over at least so many tokens together."""


def objection(hypothesis: Hypothesis, text: str, no_speech: float) -> str | None:
    """Return why the words of `hypothesis` are not to be believed, or None."""
    if not hypothesis.finished:
        return "it does not end"
    if hypothesis.average < LEAST_AVERAGE:
        return "it is a guess"
    if compression_ratio(text) > MOST_COMPRESSION or has_loop(hypothesis.tokens):
        return "it repeats itself"
    if not any(character.isalnum() for character in text):
        return "it has no word"
    return None


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
