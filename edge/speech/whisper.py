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
        self._recognizer = Recognizer(model, tokens, config.languages)

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """Return the words in simplified characters; None where nothing was said that can be believed.

        Speech in a language that is not wanted has no words; its confidence is that of the language.
        """
        heard = self._recognizer.recognize(utterance.samples)
        if heard is None:
            return None
        times = utterance.end_s, utterance.start_s, utterance.end_s
        if not heard.tongue.ours:
            return Transcript(*times, "", heard.tongue.name, heard.tongue.probability)
        return Transcript(*times, heard.text, heard.tongue.name, heard.hypothesis.confidence)
