"""From sound to words with a Whisper model: windows, language, search, and a second look when in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle.manifest import BundleError
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.chinese import CHINESE, simplify
from edge.speech.decoding import Hypothesis, Rules, search
from edge.speech.guards import SURE_AVERAGE, believable, cut_loop, nobody_speaks
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


_SURE = 0.5
"""Probability of a language that is not wanted from which the speech is told to be in it: at less it is read in the
likeliest of those that are wanted. Of 43 utterances of EmoDB's ten speakers all are German with .99 and more; of 97 of
AISHELL-1, CASIA, RAVDESS and GRID none is told to be in another language than Mandarin or English, of 20 single digits
of telephone quality one (.65)."""


_JOINTS = " ,，、"
"""What lies between the turns of a loop, and is left at its cut end."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language of a sound."""

    name: str
    probability: float
    """Of all languages that the model knows."""
    ours: bool
    """Whether it is one of those that are wanted."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The words of one look at the sound, simplified, and what speaks for them."""

    text: str
    tongue: Tongue
    hypothesis: Hypothesis
    no_speech: float
    """Probability that nobody speaks."""
    looped: bool = False
    """Whether a repetition was cut short; `hypothesis` is then what stands before it."""


class Recognizer:
    """Whisper's decoding, without memory from one sound to the next."""

    def __init__(self, model: WhisperModel, tokens: WhisperTokens, languages: Sequence[str]) -> None:
        """`languages` are those whose words are wanted; BundleError names one that the model does not know."""
        if unknown := [name for name in languages if name not in tokens.languages]:
            raise BundleError(
                f"speech.languages: the bundle's recognizer knows no {', '.join(unknown)}; it knows "
                f"{', '.join(sorted(tokens.languages))}"
            )
        self._model = model
        self._tokens = tokens
        self._languages = tuple(languages)

    def recognize(self, samples: Float32) -> Heard | None:
        """Return the words in at most 29 s of sound, or None where none can be believed.

        Words that are unsure or repeat themselves in the shortest window are looked for again in the full one; the
        better look counts. Those in a language that is not wanted are looked for too: they say that somebody speaks.
        """
        window_s = _window_s(len(samples) / SAMPLE_RATE_HZ)
        first = self.look(samples, window_s)
        if nobody_speaks(first.no_speech, first.hypothesis.average, first.looped):
            return None
        looks = [first] if _believed(first) else []
        unsure = not looks or first.looped or first.hypothesis.average < SURE_AVERAGE
        if unsure and window_s < WINDOWS_S[-1]:
            second = self.look(samples, WINDOWS_S[-1])
            looks += [second] if _believed(second) else []
        return max(looks, key=lambda look: (not look.looped, look.hypothesis.average), default=None)

    def look(self, samples: Float32, window_s: float) -> Heard:
        """Decode the sound padded to `window_s` seconds, believable or not."""
        tokens = self._tokens
        memory = self._model.encode(log_mel(samples, window_s, self._model.bands))
        logits, memory = self._model.step(np.array([[tokens.start]]), memory)
        tongue = self._tongue(logits[0])
        no_speech = float(1.0 / np.exp(logits[0] - logits[0, tokens.no_speech]).sum())
        logits, memory = self._model.step(np.array([tokens.task(tongue.name)]), memory)
        most = _TOKENS_MORE + round(_TOKENS_PER_S * len(samples) / SAMPLE_RATE_HZ)
        rules = Rules(tokens.never, tokens.never_first, most)
        hypothesis = search(self._model, logits, memory, rules, BEAMS)
        cut = cut_loop(hypothesis)
        text = tokens.text(cut.tokens).rstrip(_JOINTS) if cut else tokens.text(hypothesis.tokens)
        text = simplify(text) if tongue.name == CHINESE else text
        return Heard(text, tongue, cut.before if cut else hypothesis, no_speech, cut is not None)

    def _tongue(self, logits: Float32) -> Tongue:
        """The language by the logits after the first token: one that is wanted, unless another is sure."""
        known = self._tokens.languages
        scores = np.exp(logits[list(known.values())] - logits[list(known.values())].max())
        shares = dict(zip(known, (scores / scores.sum()).tolist(), strict=True))
        likeliest = max(shares, key=lambda language: shares[language])
        ours = likeliest in self._languages or shares[likeliest] < _SURE
        name = max(self._languages, key=lambda language: shares[language]) if ours else likeliest
        return Tongue(name, shares[name], ours)


def _believed(look: Heard) -> bool:
    nobody = nobody_speaks(look.no_speech, look.hypothesis.average, look.looped)
    least = look.tongue.ours or look.hypothesis.average >= SURE_AVERAGE
    return not nobody and least and believable(look.hypothesis, look.text, look.looped)


def _window_s(duration_s: float) -> float:
    for window_s in WINDOWS_S:
        if duration_s + _SILENCE_S <= window_s:
            return window_s
    raise ValueError(
        f"{duration_s:.1f} s of sound do not fit Whisper's {WINDOWS_S[-1]:.0f} s: cut it, as the segmenter does"
    )
