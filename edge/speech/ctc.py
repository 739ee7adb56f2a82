"""Speech to text with a CTC model: what was said in one utterance, or None."""

from __future__ import annotations

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import Transcript, Utterance
from edge.speech.chinese import simplify
from edge.speech.ctc_decoding import GreedyCtc
from edge.speech.ctc_model import Listener, describe, open_listener
from edge.speech.ctc_tokens import read_vocabulary, script_language
from edge.speech.guards import LEAST_AVERAGE

_ROLE = "asr"


class CtcTranscriber:
    """The bundle's CTC model; no memory from one utterance to the next."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        self._description = describe(bundle.role(_ROLE).preprocessing)
        self._vocabulary = read_vocabulary(bundle.table(_ROLE, "vocabulary"))
        self._listener: Listener = open_listener(bundle.session(_ROLE), self._description)
        self._languages = config.languages

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """Return the words in simplified characters; None where nothing was said that can be believed.

        What is written in the script of a language that is not wanted has no words.

        Of Whisper's guards the mean log probability and the lack of any letter apply. Loops are no sign of trouble
        here: every token stands for sound of its own, and `one one one one` is what was said.
        """
        decoder = GreedyCtc(self._vocabulary.blank, self._description.frame_s)
        for log_probs in self._listener.listen(utterance.samples):
            decoder.read(log_probs)
        hypothesis = decoder.hypothesis
        text = self._vocabulary.text(hypothesis.tokens)
        language = script_language(text)
        if not hypothesis.average >= LEAST_AVERAGE or not any(character.isalnum() for character in text):
            return None
        return Transcript(
            t_s=utterance.end_s,
            start_s=utterance.start_s,
            end_s=utterance.end_s,
            text=simplify(text) if language in self._languages else "",
            language=language,
            confidence=hypothesis.confidence,
        )
