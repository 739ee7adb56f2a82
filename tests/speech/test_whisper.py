"""What the recognizer makes of what a model decodes: a scripted decoder writes what is to be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.whisper import TranscriptCandidate, WhisperDecoder, WhisperTokens

pytestmark = pytest.mark.bundle

SOUND = np.zeros(9 * SAMPLE_RATE_HZ, np.float32)
VOCABULARY = 51_865


@dataclass(frozen=True)
class Place:
    """How many tokens have been written."""

    written: int = 0

    def select(self, parents: object) -> Place:
        return self


class Script:
    """A model that writes `tokens` with this log probability each, then ends."""

    bands = 80

    def __init__(
        self, tokens: Sequence[int], end: int, sure: float, languages: Mapping[int, float], no_speech: tuple[int, float]
    ) -> None:
        self._tokens, self._end, self._sure = tokens, end, sure
        self._languages, self._no_speech = languages, no_speech

    def encode(self, mel: Float32) -> Place:
        return Place(-2)

    def step(self, ids: np.ndarray, place: Place) -> tuple[Float32, Place]:
        after = replace(place, written=place.written + 1)
        logits = np.full((len(ids), VOCABULARY), -30.0, np.float32)
        if after.written < 0:
            for token, share in self._languages.items():
                logits[:, token] = np.log(share)
            token, share = self._no_speech
            logits[:, token] = np.log(share / (1 - share))
            return logits, after
        token = self._tokens[after.written] if after.written < len(self._tokens) else self._end
        logits[:, token] = 0.0
        logits[:, 100] = np.log(np.expm1(-self._sure))  # what it might have been instead
        return logits, after


@pytest.fixture(scope="module")
def tokens(bundle_dir: Path) -> WhisperTokens:
    bundle = Bundle(bundle_dir)
    return WhisperTokens(bundle.table("asr", "tokenizer"), bundle.table("asr", "decoding"))


def heard(
    tokens: WhisperTokens,
    text: str,
    sure: float = -0.1,
    no_speech: float = 0.05,
    languages: Mapping[str, float] = {"en": 0.98},
    wanted: Sequence[str] = ("zh", "en"),
) -> TranscriptCandidate | None:
    ids = tokens._tokenizer.encode(text, add_special_tokens=False).ids
    shares = {tokens.languages[name]: share for name, share in languages.items()}
    model = Script(ids, tokens.end, sure, shares, (tokens.no_speech, no_speech))
    return WhisperDecoder(model, tokens, wanted).decode(SOUND)  # type: ignore[arg-type]


CALL = " I need an ambulance, my father is not breathing." + " Help," * 14


def test_the_call_for_help_stands_and_the_repetition_is_cut_short(tokens: WhisperTokens) -> None:
    found = heard(tokens, CALL)
    assert found is not None and found.looped
    assert found.text == "I need an ambulance, my father is not breathing. Help, Help"


@pytest.mark.parametrize(
    ("name", "text", "sure", "no_speech"),
    [
        ("a loop that is a guess", CALL, -0.8, 0.05),
        ("a loop where nobody speaks", CALL, -0.1, 0.7),
        ("applause", " clap clap clap" * 20, -0.9, 0.4),
    ],
)
def test_a_loop_that_nobody_said_gives_no_words(
    tokens: WhisperTokens, name: str, text: str, sure: float, no_speech: float
) -> None:
    assert heard(tokens, text, sure, no_speech) is None, name


def test_another_language_is_told_without_words_unless_it_is_wanted(tokens: WhisperTokens) -> None:
    shares = {"fr": 0.9, "en": 0.1}
    found = heard(tokens, " Bonjour", languages=shares)
    assert found is not None and not found.language.configured
    assert (found.language.name, found.language.probability) == ("fr", pytest.approx(0.9, abs=0.01))
    wanted = heard(tokens, " Bonjour", languages=shares, wanted=("fr",))
    assert wanted is not None and wanted.language.configured and wanted.text == "Bonjour"
    assert heard(tokens, " Bonjour", -0.6, languages=shares) is None, "noise that sounds like a language"


def test_a_word_whose_language_is_unsure_is_read_in_the_likeliest_that_is_wanted(tokens: WhisperTokens) -> None:
    found = heard(tokens, " Seven", languages={"ru": 0.45, "en": 0.35, "zh": 0.2})
    assert found is not None and (found.text, found.language.name) == ("Seven", "en")


def test_only_chinese_is_simplified(tokens: WhisperTokens) -> None:
    chinese = heard(tokens, "\u8a9e\u8a00", languages={"zh": 0.99})
    japanese = heard(tokens, "\u8a9e\u8a00", languages={"ja": 0.99}, wanted=("ja",))
    assert chinese is not None and chinese.text == "\u8bed\u8a00"
    assert japanese is not None and japanese.text == "\u8a9e\u8a00"
