"""Greedy decoding of connectionist temporal classification: frames in, tokens with their times out.

Graves et al. 2006, "Connectionist Temporal Classification", section 3.2 (best path decoding): the best token of each
frame, equal neighbours counted once, blanks left out.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from edge.messages import Float32
from edge.speech.decoding import Hypothesis


@dataclass(frozen=True, slots=True)
class TimedToken:
    """A token and where it was heard; times are seconds from the beginning of the sound."""

    token: int
    start_s: float
    end_s: float
    log_probability: float
    """The highest of its frames: a token is a peak among blanks, and its edges say little of it."""


class GreedyCtc:
    """Reads frames as they come; how they are cut into pieces cannot change what is read."""

    def __init__(self, blank: int, frame_s: float) -> None:
        self._blank = blank
        self._frame_s = frame_s
        self._frames = 0
        self._last = blank
        self._tokens: list[TimedToken] = []

    @property
    def tokens(self) -> tuple[TimedToken, ...]:
        """What was read so far."""
        return tuple(self._tokens)

    @property
    def hypothesis(self) -> Hypothesis:
        """The same as a finished sequence of tokens: it ends with the sound."""
        return Hypothesis(
            tuple(token.token for token in self._tokens),
            tuple(token.log_probability for token in self._tokens),
            finished=True,
        )

    def read(self, log_probs: Float32) -> None:
        """Take the next frames, log probabilities [frames, vocabulary]."""
        if not len(log_probs):
            return
        best = log_probs.argmax(axis=1)
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = [*starts[1:], len(best)]
        for start, end in zip(starts, ends, strict=True):
            token = int(best[start])
            self._hear(token, int(start), int(end), float(log_probs[start:end, token].max()))
        self._frames += len(best)

    def _hear(self, token: int, start: int, end: int, log_probability: float) -> None:
        """One run of equal frames, `start` and `end` counted in this piece."""
        end_s = (self._frames + end) * self._frame_s
        if token != self._blank and token == self._last:
            before = self._tokens.pop()
            best = max(before.log_probability, log_probability)
            self._tokens.append(dataclasses.replace(before, end_s=end_s, log_probability=best))
        elif token != self._blank:
            start_s = (self._frames + start) * self._frame_s
            self._tokens.append(TimedToken(token, start_s, end_s, log_probability))
        self._last = token
