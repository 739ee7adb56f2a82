"""The appliance's Unigram tables number texts as `tokenizers` does."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from export.role_build import BuildError
from export.tokenizer_tables import UnigramTables, prove, write_tables

LETTERS = "ab哈呵"
PIECES = st.dictionaries(
    st.text(LETTERS + "▁", min_size=1, max_size=4), st.integers(-30, -1).map(lambda tenths: tenths / 10), max_size=14
)


def _tokenizer(pieces: dict[str, float]) -> Tokenizer:
    marks = ["<s>", "</s>", "<unk>"]
    made = Tokenizer(models.Unigram([*((mark, 0.0) for mark in marks), *pieces.items()], unk_id=2))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    made.add_special_tokens(marks)
    return made


def _write(folder: Path, made: Tokenizer) -> tuple[Path, UnigramTables]:
    source = folder / "tokenizer.json"
    made.save(str(source))
    (folder / "tables").mkdir()
    return source, write_tables(source, folder / "tables")


@given(PIECES, st.lists(st.text(LETTERS + " 。c", max_size=20), min_size=1, max_size=5), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_every_cut_is_that_of_tokenizers(pieces: dict[str, float], texts: list[str], most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _, tables = _write(Path(folder), made := _tokenizer(pieces))
        made.enable_truncation(most)
        ours = tables.tokenizer()
        assert [ours.ids(text, most) for text in texts] == [made.encode(text).ids for text in texts]


def test_a_mark_that_is_written_is_text(tmp_path: Path) -> None:
    _, tables = _write(tmp_path, _tokenizer({"s": -1.0, "<": -1.0, ">": -1.0, "▁": -1.0}))
    assert tables.tokenizer().ids("<s>", 9) == [0, 6, 4, 3, 5, 1]


def test_tables_that_number_otherwise_are_refused(tmp_path: Path) -> None:
    source, tables = _write(tmp_path, _tokenizer({"a": -1.0, "b": -1.0, "ab": -1.5, "▁": -1.0}))
    assert prove(source, tables, ["ab", "abab"], 64) > 2000
    scores = np.load(tables.tables["scores"])
    scores["score"] = -1.0 - (scores["id"] == 5) * 9.0
    np.save(other := tmp_path / "other.npy", scores)
    wrong = dataclasses.replace(tables, tables={**tables.tables, "scores": other})
    with pytest.raises(BuildError, match="number 'ab' differently"):
        prove(source, wrong, ["ab", "abab"], 64)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("model", {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}),
        ("normalizer", None),
        ("pre_tokenizer", None),
        ("post_processor", None),
    ],
)
def test_another_kind_of_tokenizer_is_refused(tmp_path: Path, part: str, value: object) -> None:
    described = json.loads(_tokenizer({"a": -1.0}).to_str())
    described[part] = value
    source = tmp_path / "tokenizer.json"
    source.write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(BuildError, match="a Unigram tokenizer is wanted"):
        write_tables(source, tmp_path)
