"""The transcriber of a bundle: Whisper or a CTC model, whichever its role `asr` holds."""

from __future__ import annotations

from typing import Protocol

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import Transcript, Utterance
from edge.speech.ctc import CtcTranscriber
from edge.speech.ctc_model import PREPROCESSING
from edge.speech.whisper import WhisperTranscriber


class Transcriber(Protocol):
    """Speech to text."""

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """The words of one utterance; None where nothing was said that can be believed."""
        ...


def load_transcriber(bundle: Bundle, config: SpeechConfig) -> Transcriber:
    """The one that the manifest's `preprocessing` asks for."""
    if PREPROCESSING in bundle.role("asr").preprocessing:
        return CtcTranscriber(bundle, config)
    return WhisperTranscriber(bundle, config)
