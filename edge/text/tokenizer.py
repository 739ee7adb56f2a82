"""Text to the token numbers of a text encoder."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from edge.bundle.bundle import Bundle
from edge.text.unigram import Unigram


class TextTokenizer:
    """Unigram tokens between a first and a last one, as Hugging Face's `tokenizers` numbers them.

    What is written is text: `</s>` in it is five characters, never a mark.
    """

    def __init__(self, normalizer: Path, pieces: Unigram, first_id: int, last_id: int) -> None:
        """`normalizer` is a tokenizer.json of which only the normalizer and the cut into words are used."""
        spelling = Tokenizer.from_file(str(normalizer))
        self._normalizer, self._cutter = spelling.normalizer, spelling.pre_tokenizer
        self._pieces, self._first_id, self._last_id = pieces, first_id, last_id

    @classmethod
    def of_role(cls, bundle: Bundle, role: str) -> TextTokenizer:
        """The tokenizer of a role of the bundle, out of its tables."""
        normalizer, trie, scores = (bundle.table(role, name) for name in ("normalizer", "pieces", "scores"))
        settings = bundle.role(role).preprocessing
        pieces = Unigram(trie, scores, settings["unknown_id"], settings["unknown_score"])
        return cls(normalizer, pieces, settings["first_id"], settings["last_id"])

    def ids(self, text: str, most: int) -> list[int]:
        """At most `most` tokens, both ends included; longer text is cut off at its end."""
        words = self._cutter.pre_tokenize_str(self._normalizer.normalize_str(text))
        tokens = [token for word, _ in words for token in self._pieces.ids(word)]
        return [self._first_id, *tokens[: most - 2], self._last_id]
