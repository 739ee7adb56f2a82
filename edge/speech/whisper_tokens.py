"""Whisper's vocabulary: special tokens by name, the tokens never written, and text from tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from edge.bundle.manifest import BundleError
from edge.messages import Float32

_LEAST = ("zh", "en")
"""Languages that every multilingual Whisper knows."""
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


class WhisperTokens:
    """What the decoding needs to know of the vocabulary; text tokens are those below `end`."""

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
        """Added to the logits [end + 1]: Whisper's tokens of speaker tags and of sounds that are not speech."""
        self.never_first = self.never + self._bias(table["suppress_ids_begin"])
        """The same for the first token, which may be neither a blank nor the end."""

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
