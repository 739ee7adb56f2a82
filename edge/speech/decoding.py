"""Beam search over a stateful decoder (deterministic; greedy with one beam), and simplified Chinese characters."""

from __future__ import annotations

import functools
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
