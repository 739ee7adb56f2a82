"""Task metric of role `text`: the error of the sentiment on labelled sentences outside the head's training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edge.bundle.session import Session
from edge.text.sentiment import SentenceTokens
from export.export_job import EvaluationTask


def task(
    tokens: SentenceTokens, texts: Sequence[str], scores: npt.NDArray[np.float64], data: str, tolerance: float
) -> EvaluationTask:
    """Mean absolute error of the sentiment, -1 to 1."""
    inputs = [tokens.inputs([text]) for text in texts]

    def score(sessions: Mapping[str, Session]) -> float:
        guesses = [float(sessions["model"].run(feeds, ["sentiment"])["sentiment"][0, 0]) for feeds in inputs]
        return float(np.abs(np.array(guesses) - scores).mean())

    return EvaluationTask(
        "sentiment error", "of the scale -1..1, mean absolute", "lower", tolerance, score, len(texts), data
    )
