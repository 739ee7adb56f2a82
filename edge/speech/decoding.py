"""Decoding of speech: deterministic beam search, the hallucination filter, and simplified Chinese characters.

Whisper invents words on noise, and repeats itself when it has lost its position in the audio. The hallucination filter
tests the decoder's output and rejects such transcripts.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from opencc import OpenCC

from edge.messages import Float32

State = TypeVar("State", bound="Selectable")
Ids = npt.NDArray[np.int64]
CHINESE = "zh"


class Selectable(Protocol):
    """A decoder's state of n hypotheses."""

    def select(self: State, parents: Ids) -> State:
        """The state of hypotheses that continue those numbered `parents`."""
        ...


class Decoder(Protocol[State]):
    """One step of a language model."""

    def step(self, ids: Ids, memory: State) -> tuple[Float32, State]:
        """Read tokens [n, t]; return the logits [n, vocabulary] of what follows, and the new state."""
        ...


@dataclass(frozen=True, slots=True)
class DecodingRules:
    """Allowed tokens: biases over the tokens 0 to `end` (-inf forbids); the token `end` ends a hypothesis."""

    always: Float32
    first: Float32
    most_tokens: int

    @property
    def end(self) -> int:
        """The token that ends."""
        return len(self.always) - 1


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Tokens without the end token, and the log probability of each; the last one is that of the end, if reached."""

    tokens: tuple[int, ...] = ()
    log_probabilities: tuple[float, ...] = ()
    finished: bool = False

    @property
    def average(self) -> float:
        """Mean log probability of its tokens and its end."""
        return sum(self.log_probabilities) / max(len(self.log_probabilities), 1)

    @property
    def confidence(self) -> float:
        """Mean probability of its tokens."""
        return float(np.mean(np.exp(self.log_probabilities[: len(self.tokens)]))) if self.tokens else 0.0

    def then(self, token: int, log_probability: float, end: int) -> Hypothesis:
        """Continue with one token."""
        tokens = self.tokens if token == end else (*self.tokens, token)
        return Hypothesis(tokens, (*self.log_probabilities, log_probability), token == end)


def search(decoder: Decoder[State], logits: Float32, memory: State, rules: DecodingRules, beams: int) -> Hypothesis:
    """Continue from `logits` [1, vocabulary] and return the hypothesis with the best average.

    It stops when `beams` hypotheses have ended, or at `rules.most_tokens`; unfinished hypotheses count only if none has
    ended.
    """
    alive, done, bias = [Hypothesis()], list[Hypothesis](), rules.first
    while True:
        candidates = _candidates(alive, logits[:, : rules.end + 1] + bias, rules.end, beams)
        done += [hypothesis for _, hypothesis in candidates[:beams] if hypothesis.finished]
        going = [(parent, hypothesis) for parent, hypothesis in candidates if not hypothesis.finished][:beams]
        alive = [hypothesis for _, hypothesis in going]
        if len(done) >= beams or not alive or len(alive[0].tokens) >= rules.most_tokens:
            return max(done or alive, key=lambda hypothesis: hypothesis.average)
        memory = memory.select(np.array([parent for parent, _ in going]))
        logits, memory = decoder.step(np.array([[hypothesis.tokens[-1]] for hypothesis in alive]), memory)
        bias = rules.always


def _candidates(alive: list[Hypothesis], logits: Float32, end: int, beams: int) -> list[tuple[int, Hypothesis]]:
    """The best continuations of all, best first, each with the number of the hypothesis it continues."""
    found = []
    for parent, (hypothesis, row) in enumerate(zip(alive, logits, strict=True)):
        most = row.max()
        total = most + np.log(np.exp(row - most).sum())
        for _ in range(beams + 1):
            token = int(row.argmax())
            found.append((parent, hypothesis.then(token, float(row[token] - total), end)))
            row[token] = -np.inf
    return sorted(found, key=lambda pair: -sum(pair[1].log_probabilities))


@functools.cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Return `text` with traditional characters replaced by simplified ones (Whisper writes Mandarin in both)."""
    converted: str = _converter().convert(text)
    return converted


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
"""A loop is a sequence of tokens that occurs at least `LOOP_TURNS` times in a row, with at least `LOOP_TOKENS` tokens
together."""
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
