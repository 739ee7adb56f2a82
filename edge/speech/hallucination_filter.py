"""The hallucination filter: pure tests on the decoder's output that reject invented transcripts.

Whisper invents words on noise and repeats itself when it has lost the place.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

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
"""Below it a second pass is worth its time: one AISHELL-1 utterance in nine."""
LOOP_TURNS = 3
LOOP_TOKENS = 15
"""A loop is a stretch said at least `LOOP_TURNS` times in a row, over at least `LOOP_TOKENS` tokens together."""
KEPT_TURNS = 2
"""Turns of a loop that are kept: a person who calls for help does so more than once."""


def is_silence(no_speech: float, average: float, looped: bool = False) -> bool:
    """Whether the audio has no speech, by its probability and the average log probability of the words.

    Words of a loop are not evidence of speech: then the probability decides alone.
    """
    return no_speech > NO_SPEECH and (looped or average < LEAST_AVERAGE_IN_DOUBT)


def believable(hypothesis: Hypothesis, text: str, looped: bool = False) -> bool:
    """Whether the words are finished, probable enough, without a loop, and with at least one letter.

    Words before a loop must be sure.
    """
    return (
        hypothesis.finished
        and hypothesis.average >= (SURE_AVERAGE if looped else LEAST_AVERAGE)
        and compression_ratio(text) <= MOST_COMPRESSION
        and not has_loop(hypothesis.tokens)
        and any(character.isalnum() for character in text)
    )


@dataclass(frozen=True, slots=True)
class LoopCut:
    """A hypothesis cut at its first loop."""

    before: Hypothesis
    """The words before the loop, or its first turns if there are none; finished."""
    tokens: tuple[int, ...]
    """The same with `KEPT_TURNS` turns of the loop."""


def cut_loop(hypothesis: Hypothesis) -> LoopCut | None:
    """The hypothesis up to its first loop, or None if it has no loop."""
    found = _loop(hypothesis.tokens)
    if found is None:
        return None
    start, period = found
    end = start + KEPT_TURNS * period
    sure = start or end
    before = Hypothesis(hypothesis.tokens[:sure], hypothesis.log_probabilities[:sure], finished=True)
    return LoopCut(before, hypothesis.tokens[:end])


def compression_ratio(text: str) -> float:
    """Size of the text over its size compressed; repetition compresses well."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def has_loop(tokens: Sequence[Hashable]) -> bool:
    """Whether a stretch of any length is repeated in a row too often to be speech."""
    return _loop(tokens) is not None


def _loop(tokens: Sequence[Hashable]) -> tuple[int, int] | None:
    """The first token of a loop and the length of a turn, the shortest that loops."""
    for period in range(1, len(tokens) // LOOP_TURNS + 1):
        needed = max(LOOP_TURNS * period, LOOP_TOKENS)
        run = period
        for place in range(period, len(tokens)):
            run = run + 1 if tokens[place] == tokens[place - period] else period
            if run >= needed:
                return place + 1 - run, period
    return None
