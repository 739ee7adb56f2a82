"""The Whisper decoder: vocabulary, encoder and decoder graphs, language, search, and a second pass when in doubt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from edge.bundle.manifest import BundleError
from edge.bundle.session import Array, Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.decoding import (
    CHINESE,
    SURE_AVERAGE,
    DecodingRules,
    Hypothesis,
    believable,
    cut_loop,
    is_silence,
    search,
    simplify,
)
from edge.speech.log_mel import log_mel

_LEAST = ("zh", "en")
"""Languages that every multilingual Whisper knows."""
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
WINDOWS_S = (10.0, 15.0, 20.0, 25.0, 30.0)
"""Lengths to which audio is padded. Whisper-base was trained on 30 s and loops below 10 s; in between shorter is as
good: on 120 AISHELL-1 utterances CER .144 with 10 s, .150 with 15 s, .157 with 30 s."""
_SILENCE_S = 1.0
"""Silence left after the speech, so that the model finds its end."""
BEAMS = 5
"""As in Whisper's reference; on 60 AISHELL-1 utterances CER .136 against .146 with one, for a fifth more time."""
_TOKENS_PER_S = 14
_TOKENS_MORE = 16
"""Upper limit of the speed of speech: 14 tokens are 8 to 14 Chinese characters or 10 English words."""
_SURE = 0.5
"""Speech counts as being in a language that is not configured from this probability on; below it is decoded in the
likeliest configured language. Of 43 utterances of EmoDB's ten speakers all are German with .99 and more; of 97 of
AISHELL-1, CASIA, RAVDESS and GRID none is found to be in another language than Mandarin or English, of 20 single digits
of telephone quality one (.65)."""
_JOINTS = " ,，、"
"""Characters between the turns of a loop, removed from its cut end."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The decoder's keys and values: of the audio (`cross`, shared by all hypotheses) and of the tokens so far."""

    cross: Mapping[str, Array]
    past: Mapping[str, Array]

    def select(self, parents: npt.NDArray[np.int64]) -> Memory:
        """The memory of hypotheses that continue those numbered `parents`."""
        count = len(next(iter(self.past.values())))
        if np.array_equal(parents, np.arange(count)):
            return self
        return Memory(self.cross, {name: values[parents] for name, values in self.past.items()})


class WhisperModel:
    """Encoder and decoder sessions."""

    def __init__(self, encoder: Session, decoder: Session) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._nothing = {
            name: np.zeros([_empty(size) for size in shape], np.float32)
            for name, shape in decoder.input_shapes.items()
            if name.startswith("past_")
        }

    @property
    def bands(self) -> int:
        """Number of mel bands of its input."""
        return int(self._encoder.input_shapes["mel"][1])

    def encode(self, mel: Float32) -> Memory:
        """Encode the spectrogram [bands, frames]; no token has been read yet."""
        return Memory(self._encoder.run({"mel": mel[None]}), self._nothing)

    def step(self, ids: npt.NDArray[np.int64], memory: Memory) -> tuple[Float32, Memory]:
        """Read tokens [n, t]; return the logits [n, vocabulary] of what follows, and the longer memory."""
        outputs = self._decoder.run(feeds(ids, memory))
        logits: Float32 = outputs.pop("logits")
        past = {name.replace("present_", "past_", 1): values for name, values in outputs.items()}
        return logits, Memory(memory.cross, past)


def feeds(ids: npt.NDArray[np.int64], memory: Memory) -> dict[str, Array]:
    """The decoder's inputs."""
    return {"ids": ids, **memory.past, **memory.cross}


def _empty(size: int | str) -> int:
    """A dimension of an empty past: one hypothesis, no time."""
    if isinstance(size, int):
        return size
    return 1 if size == "n" else 0


class WhisperTokens:
    """The special tokens and biases of the vocabulary; text tokens are those below `end`."""

    def __init__(self, tokenizer: Path, decoding: Path) -> None:
        """Read the tokenizer and the table of `suppress_ids` and `suppress_ids_begin`."""
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self.end = self._id("<|endoftext|>")
        self.start = self._id("<|startoftranscript|>")
        self.no_speech = self._id("<|nospeech|>")
        for language in _LEAST:
            self._id(f"<|{language}|>")
        found = {_LANGUAGE.fullmatch(token): number for token, number in self._tokenizer.get_vocab().items()}
        self.languages: dict[str, int] = {match[1]: number for match, number in found.items() if match}
        """The token of each language that the model knows, by its code (ISO 639-1, or -3 where that has none)."""
        table = json.loads(decoding.read_text(encoding="utf-8"))
        self.never = self._bias(table["suppress_ids"])
        """Added to the logits [end + 1]: forbids Whisper's tokens of speaker tags and of sounds that are not speech."""
        self.never_first = self.never + self._bias(table["suppress_ids_begin"])
        """The same for the first token, which must not be a blank or the end."""

    def task(self, language: str) -> list[int]:
        """The tokens after the start: transcribe `language`, without timestamps."""
        return [self.languages[language], self._id("<|transcribe|>"), self._id("<|notimestamps|>")]

    def text(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`; bytes that make no whole character are left out."""
        decoded: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True)
        return decoded.replace("\N{REPLACEMENT CHARACTER}", "").strip()

    def _id(self, token: str) -> int:
        number: int | None = self._tokenizer.token_to_id(token)
        if number is None:
            raise BundleError(
                f"the tokenizer of role asr has no token {token}: it is not Whisper's; build the bundle again"
            )
        return number

    def _bias(self, ids: Sequence[int]) -> Float32:
        bias = np.zeros(self.end + 1, np.float32)
        bias[[number for number in ids if number <= self.end]] = -np.inf
        return bias


@dataclass(frozen=True, slots=True)
class SpokenLanguage:
    """The language of an utterance."""

    name: str
    probability: float
    """Of all languages that the model knows."""
    configured: bool
    """Whether it is one of the configured languages."""


@dataclass(frozen=True, slots=True)
class TranscriptCandidate:
    """The text of one decoding pass, in simplified characters, with its evidence."""

    text: str
    language: SpokenLanguage
    hypothesis: Hypothesis
    no_speech: float
    """Probability that there is no speech."""
    looped: bool = False
    """Whether a loop was cut; `hypothesis` is then the part before it."""


class WhisperDecoder:
    """Whisper's decoding; stateless between utterances."""

    def __init__(self, model: WhisperModel, tokens: WhisperTokens, languages: Sequence[str]) -> None:
        """`languages` are the configured languages; BundleError names one that the model does not know."""
        if unknown := [name for name in languages if name not in tokens.languages]:
            raise BundleError(
                f"speech.languages: the bundle's recognizer knows no {', '.join(unknown)}; it knows "
                f"{', '.join(sorted(tokens.languages))}"
            )
        self._model = model
        self._tokens = tokens
        self._languages = tuple(languages)

    def decode(self, samples: Float32) -> TranscriptCandidate | None:
        """Return the text of at most 29 s of audio, or None if no text can be believed.

        If the text is unsure or loops in the shortest window, a second pass uses the full window; the better pass
        counts. Speech in a language that is not configured is decoded too: it shows that a person speaks.
        """
        window_s = _window_s(len(samples) / SAMPLE_RATE_HZ)
        first = self.look(samples, window_s)
        if is_silence(first.no_speech, first.hypothesis.average, first.looped):
            return None
        looks = [first] if _believed(first) else []
        unsure = not looks or first.looped or first.hypothesis.average < SURE_AVERAGE
        if unsure and window_s < WINDOWS_S[-1]:
            second = self.look(samples, WINDOWS_S[-1])
            looks += [second] if _believed(second) else []
        return max(looks, key=lambda look: (not look.looped, look.hypothesis.average), default=None)

    def look(self, samples: Float32, window_s: float) -> TranscriptCandidate:
        """One pass: decode the audio padded to `window_s` seconds, believable or not."""
        tokens = self._tokens
        memory = self._model.encode(log_mel(samples, window_s, self._model.bands))
        logits, memory = self._model.step(np.array([[tokens.start]]), memory)
        spoken = self._spoken_language(logits[0])
        no_speech = float(1.0 / np.exp(logits[0] - logits[0, tokens.no_speech]).sum())
        logits, memory = self._model.step(np.array([tokens.task(spoken.name)]), memory)
        most = _TOKENS_MORE + round(_TOKENS_PER_S * len(samples) / SAMPLE_RATE_HZ)
        rules = DecodingRules(tokens.never, tokens.never_first, most)
        hypothesis = search(self._model, logits, memory, rules, BEAMS)
        cut = cut_loop(hypothesis)
        text = tokens.text(cut.tokens).rstrip(_JOINTS) if cut else tokens.text(hypothesis.tokens)
        text = simplify(text) if spoken.name == CHINESE else text
        return TranscriptCandidate(text, spoken, cut.before if cut else hypothesis, no_speech, cut is not None)

    def _spoken_language(self, logits: Float32) -> SpokenLanguage:
        """The language by the logits after the first token: a configured one, unless another is sure."""
        known = self._tokens.languages
        scores = np.exp(logits[list(known.values())] - logits[list(known.values())].max())
        shares = dict(zip(known, (scores / scores.sum()).tolist(), strict=True))
        likeliest = max(shares, key=lambda language: shares[language])
        configured = likeliest in self._languages or shares[likeliest] < _SURE
        name = max(self._languages, key=lambda language: shares[language]) if configured else likeliest
        return SpokenLanguage(name, shares[name], configured)


def _believed(look: TranscriptCandidate) -> bool:
    nobody = is_silence(look.no_speech, look.hypothesis.average, look.looped)
    least = look.language.configured or look.hypothesis.average >= SURE_AVERAGE
    return not nobody and least and believable(look.hypothesis, look.text, look.looped)


def _window_s(duration_s: float) -> float:
    for window_s in WINDOWS_S:
        if duration_s + _SILENCE_S <= window_s:
            return window_s
    raise ValueError(
        f"{duration_s:.1f} s of audio do not fit Whisper's {WINDOWS_S[-1]:.0f} s: cut it, as the segmenter does"
    )
