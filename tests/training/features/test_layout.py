"""`label.csv` and the clips it names."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.features.dataset import FeaturesError
from training.features.layout import read_layout

HEAD = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode"


def dataset(folder: Path, *lines: str, head: str = HEAD, clips: tuple[str, ...] = ("v1/0001.mp4",)) -> Path:
    for name in clips:
        path = folder / "Raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    folder.mkdir(exist_ok=True)
    (folder / "label.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return folder


def test_a_row_has_its_clip_its_words_and_its_labels(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", '0001,0002,"你好，\n世界",-0.8,-1.0,,0.2,Negative,train', clips=("0001/0002.mkv",))
    (row,) = read_layout(folder, text_needed=True).rows
    assert row.id == "0001$_$0002" and row.path.name == "0002.mkv" and row.text == "你好，\n世界"
    assert row.split == "train" and row.labels[:2] == (-0.8, -1.0)
    assert math.isnan(row.labels[2]) and row.labels[3] == 0.2 and row.line == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("v1,0001,x,good,0,0,0,,train", "label 'good' is no number"),
        ("v1,0001,x,,0,0,0,,train", "no label"),
        ("v1,0001,x,nan,0,0,0,,train", "no label"),
        ("v1,0001,x,inf,0,0,0,,train", "outside of -3 to 3"),
        ("v1,0001,x,0.5,7,0,0,,train", "label_T 7 is outside"),
        ("v1,0001,x,0.5,0,0,0,,later", "mode is 'later', not one of train"),
        ("v1,0009,x,0.5,0,0,0,,train", "no clip"),
        ("..,0001,x,0.5,0,0,0,,train", "no name of a file"),
        ("../d/Raw/v1,0001,x,0.5,0,0,0,,train", "no name of a file"),
        ("v1,,x,0.5,0,0,0,,train", "no name of a file"),
        ("v1", "no name of a file"),
        ("v1,0002,x,0.5,0,0,0,,train", "which of 0002.avi, 0002.mov"),
        ("v1,0001,x,0.5,0,0,0,,train\nv1,0001,y,0.5,0,0,0,,test", r"v1\$_\$0001 is in row 2 already"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_rest_goes_on(tmp_path: Path, line: str, said: str) -> None:
    clips = ("v1/0001.mp4", "v1/0001.wav", "v1/0002.avi", "v1/0002.mov", "v2/1.mp4")
    layout = read_layout(dataset(tmp_path / "d", line, "v2,1,x,0,0,0,0,,valid", clips=clips), text_needed=True)
    assert layout.rows[-1].id == "v2$_$1"
    problem = next(problem for problem in layout.problems if problem.row is not None)
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(str(problem))
    assert f"label.csv, row {2 + line.count(chr(10))}: " in str(problem)


def test_an_empty_split_is_said(tmp_path: Path) -> None:
    layout = read_layout(dataset(tmp_path / "d", "v1,0001,x,0,0,0,0,,train"), text_needed=True)
    assert [problem.reason for problem in layout.problems] == [
        "no usable row has the mode valid",
        "no usable row has the mode test",
    ]


def test_a_table_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FeaturesError, match=r"label\.csv: there is no such file"):
        read_layout(tmp_path / "none", text_needed=True)
    folder = dataset(tmp_path / "d", head="video_id,clip_id,label,mode")
    with pytest.raises(FeaturesError, match=r"label\.csv, row 1: lacks text; .* --transcribe"):
        read_layout(folder, text_needed=True)
    assert read_layout(folder, text_needed=False).rows == ()
    dataset(tmp_path / "d", head="video_id,clip_id,text")
    with pytest.raises(FeaturesError, match="lacks label, mode"):
        read_layout(folder, text_needed=False)
    (folder / "label.csv").write_bytes(HEAD.encode() + b"\n\xff\xff\xff")
    with pytest.raises(FeaturesError, match="CSV in UTF-8"):
        read_layout(folder, text_needed=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_mei_saves_the_table_from_her_spreadsheet(tmp_path: Path, encoding: str, delimiter: str) -> None:
    folder = dataset(tmp_path / "d")
    line = "v1,0001,今天很好,0.8,0.6,0.4,0.8,Positive,train"
    (folder / "label.csv").write_bytes(f"{HEAD}\r\n{line}\r\n".replace(",", delimiter).encode(encoding))
    (row,) = read_layout(folder, text_needed=True).rows
    assert (row.id, row.text, row.labels[0]) == ("v1$_$0001", "今天很好", 0.8)


def test_names_that_a_spreadsheet_took_for_numbers_are_told(tmp_path: Path) -> None:
    layout = read_layout(dataset(tmp_path / "d", "v1,1,x,0.8,0,0,0,,train"), text_needed=True)
    assert "but 0001: a spreadsheet took the names for numbers" in str(layout.problems[0])


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(st.text(max_size=6), max_size=11), max_size=5), tail=st.binary(max_size=40))
def test_no_table_brings_the_reader_down(
    rows: list[list[str]], tail: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    dataset(folder)
    lines = "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")
    (folder / "label.csv").write_bytes(HEAD.encode() + b"\n" + lines + tail)
    try:
        layout = read_layout(folder, text_needed=True)
        assert all(problem.reason for problem in layout.problems)
    except FeaturesError as error:
        assert "label.csv" in str(error)
