"""Speech to text: what was said in one utterance, or None."""

from __future__ import annotations

import numpy as np

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Float32, Transcript, Utterance
from edge.speech.chinese import simplify
from edge.speech.decoding import Hypothesis, Rules, search
from edge.speech.guards import objection
from edge.speech.log_mel import log_mel
from edge.speech.whisper_model import ROLE, WhisperModel
from edge.speech.whisper_tokens import WhisperTokens

WINDOWS_S = (10.0, 15.0, 20.0, 25.0, 30.0)
"""Lengths to which sound is padded: shorter than 10 s Whisper-base loops, 30 s is what it was trained on."""
_SILENCE_S = 1.0
"""Silence that must be left after the speech, or Whisper does not find its end."""
BEAMS = 5
_TOKENS_PER_S = 14
_TOKENS_MORE = 16
"""No one speaks faster: 14 tokens are 8 to 14 Chinese characters or 10 English words."""


class WhisperTranscriber:
    """Turns utterances into transcripts; no memory from one to the next."""

    def __init__(self, bundle: Bundle, config: SpeechConfig) -> None:
        self._model = WhisperModel(bundle)
        self._tokens = WhisperTokens(bundle.table(ROLE, "tokenizer"), bundle.table(ROLE, "decoding"))
        self._language = config.language

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """Return the words in simplified characters; None where nothing was said that can be believed."""
        duration_s = len(utterance.samples) / SAMPLE_RATE_HZ
        windows = [window for window in WINDOWS_S if window >= duration_s + _SILENCE_S]
        for window_s in dict.fromkeys((*windows[:1], WINDOWS_S[-1])):
            language, no_speech, hypothesis = self._decode(utterance.samples, window_s)
            text = simplify(self._tokens.text(hypothesis.tokens))
            if objection(hypothesis, text, no_speech) is None:
                return Transcript(
                    utterance.end_s, utterance.start_s, utterance.end_s, text, language, hypothesis.confidence
                )
        return None

    def _decode(self, samples: Float32, window_s: float) -> tuple[str, float, Hypothesis]:
        """The language, the probability that nobody speaks, and the best hypothesis."""
        tokens = self._tokens
        memory = self._model.encode(log_mel(samples, window_s))
        logits, memory = self._model.step(np.array([[tokens.start]]), memory)
        no_speech = float(np.exp(logits[0] - logits.max())[tokens.no_speech] / np.exp(logits[0] - logits.max()).sum())
        language: str = self._language
        if language == "auto":
            language = max(tokens.languages, key=lambda name: float(logits[0, tokens.languages[name]]))
        logits, memory = self._model.step(np.array([tokens.task(language)]), memory)
        most = _TOKENS_MORE + round(_TOKENS_PER_S * len(samples) / SAMPLE_RATE_HZ)
        rules = Rules(tokens.never, tokens.never_first, most)
        return language, no_speech, search(self._model, logits, memory, rules, BEAMS)
