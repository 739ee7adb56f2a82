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
from edge.speech.decoding import LEAST_AVERAGE, simplify
from edge.speech.whisper import WhisperDecoder, WhisperModel, WhisperTokens

_ROLE = "asr"


class WhisperTranscriber:
    """The bundle's Whisper; stateless between utterances."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        model = WhisperModel(bundle.session(_ROLE, "encoder"), bundle.session(_ROLE, "decoder"))
        tokens = WhisperTokens(bundle.table(_ROLE, "tokenizer"), bundle.table(_ROLE, "decoding"))
        self._decoder = WhisperDecoder(model, tokens, config.languages)

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """Return the transcript in simplified characters; None if no transcript can be believed.

        The text is empty if the language is not configured; the confidence is then that of the language.
        """
        candidate = self._decoder.decode(utterance.samples)
        if candidate is None:
            return None
        times = utterance.end_s, utterance.start_s, utterance.end_s
        if not candidate.language.configured:
            return Transcript(*times, "", candidate.language.name, candidate.language.probability)
        return Transcript(*times, candidate.text, candidate.language.name, candidate.hypothesis.confidence)


class CtcTranscriber:
    """The bundle's CTC model; stateless between utterances."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        self._description = describe(bundle.role(_ROLE).preprocessing)
        self._vocabulary = read_vocabulary(bundle.table(_ROLE, "vocabulary"))
        self._listener: AcousticModel = open_acoustic_model(bundle.session(_ROLE), self._description)
        self._languages = config.languages

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """Return the transcript in simplified characters; None if no transcript can be believed.

        The text is empty if its script is that of a language that is not configured.

        Of the hallucination filter, the mean log probability and the check for letters apply. Loops are normal here:
        every token has its own audio, and a person may really say `one one one one`.
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
        """The transcript of one utterance; None if no transcript can be believed."""
        ...


def load_transcriber(bundle: Bundle, config: SpeechConfig) -> Transcriber:
    """The transcriber that fits the manifest's `preprocessing`."""
    if PREPROCESSING in bundle.role("asr").preprocessing:
        return CtcTranscriber(bundle, config)
    return WhisperTranscriber(bundle, config)
