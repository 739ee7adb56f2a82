"""Speech to text: the transcript of one utterance, by the Whisper or CTC model of the bundle's role `asr`."""

from __future__ import annotations

from typing import Protocol

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import Transcript, Utterance
from edge.speech.ctc import (
    PREPROCESSING,
    AcousticModel,
    GreedyCtc,
    describe,
    open_acoustic_model,
    read_vocabulary,
    script_language,
)
from edge.speech.decoding import simplify
from edge.speech.hallucination_filter import LEAST_AVERAGE
from edge.speech.whisper import WhisperDecoder, WhisperModel, WhisperTokens

_ROLE = "asr"


class WhisperTranscriber:
    """The bundle's Whisper; no memory from one utterance to the next."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        model = WhisperModel(bundle.session(_ROLE, "encoder"), bundle.session(_ROLE, "decoder"))
        tokens = WhisperTokens(bundle.table(_ROLE, "tokenizer"), bundle.table(_ROLE, "decoding"))
        self._recognizer = WhisperDecoder(model, tokens, config.languages)

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


class CtcTranscriber:
    """The bundle's CTC model; no memory from one utterance to the next."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        self._description = describe(bundle.role(_ROLE).preprocessing)
        self._vocabulary = read_vocabulary(bundle.table(_ROLE, "vocabulary"))
        self._listener: AcousticModel = open_acoustic_model(bundle.session(_ROLE), self._description)
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
