"""Character and word error rates of a whole set: all edits over the length of all references."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Edits and reference lengths, summed over the utterances."""

    character_edits: int
    characters: int
    """Spaces do not count."""
    word_edits: int
    words: int

    @property
    def cer(self) -> float:
        """Character error rate."""
        return self.character_edits / self.characters

    @property
    def wer(self) -> float:
        """Word error rate; words are separated by spaces."""
        return self.word_edits / self.words

    def plain(self) -> dict[str, float]:
        """As plain data for JSON."""
        return {"cer": self.cer, "wer": self.wer, "characters": self.characters, "words": self.words}


def error_rates(pairs: Iterable[tuple[str, str]]) -> ErrorRates:
    """Rates of (reference, hypothesis) pairs; raises ValueError if the references are empty."""
    character_edits = characters = word_edits = words = 0
    for reference, hypothesis in pairs:
        reference_words, hypothesis_words = reference.split(), hypothesis.split()
        character_edits += Levenshtein.distance("".join(reference_words), "".join(hypothesis_words))
        characters += len("".join(reference_words))
        word_edits += Levenshtein.distance(reference_words, hypothesis_words)
        words += len(reference_words)
    if not characters:
        raise ValueError("no reference characters to compare with")
    return ErrorRates(character_edits, characters, word_edits, words)
