"""The vocabulary of a CTC model: which token is blank, and text from tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from edge.bundle.manifest import BundleError

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
"""How sentencepiece writes a byte of a character that is not in its vocabulary."""
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
"""Unicode's blocks of Chinese characters in common use."""


class CtcVocabulary(BaseModel):
    """The bundle's table, as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: list[str]
    """By number."""
    blank: int
    separator: str
    """What stands for a space: `|` as a token of its own, or sentencepiece's `▁` inside tokens."""
    silent: list[int] = []
    """Tokens that are never written: blank, padding, unknown, beginning and end."""

    @model_validator(mode="after")
    def _numbers_exist(self) -> CtcVocabulary:
        if not all(0 <= number < len(self.tokens) for number in (self.blank, *self.silent)):
            raise ValueError(f"blank and silent must be numbers of its {len(self.tokens)} tokens")
        if not self.separator:
            raise ValueError("separator must not be empty")
        return self

    def text(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, single spaces between words; bytes that make no whole character are left out."""
        written = [self.tokens[number] for number in tokens if number not in self.silent]
        raw = b"".join(bytes([int(byte[1], 16)]) if (byte := _BYTE.fullmatch(t)) else t.encode() for t in written)
        return " ".join(raw.decode(errors="ignore").replace(self.separator, " ").split())


def read_vocabulary(path: Path) -> CtcVocabulary:
    """Read a table; BundleError when it is not one."""
    try:
        return CtcVocabulary.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BundleError(
            f"{path} is no vocabulary of a CTC model: {error}; build or install the bundle again"
        ) from error


def script_language(text: str) -> str:
    """`zh` where a Chinese character is written, else `en`: a CTC model writes and does not say in which language."""
    return "zh" if _HAN.search(text) else "en"
