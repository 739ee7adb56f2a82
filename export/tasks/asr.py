"""Speech recognition: the character error rate of the box's recognizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.whisper import WhisperDecoder, WhisperModel, WhisperTokens
from edge.text.sentiment import LANGUAGES
from export.export_job import EvaluationTask
from export.sample_speech import character_error_rate


def task(tokens: WhisperTokens, pieces: Sequence[Float32], said: Path, data: str, tolerance: float) -> EvaluationTask:
    """`said` is a text file with the words of all pieces, one after the other."""
    words = said.read_text(encoding="utf-8")

    def score(sessions: Mapping[str, Session]) -> float:
        model = WhisperModel(sessions["encoder"], sessions["decoder"])
        return character_error_rate([(words, " ".join(transcribe(model, tokens, pieces)))])

    return EvaluationTask("character error rate", "1", "lower", tolerance, score, len(pieces), data)


def transcribe(model: WhisperModel, tokens: WhisperTokens, pieces: Sequence[Float32]) -> list[str]:
    """The words of each piece; none where none can be believed."""
    recognizer = WhisperDecoder(model, tokens, LANGUAGES)
    heard = [recognizer.recognize(piece) for piece in pieces]
    return [look.text if look and look.tongue.ours else "" for look in heard]
