"""The sentiment of a transcript: tokenizer, word vectors, multilingual-e5-small, and corrections for two kinds of text.

Wang et al., "Multilingual E5 Text Embeddings", 2024: every text carries the prefix `query: `; the vector is the mean
over the tokens, scaled to length 1.

The head was trained on reviews and posts, where `no` and a negation occur with displeasure. In talk `no` answers a
question, and `nothing is wrong` is not a complaint. So short answers and denied faults get a lower weight. The rules
are narrow on purpose: a sentence with one clause that is neither is left to the head.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import marisa_trie
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from edge.bundle.bundle import Bundle, map_array
from edge.messages import Float32

BLOCK = 32
"""Weights that share a scale."""
BLOCK_BYTES = 18
"""Bytes of a block: the scale and 32 halves."""
PIECE = np.dtype([("id", "<i4"), ("score", "<f8")])
"""A row of the scores: the token of a piece and the logarithm of its probability, in the trie's order."""
PREFIX = "query: "
MOST_TOKENS = 512
"""Positions the encoder was trained with; longer text is cut."""


def dequantize(blocks: npt.NDArray[np.uint8]) -> Float32:
    """Blocks of Q4_0 (..., `BLOCK_BYTES`) as float32 (..., `BLOCK`).

    32 weights take 18 bytes: a float16 scale, then 16 bytes. The low halves of these bytes are weights 0 to 15, the
    high halves weights 16 to 31. A weight is scale x (half - 8).
    """
    scale = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    halves = blocks[..., 2:]
    weights = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32) - 8
    return np.asarray(weights * scale, np.float32)


class WordTable:
    """Rows of a memory-mapped .npy, uint8 (vocabulary, blocks a row, `BLOCK_BYTES`)."""

    def __init__(self, path: Path) -> None:
        self._rows = map_array(path)

    def vectors(self, ids: Sequence[int]) -> Float32:
        """The vectors (len(ids), blocks a row x 32) of some tokens."""
        blocks = np.asarray(self._rows[list(ids)])
        return dequantize(blocks).reshape(len(ids), -1)


class Unigram:
    """Known pieces with their ids and scores, and the token for a character that is in none of them.

    Tokens are Unigram pieces: the most probable cut of a word (Kudo, "Subword Regularization", 2018). Their ids are
    those of Hugging Face's `tokenizers`, which holds the 250,002 pieces of the model in 282 MB. Here a MARISA trie and
    the scores stay in their files, memory-mapped. `sentencepiece` needs 55 MB and adds up in float32, so it cuts eleven
    times 哈 differently; `tokenizers` adds up in float64, as Python does.
    """

    def __init__(self, trie: Path, scores: Path, unknown_id: int, unknown_score: float) -> None:
        """`trie` is a file of `marisa_trie.Trie`, `scores` an .npy of `PIECE`."""
        self._trie = marisa_trie.Trie()
        self._trie.mmap(str(trie))
        self._scores = map_array(scores)
        self._unknown_id, self._unknown_score = unknown_id, unknown_score

    def ids(self, word: str) -> list[int]:
        """The tokens of the best cut (Viterbi; of equal cuts the first one found); unknown neighbours are one token."""
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


class TextTokenizer:
    """Unigram tokens between a first and a last one, as Hugging Face's `tokenizers` numbers them.

    `</s>` in a text is five characters, not a special token.
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


class SentenceTokens:
    """Sentences to the encoder's inputs; the model's training and the box share it."""

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
    """The result of the role `text` for one text."""

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


_CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、…~\n]+")
_ANSWERS_EN = "no nope nah yes yeah yep ok okay right sure well so hm hmm mm mhm uh uh-huh hello hi bye"
_ANSWERS_ZH = (
    "嗯 恩 哦 噢 啊 呃 是 是的 不是 不是的 没 没有 没有的 有 有的 不 不用 不要 对 对的 好 好的 行 可以 喂 那个 这个"
)
_ANSWERS = frozenset(f"{_ANSWERS_EN} {_ANSWERS_ZH}".split())
_FAULT = "bad|wrong|worried|angry|sad|upset|unhappy|afraid|scared|hurt|ill|sick|tired|terrible"
_FAULT_ZH = (
    "坏|差|错|糟|生气|难过|伤心|担心|害怕|疼|痛|累|不满|意见|怨言|问题|毛病|缺点|危险"
    "|不好|不对|不满意|不舒服|不高兴|不开心"
)
_DENIALS = (
    r"(there is |there's )?nothing('s| is| was)?( at all| really)? (wrong|bad|to (complain|worry) about)( .{0,24})?",
    rf"(\w+ |\w+'s |\w+'m |\w+'re )?(is |am |are |was )?not (at all |really )?(a )?({_FAULT})( at all|\b.{{0,16}})?",
    r"(there is |there's |i have )?no (problems?|complaints?|danger|worries|harm done)( at all| here)?",
    r"(please )?don't worry( about .{0,24})?",
    r"(it |this )?(could|can)(n't| not) be better",
    rf".{{0,4}}(没有?|毫无|并无)(什么|任何|一点|半点)?({_FAULT_ZH})(的|的地方|了)?",
    rf".{{0,4}}(不是|并不|一点也?不|一点都不)({_FAULT_ZH})(的|了)?",
    r".{0,3}不(坏|差|生气|难过|伤心|担心|害怕|疼|痛|累|危险)(的|了)?",
    r"(你?别担心|没事|没关系|不要紧|无可挑剔)(的|了)?",
)
_DENIED = re.compile("|".join(f"(?:{pattern})" for pattern in _DENIALS))
LANGUAGES = ("zh", "en")
"""Languages that the head was trained and tested in (docs/evidence/affect.md)."""
ANSWER_WEIGHT = 0.1
"""Weight of a short answer, against a sentence: a person who says `no` may be annoyed, but the word does not show
it."""
DENIAL_WEIGHT = 0.5
"""Weight of a denied fault: it is not negative, and the head does not know how positive it is."""


def is_answer(text: str) -> bool:
    """Whether it is only an answer, a greeting or a filler: `no`, `嗯`, `不是，没有`."""
    return _each(text, _ANSWERS.__contains__)


def denies_a_fault(text: str) -> bool:
    """Whether it only says that something is not bad: `nothing is wrong`, `没有什么不好`."""
    return not is_answer(text) and _each(text, lambda clause: clause in _ANSWERS or _DENIED.fullmatch(clause))


def _each(text: str, holds: Callable[[str], object]) -> bool:
    clauses = [clause.strip() for clause in _CLAUSE_END.split(text.lower()) if clause.strip()]
    return bool(clauses) and all(holds(clause) for clause in clauses)


@dataclass(frozen=True, slots=True)
class Sentiment:
    """The sentiment of one text."""

    score: float
    """-1 negative to 1 positive."""
    confidence: float
    """How likely the sign of `score` is right, .5 to 1: .5 for a score near 0."""
    embedding: Float32
    """The text's unit vector."""
    hidden: Float32 | None = None
    """Its tokens' vectors (tokens, width), if the bundle gives them."""
    weight: float = 1.0
    """0..1: weight of this text, against that of a sentence."""


class TextSentiment:
    """Texts in Chinese or English in, their sentiment out."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder = TextEncoder(bundle)
        self._sharpness = float(bundle.role("text").preprocessing["sign_sharpness"])

    def score(self, text: str) -> Sentiment:
        """Score one text."""
        encoded = self._encoder.encode(text)
        found, weight = encoded.sentiment, 1.0
        if is_answer(text):
            weight = ANSWER_WEIGHT
        elif denies_a_fault(text):
            found, weight = max(found, 0.0), DENIAL_WEIGHT
        confidence = 1 / (1 + math.exp(-self._sharpness * weight * abs(found)))
        return Sentiment(found, confidence, encoded.embedding, encoded.hidden, weight)
