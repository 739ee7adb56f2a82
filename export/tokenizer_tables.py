"""Makes the box's memory-mapped tokenizer tables from a Hugging Face tokenizer of the kind Unigram.

Every table is proven to give the same numbers as `tokenizers` does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marisa_trie
import numpy as np
from tokenizers import Tokenizer

from edge.text.sentiment import PIECE, TextTokenizer, Unigram
from export.role_build import BuildError

_UNKNOWN_PENALTY = 10.0
"""An unknown character is less likely than the rarest piece by this much: `K_UNK_PENALTY` of `tokenizers`."""
_ODD = (
    *("", " ", "   ", "\n", "\t a \r\n b", "\u3000你 好", "a\0b\x01\x7f\u200b\u200d\ufeff", "\x00", "\ue000\U0010ffff"),
    *(
        "😀😂👩\u200d👩\u200d👧",
        "❤\ufe0f1\ufe0f\u20e3",
        "ＡＢＣ　１２３，。！",
        "ｶﾞｷﾞ",
        "e\u0301 é ﷺ ﬁ ß İ ı",
        "𠀀𠮷𡃁龘靐",
    ),
    *(
        "你好hello世界world123",
        "한국어 ไทยสระอำ क्षि",
        "▁a ▁▁b",
        "“‘’”…‥．",
        "哈" * 11,
        "哈" + "ha" * 15,
        "aaaaaaa",
        "。。。。。。",
    ),
    *("我很高兴" * 400, "x" * 3000, "word " * 700, "no no no no no", "嗯嗯嗯，对对对对对", "1,234.56元（大约）"),
)
_BLOCKS = ((0x01, 0x7F), (0x2000, 0x2100), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xFF00, 0xFFF0), (0x1F300, 0x1FAFF))
"""Ranges of the characters of generated texts: ASCII, punctuation, kana, Han, full width, emoji."""
_MADE_TEXTS = 2000
_MOST_MADE = 40


@dataclass(frozen=True, slots=True)
class UnigramTables:
    """The files for the bundle, and the settings that `edge.text.sentiment` reads beside them."""

    tables: Mapping[str, Path]
    settings: Mapping[str, Any]

    def tokenizer(self) -> TextTokenizer:
        """The box's tokenizer from these tables."""
        settings = self.settings
        pieces = Unigram(
            self.tables["pieces"], self.tables["scores"], settings["unknown_id"], settings["unknown_score"]
        )
        return TextTokenizer(self.tables["normalizer"], pieces, settings["first_id"], settings["last_id"])


def write_tables(source: Path, folder: Path) -> UnigramTables:
    """Write the tables of a tokenizer.json into `folder`.

    Raises:
        BuildError: it is of another kind.
    """
    described = json.loads(source.read_text(encoding="utf-8"))
    model = described["model"]
    ends = Tokenizer.from_file(str(source)).encode("").ids
    parts = described.get("normalizer") and described.get("pre_tokenizer")
    if model.get("type") != "Unigram" or model.get("byte_fallback") or not parts or len(ends) != 2:
        raise BuildError(
            f"{source}: a Unigram tokenizer is wanted, with a normalizer, a cut into words and one token at either "
            f"end, without bytes for unknown characters; this one is {model.get('type')}"
        )
    marks = {token["id"] for token in described["added_tokens"]}
    pieces = {piece: (token, score) for token, (piece, score) in enumerate(model["vocab"]) if token not in marks}
    trie = marisa_trie.Trie(pieces)
    scores = np.zeros(len(pieces), PIECE)
    for piece, row in pieces.items():
        scores[trie[piece]] = row
    tables = {name: folder / file for name, file in (("pieces", "pieces.marisa"), ("scores", "scores.npy"))} | {
        "normalizer": folder / "normalizer.json"
    }
    trie.save(str(tables["pieces"]))
    np.save(tables["scores"], scores)
    nothing = {"type": "Unigram", "unk_id": 0, "vocab": [[model["vocab"][model["unk_id"]][0], 0.0]]}
    rest = {**described, "added_tokens": [], "post_processor": None, "decoder": None, "model": nothing}
    tables["normalizer"].write_text(json.dumps(rest), encoding="utf-8")
    rarest = min(score for _, score in model["vocab"])
    unknown = {"unknown_id": model["unk_id"], "unknown_score": rarest - _UNKNOWN_PENALTY}
    return UnigramTables(tables, {"first_id": ends[0], "last_id": ends[1], **unknown})


def prove(source: Path, tables: UnigramTables, texts: Sequence[str], most: int) -> int:
    """The number of texts with the same ids as from `tokenizers`: `texts`, unusual and generated ones, cut at `most`.

    Raises: BuildError: one of them got other ids.
    """
    theirs, ours = Tokenizer.from_file(str(source)), tables.tokenizer()
    theirs.enable_truncation(most)
    theirs.no_padding()
    tried = [*texts, *_ODD, *made_texts(_MADE_TEXTS)]
    for text in tried:
        if theirs.encode(text).ids != ours.ids(text, most):
            raise BuildError(f"{source}: the tables and `tokenizers` number {text[:60]!r} differently")
    return len(tried)


def made_texts(count: int) -> list[str]:
    """Random texts of characters of every kind; the same ones each time."""
    rng = random.Random(0)
    return [
        "".join(chr(rng.randint(*rng.choice(_BLOCKS))) for _ in range(rng.randint(1, _MOST_MADE))) for _ in range(count)
    ]


def tokenizer_json(folder: Path, work: Path) -> Path:
    """`tokenizer.json`, made in `work` from the older files of a folder that lacks it."""
    path = folder / "tokenizer.json"
    if path.is_file():
        return path
    from transformers import AutoTokenizer

    try:
        slow = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        made = work / "tokenizer.json"
        slow.backend_tokenizer.save(str(made))
    except Exception as error:  # transformers raises whatever its many tokenizers raise
        raise BuildError(
            f"{folder} has no tokenizer that can be read: put tokenizer.json beside config.json"
        ) from error
    return made
