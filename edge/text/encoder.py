"""Sentences to vectors: multilingual-e5-small with the sentiment head at its end.

Wang et al., "Multilingual E5 Text Embeddings", 2024: every text carries the prefix `query: `, the vector is the mean
over the tokens, scaled to length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.text.tokenizer import TextTokenizer
from edge.text.word_table import WordTable

PREFIX = "query: "
MOST_TOKENS = 512
"""Positions the encoder was trained with; longer text is cut."""


class SentenceTokens:
    """Sentences to the encoder's inputs; the model's training uses it as the box does."""

    def __init__(self, tokenizer: TextTokenizer, words: WordTable) -> None:
        self._tokenizer, self._words = tokenizer, words

    def inputs(self, texts: Sequence[str]) -> dict[str, Float32]:
        """`embeddings` (n, t, width) and `mask` (n, t) of n texts, padded to the longest."""
        rows = [self._words.vectors(self._tokenizer.ids(PREFIX + text, MOST_TOKENS)) for text in texts]
        longest = max(len(row) for row in rows)
        embeddings = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
        mask = np.zeros((len(rows), longest), np.float32)
        for index, row in enumerate(rows):
            embeddings[index, : len(row)] = row
            mask[index, : len(row)] = 1.0
        return {"embeddings": embeddings, "mask": mask}


@dataclass(frozen=True, slots=True)
class EncodedText:
    """What the role `text` says of one text."""

    embedding: Float32
    """The text's unit vector (width,)."""
    sentiment: float
    """-1 negative to 1 positive."""
    hidden: Float32 | None
    """The tokens' vectors (tokens, width), the prefix's and both ends' included; None in a bundle without them."""


class TextEncoder:
    """One text at a time through the bundle's role `text`."""

    def __init__(self, bundle: Bundle) -> None:
        self._tokens = SentenceTokens(TextTokenizer.of_role(bundle, "text"), WordTable(bundle.table("text", "words")))
        self._session = bundle.session("text")

    def encode(self, text: str) -> EncodedText:
        """The vectors of a text and its sentiment."""
        result = self._session.run(self._tokens.inputs([text]))
        hidden = result["hidden"][0] if "hidden" in result else None
        return EncodedText(result["embedding"][0], float(result["sentiment"][0, 0]), hidden)
