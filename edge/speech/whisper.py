"""Speech to text: what was said in one utterance, or None."""

from __future__ import annotations

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import Transcript, Utterance
from edge.speech.recognizer import Recognizer
from edge.speech.whisper_model import WhisperModel
from edge.speech.whisper_tokens import WhisperTokens

_ROLE = "asr"


class WhisperTranscriber:
    """The bundle's Whisper; no memory from one utterance to the next."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        model = WhisperModel(bundle.session(_ROLE, "encoder"), bundle.session(_ROLE, "decoder"))
        tokens = WhisperTokens(bundle.table(_ROLE, "tokenizer"), bundle.table(_ROLE, "decoding"))
        self._recognizer = Recognizer(model, tokens, config.language)

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """Return the words in simplified characters; None where nothing was said that can be believed."""
        heard = self._recognizer.recognize(utterance.samples)
        if heard is None:
            return None
        return Transcript(
            t_s=utterance.end_s,
            start_s=utterance.start_s,
            end_s=utterance.end_s,
            text=heard.text,
            language=heard.language,
            confidence=heard.hypothesis.confidence,
        )
