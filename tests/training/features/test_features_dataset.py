"""Feature files: what goes in comes out, and what cannot be used is named."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest

from training.features.dataset import Features, FeaturesError, read_npz, write_npz


def made(rows: int = 6) -> Features:
    rng = np.random.default_rng(0)
    length = np.full(rows, 3)
    return Features(
        text=rng.normal(size=(rows, 4, 5)).astype(np.float32),
        audio=rng.normal(size=(rows, 4, 2)).astype(np.float32),
        vision=rng.normal(size=(rows, 4, 3)).astype(np.float32),
        text_length=length,
        audio_length=length,
        vision_length=length,
        presence=np.ones((rows, 3), np.float32),
        label=np.linspace(-1, 1, rows).astype(np.float32),
        label_T=np.full(rows, np.nan, np.float32),
        label_A=np.zeros(rows, np.float32),
        label_V=np.zeros(rows, np.float32),
        id=np.array([f"v$_${row}" for row in range(rows)]),
        split=np.array(["train", "valid", "test"] * (rows // 3)),
        raw_text=np.array(["你好"] * rows),
        meta={"features": {"version": 1}},
    )


def test_a_file_gives_back_what_was_saved_and_zeros_after_each_length(tmp_path: Path) -> None:
    features = made()
    features.save(tmp_path / "f.npz")
    read = Features.load(tmp_path / "f.npz")
    assert read.meta == features.meta and read.dims == {"text": 5, "audio": 2, "vision": 3}
    assert read.raw_text.tolist() == features.raw_text.tolist() and read.split.tolist() == features.split.tolist()
    np.testing.assert_array_equal(read.text[:, :3], features.text[:, :3])
    assert not read.text[:, 3:].any(), "what stands after the length is not the model's to see"
    assert [path.name for path in tmp_path.iterdir()] == ["f.npz"]


def test_one_split(tmp_path: Path) -> None:
    features = made()
    assert features.of("valid").id.tolist() == ["v$_$1", "v$_$4"]
    without = features.select(features.split != "test")
    with pytest.raises(FeaturesError, match=r"f\.npz: the split test is empty"):
        without.of("test", "f.npz")


def _spoilt(features: Features, **changes: object) -> Features:
    return dataclasses.replace(features, **changes)


@pytest.mark.parametrize("case", ["nan", "label", "split", "twice", "length", "nothing"])
def test_a_bad_row_is_named_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
    features = made()
    row, said = 2, "row 2 (v$_$2) is left out"
    if case == "nan":
        features.audio[row, 1, 1] = np.nan
        said += ": audio holds NaN"
    elif case == "label":
        features.label[row] = np.nan
    elif case == "split":
        features = _spoilt(features, split=np.array(["train", "valid", "else", "train", "valid", "test"]))
    elif case == "twice":
        features = _spoilt(features, id=np.array(["a", "b", "a", "c", "d", "e"]))
        said = "row 2 (a) is left out: its id is there already"
    elif case == "length":
        features = _spoilt(features, vision_length=np.array([3, 3, 5, 3, 3, 3]))
    else:
        features.presence[row] = 0
    features.save(tmp_path / "f.npz")
    with caplog.at_level(logging.WARNING):
        read = Features.load(tmp_path / "f.npz")
    assert len(read) == 5 and said in caplog.text and "f.npz" in caplog.text


def test_wrong_shapes_and_kinds_are_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    _spoilt(made(), audio=np.zeros((5, 4, 2), np.float32)).save(path)
    with pytest.raises(FeaturesError, match=r"f\.npz: audio has the shape \(5, 4, 2\)"):
        Features.load(path)
    _spoilt(made(), text=np.zeros((6, 5), np.float32)).save(path)
    with pytest.raises(FeaturesError, match=r"text has the shape"):
        Features.load(path)
    _spoilt(made(), label=np.array(["good"] * 6)).save(path)
    with pytest.raises(FeaturesError, match="label holds <U4"):
        Features.load(path)
    made().select([]).save(path)
    with pytest.raises(FeaturesError, match="none of its 0 rows"):
        Features.load(path)


def test_other_columns_than_the_models_are_refused() -> None:
    made().expect({"text": 5, "audio": 2}, "f.npz")
    with pytest.raises(FeaturesError, match=r"f\.npz: audio has 2 columns, the model wants 74"):
        made().expect({"audio": 74}, "f.npz")


def test_another_file_is_no_feature_file(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    with pytest.raises(FeaturesError, match="no such file"):
        Features.load(path)
    path.write_bytes(b"not zip at all")
    with pytest.raises(FeaturesError, match="cannot be read"):
        Features.load(path)
    made().save(path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(FeaturesError, match="cannot be read"):
        Features.load(path)
    write_npz(path, {"text": np.zeros(3)})
    with pytest.raises(FeaturesError, match=r"lacks audio"):
        Features.load(path)
    np.savez(path, a=np.array([object()], dtype=object))
    with pytest.raises(FeaturesError, match="cannot be read"):
        read_npz(path, ["a"])
