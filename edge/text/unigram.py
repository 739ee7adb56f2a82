"""Unigram pieces: the most probable cut of a word into the pieces that a text encoder knows.

Kudo, "Subword Regularization", 2018. The ids are those of Hugging Face's `tokenizers`, which holds the 250,002 pieces
of multilingual-e5-small in 282 MB; here a MARISA trie and the scores stay in their files, mapped. `sentencepiece` needs
55 MB and adds up in float32, so eleven times 哈 is cut otherwise; `tokenizers` adds up in float64, as Python does.
"""

from __future__ import annotations

from pathlib import Path

import marisa_trie
import numpy as np

from edge.bundle.bundle import map_array

PIECE = np.dtype([("id", "<i4"), ("score", "<f8")])
"""A row of the scores: the token of a piece and the logarithm of its probability, in the trie's order."""


class Unigram:
    """Known pieces with their ids and scores, and what stands for a character that none of them holds."""

    def __init__(self, trie: Path, scores: Path, unknown_id: int, unknown_score: float) -> None:
        """`trie` is a file of `marisa_trie.Trie`, `scores` an .npy of `PIECE`."""
        self._trie = marisa_trie.Trie()
        self._trie.mmap(str(trie))
        self._scores = map_array(scores)
        self._unknown_id, self._unknown_score = unknown_id, unknown_score

    def ids(self, word: str) -> list[int]:
        """The tokens of the best cut (Viterbi; among equals the one found first); unknown neighbours are one token."""
        ends = [(0.0, 0, self._unknown_id)] + [(-np.inf, 0, self._unknown_id)] * len(word)
        for start in range(len(word)):
            so_far, single = ends[start][0], False
            for end, token, score in self._pieces(word, start):
                single |= end == start + 1
                if so_far + score > ends[end][0]:
                    ends[end] = (so_far + score, start, token)
            if not single and so_far + self._unknown_score > ends[start + 1][0]:
                ends[start + 1] = (so_far + self._unknown_score, start, self._unknown_id)
        tokens: list[int] = []
        end = len(word)
        while end > 0:
            _, end, token = ends[end]
            if token != self._unknown_id or tokens[-1:] != [token]:
                tokens.append(token)
        return tokens[::-1]

    def _pieces(self, word: str, start: int) -> list[tuple[int, int, float]]:
        """End, token and score of each piece that begins at `start`."""
        found = self._trie.iter_prefixes_with_ids(word[start:])
        return [(start + len(piece), *self._scores[place].item()) for piece, place in found]
