"""Task metric of role `asr`: the character error rate of Whisper; also real inputs of its decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.whisper import BEAMS, WINDOWS_S, WhisperDecoder, WhisperModel, WhisperTokens, feeds
from edge.text.sentiment import LANGUAGES
from export.export_job import EvaluationTask, Feeds
from export.sample_speech import SpokenSample, recognition_task

MEANINGS = {
    "mel": "log-mel spectrogram of 10 to 30 s, edge.speech.log_mel, about -1..1.5",
    "ids": "tokens of n hypotheses, t at once",
    "logits": "of the token that follows the last one",
}
PREPROCESSING = {"log_mel": "edge.speech.log_mel", "windows_s": list(WINDOWS_S), "beams": BEAMS}
_STEPS = 6
"""Number of steps after which the decoder's cache is that of a longer sentence."""


def listed_task(tokens: WhisperTokens, spoken: Sequence[SpokenSample], data: str, tolerance: float) -> EvaluationTask:
    """The character error rate on a list of recordings, each with its own text."""

    def recognizer(sessions: Mapping[str, Session]) -> Callable[[Float32], str]:
        model = WhisperModel(sessions["encoder"], sessions["decoder"])
        return lambda samples: transcribe(model, tokens, [samples])[0]

    return recognition_task(spoken, recognizer, data, tolerance)


def transcribe(model: WhisperModel, tokens: WhisperTokens, pieces: Sequence[Float32]) -> list[str]:
    """The transcript of each recording; empty if none can be believed."""
    recognizer = WhisperDecoder(model, tokens, LANGUAGES)
    transcripts = [recognizer.decode(piece) for piece in pieces]
    return [look.text if look and look.language.configured else "" for look in transcripts]


def decoder_feeds(model: WhisperModel, tokens: WhisperTokens, mel: Float32) -> list[Feeds]:
    """Inputs of the first greedy steps after the task tokens; the last one is the longest."""
    memory = model.encode(mel)
    ids = np.array([[tokens.start, *tokens.task("en")]])
    steps = []
    for _ in range(_STEPS):
        logits, memory = model.step(ids, memory)
        ids = logits[:, : tokens.end].argmax(axis=1)[:, None]
        steps.append(feeds(ids, memory))
    return steps
