"""Shared code of all Whisper roles, and real decoder inputs, recorded during a transcription."""

from __future__ import annotations

import numpy as np

from edge.messages import Float32
from edge.speech.whisper import BEAMS, WINDOWS_S, WhisperModel, WhisperTokens, feeds
from export.export_job import Feeds

MEANINGS = {
    "mel": "log-mel spectrogram of 10 to 30 s, edge.speech.log_mel, about -1..1.5",
    "ids": "tokens of n hypotheses, t at once",
    "logits": "of the token that follows the last one",
}
PREPROCESSING = {"log_mel": "edge.speech.log_mel", "windows_s": list(WINDOWS_S), "beams": BEAMS}
_STEPS = 6
"""After these the decoder's memory is that of a sentence under way."""


def decoder_feeds(model: WhisperModel, tokens: WhisperTokens, mel: Float32) -> list[Feeds]:
    """Of the first steps after the task tokens, greedily; the last one is the longest."""
    memory = model.encode(mel)
    ids = np.array([[tokens.start, *tokens.task("en")]])
    steps = []
    for _ in range(_STEPS):
        logits, memory = model.step(ids, memory)
        ids = logits[:, : tokens.end].argmax(axis=1)[:, None]
        steps.append(feeds(ids, memory))
    return steps
