"""The vocabulary of a CTC model: characters or words, the blank first; `▁` stands for a space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from edge.error import EmvasError
from edge.speech.ctc import CtcVocabulary

Units = Literal["characters", "words"]
BLANK = "<blank>"
SEPARATOR = "▁"
"""As in sentencepiece: a separate token between characters, and the beginning of a word token."""


class UnknownUnitError(EmvasError):
    """The text has a character or word outside the vocabulary."""


class Vocabulary:
    """Text to tokens and back; the code of the box converts back."""

    def __init__(self, tokens: Sequence[str]) -> None:
        """`tokens` by number, the blank first."""
        self.tokens = list(tokens)
        self.units: Units = "words" if any(len(t) > 1 and t[0] == SEPARATOR for t in tokens) else "characters"
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        self.table = CtcVocabulary(tokens=self.tokens, blank=0, separator=SEPARATOR, silent=[0])

    @classmethod
    def of(cls, texts: Iterable[str], units: Units) -> Vocabulary:
        """All characters or words of `texts`, the most frequent first."""
        counts = Counter(token for text in texts for token in _split(text, units))
        return cls([BLANK, *sorted(counts, key=lambda token: (-counts[token], token))])

    def encode(self, text: str) -> list[int]:
        """The tokens of a normalised text; UnknownUnitError names what is not in the vocabulary."""
        parts = _split(text, self.units)
        unknown = sorted({part for part in parts if part not in self._numbers})
        if unknown:
            names = ", ".join(repr(part.lstrip(SEPARATOR) or part) for part in unknown[:5])
            raise UnknownUnitError(f"{names} of the text not in the vocabulary of {len(self.tokens)} {self.units}")
        return [self._numbers[part] for part in parts]

    def text(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`."""
        return self.table.text(tokens)


def _split(text: str, units: Units) -> list[str]:
    if units == "words":
        return [SEPARATOR + word for word in text.split()]
    return [SEPARATOR if character == " " else character for character in text]
