"""From sound to words with a Whisper model: windows, language, search, and a second look when in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.chinese import simplify
from edge.speech.decoding import Hypothesis, Rules, search
from edge.speech.guards import SURE_AVERAGE, believable, nobody_speaks
from edge.speech.log_mel import log_mel
from edge.speech.whisper_model import WhisperModel
from edge.speech.whisper_tokens import WhisperTokens

WINDOWS_S = (10.0, 15.0, 20.0, 25.0, 30.0)
"""Lengths to which sound is padded. Whisper-base was trained on 30 s and loops below 10 s; in between shorter is as
good: on 120 AISHELL-1 utterances CER .144 with 10 s, .150 with 15 s, .157 with 30 s."""
_SILENCE_S = 1.0
"""Silence left after the speech, so that its end is heard."""
BEAMS = 5
"""As in Whisper's reference; on 60 AISHELL-1 utterances CER .136 against .146 with one, for a fifth more time."""
_TOKENS_PER_S = 14
_TOKENS_MORE = 16
"""No one speaks faster: 14 tokens are 8 to 14 Chinese characters or 10 English words."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The words of one look at the sound, simplified, and what speaks for them."""

    text: str
    language: str
    hypothesis: Hypothesis
    no_speech: float
    """Probability that nobody speaks."""


class Recognizer:
    """Whisper's decoding, without memory from one sound to the next."""

    def __init__(self, model: WhisperModel, tokens: WhisperTokens, language: Literal["auto", "zh", "en"]) -> None:
        self._model = model
        self._tokens = tokens
        self._language = language

    def recognize(self, samples: Float32) -> Heard | None:
        """Return the words in at most 29 s of sound, or None where none can be believed.

        Words that are unsure in the shortest window are looked for again in the full one; the better look counts.
        """
        window_s = _window_s(len(samples) / SAMPLE_RATE_HZ)
        first = self.look(samples, window_s)
        if nobody_speaks(first.no_speech, first.hypothesis.average):
            return None
        looks = [first] if believable(first.hypothesis, first.text) else []
        if (not looks or first.hypothesis.average < SURE_AVERAGE) and window_s < WINDOWS_S[-1]:
            second = self.look(samples, WINDOWS_S[-1])
            nobody = nobody_speaks(second.no_speech, second.hypothesis.average)
            looks += [second] if believable(second.hypothesis, second.text) and not nobody else []
        return max(looks, key=lambda look: look.hypothesis.average, default=None)

    def look(self, samples: Float32, window_s: float) -> Heard:
        """Decode the sound padded to `window_s` seconds, believable or not."""
        tokens = self._tokens
        memory = self._model.encode(log_mel(samples, window_s))
        logits, memory = self._model.step(np.array([[tokens.start]]), memory)
        language: str = self._language
        if language == "auto":
            language = max(tokens.languages, key=lambda name: float(logits[0, tokens.languages[name]]))
        no_speech = float(1.0 / np.exp(logits[0] - logits[0, tokens.no_speech]).sum())
        logits, memory = self._model.step(np.array([tokens.task(language)]), memory)
        most = _TOKENS_MORE + round(_TOKENS_PER_S * len(samples) / SAMPLE_RATE_HZ)
        rules = Rules(tokens.never, tokens.never_first, most)
        hypothesis = search(self._model, logits, memory, rules, BEAMS)
        return Heard(simplify(tokens.text(hypothesis.tokens)), language, hypothesis, no_speech)


def _window_s(duration_s: float) -> float:
    for window_s in WINDOWS_S:
        if duration_s + _SILENCE_S <= window_s:
            return window_s
    raise ValueError(
        f"{duration_s:.1f} s of sound do not fit Whisper's {WINDOWS_S[-1]:.0f} s: cut it, as the segmenter does"
    )
