"""MMSA's pickles: read as published, written as MMSA reads them, and never run."""

from __future__ import annotations

import collections
import os
import pickle
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.features.dataset import Features, FeaturesError
from training.features.mmsa import read_mmsa, write_mmsa
from training.features.pickles import Stored, read_pickle


def published(rows: int, rng: np.random.Generator) -> dict[str, Any]:
    """One split as MMSA-FET 0.4 and MMSA's files have it."""
    mask = np.zeros((rows, 3, 39))
    mask[:, 1, :7] = 1
    return {
        "raw_text": np.array(["今天很开心"] * rows),
        "id": [f"video_0001$_${index:04}" for index in rng.permutation(10_000)[:rows]],
        "text": np.asfortranarray(rng.normal(size=(rows, 39, 8))),
        "text_bert": mask,
        "audio": rng.normal(size=(rows, 40, 3)).astype(np.float32),
        "vision": rng.normal(size=(rows, 5, 7)).astype(np.float32),
        "audio_lengths": [11] * rows,
        "vision_lengths": np.full(rows, 4),
        "annotations": np.array(["Positive"] * rows, dtype=object),
        "classification_labels": np.ones(rows),
        "regression_labels": np.linspace(-1, 1, rows),
        "regression_labels_T": np.linspace(1, -1, rows),
        "regression_labels_A": np.zeros(rows),
        "regression_labels_V": np.ones(rows),
    }


def written(path: Path, protocol: int = 4) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    content = {split: published(rows, rng) for split, rows in (("train", 5), ("valid", 3), ("test", 2))}
    path.write_bytes(
        pickle.dumps({**content, "config": {"audio": {"tool": "librosa", "sr": np.float64(22050)}}}, protocol)
    )
    return content


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_published_file_is_read_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    content = written(tmp_path / "unaligned_39.pkl", protocol)
    features = read_mmsa(tmp_path / "unaligned_39.pkl")
    assert len(features) == 10 and features.dims == {"text": 8, "audio": 3, "vision": 7}
    test = features.of("test")
    assert test.id.tolist() == content["test"]["id"] and test.raw_text[0] == "今天很开心"
    assert test.text_length.tolist() == [7, 7] and test.audio_length.tolist() == [11, 11]
    np.testing.assert_allclose(test.text[:, :7], content["test"]["text"][:, :7], atol=1e-6)
    np.testing.assert_allclose(test.label_T, [1, -1])
    assert not test.audio[:, 11:].any()


def test_what_files_of_other_hands_do_is_taken_as_mmsa_takes_it(tmp_path: Path) -> None:
    content = written(tmp_path / "f.pkl")
    content["dev"] = content.pop("valid")
    for part in content.values():
        for key in ("text", "audio", "vision"):
            part[key] = torch.from_numpy(np.ascontiguousarray(part[key]))
        part["vision"] = part["vision"].to(torch.bfloat16)
        part["regression_labels"] = part["regression_labels"][:, None]
        part["audio_lengths"] = [400] * len(part["id"])
    (tmp_path / "g.pkl").write_bytes(pickle.dumps(content))
    found, plain = read_mmsa(tmp_path / "g.pkl"), read_mmsa(tmp_path / "f.pkl")
    assert found.split.tolist() == plain.split.tolist()
    assert found.audio_length.tolist() == [40] * 10
    np.testing.assert_array_equal(found.label, plain.label)
    np.testing.assert_array_equal(found.text, plain.text)
    np.testing.assert_allclose(found.vision, plain.vision, rtol=1e-2)


@pytest.mark.parametrize("size", [(3, 5), (2, 2**40), (-1, 2)])
def test_a_tensor_that_claims_more_numbers_than_it_has_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    class Claims:
        def __reduce__(self) -> Any:
            storage = torch.zeros(4).storage()
            return torch._utils._rebuild_tensor_v2, (storage, 0, size, (size[1], 1), False, collections.OrderedDict())

    (tmp_path / "f.pkl").write_bytes(pickle.dumps({"train": Claims()}))
    with pytest.raises(FeaturesError, match="claims more numbers than it has"):
        read_pickle(tmp_path / "f.pkl")


def test_audio_of_minus_infinity_is_silence_as_in_mmsa_and_nan_costs_the_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = written(tmp_path / "f.pkl")
    content["train"]["audio"][0, 0, 0] = -np.inf
    content["train"]["vision"][1, 0, 0] = np.nan
    (tmp_path / "f.pkl").write_bytes(pickle.dumps(content))
    features = read_mmsa(tmp_path / "f.pkl")
    assert len(features) == 9 and "vision holds NaN" in caplog.text
    assert features.audio[0, 0, 0] == 0


def test_what_we_write_is_what_mmsa_reads_and_comes_back_the_same(tmp_path: Path) -> None:
    written(tmp_path / "in.pkl")
    features = read_mmsa(tmp_path / "in.pkl")
    features.presence[0, 1], features.audio_length[0], features.audio[0] = 0, 0, 0
    write_mmsa(features, tmp_path / "out.pkl")
    with (tmp_path / "out.pkl").open("rb") as stream:
        plain = pickle.load(stream)
    assert set(plain) == {"train", "valid", "test"}
    wanted = set(published(2, np.random.default_rng())) - {"text_bert"}
    assert wanted <= set(plain["train"])
    assert min(plain["train"]["audio_lengths"]) == 1, "MMSA packs sequences, which need a length"
    assert plain["test"]["annotations"] == ["Negative", "Positive"]
    again = read_mmsa(tmp_path / "out.pkl")
    for name in ("text", "audio", "vision", "presence", "label", "label_V", "audio_length", "id", "split"):
        np.testing.assert_array_equal(getattr(again, name), getattr(features, name), err_msg=name)


def test_labels_that_only_some_rows_have_are_not_written(tmp_path: Path) -> None:
    written(tmp_path / "in.pkl")
    features = read_mmsa(tmp_path / "in.pkl")
    features.label_T[0] = np.nan
    write_mmsa(features, tmp_path / "out.pkl")
    again = read_mmsa(tmp_path / "out.pkl")
    assert np.isnan(again.of("train").label_T).all() and not np.isnan(again.of("test").label_T).any()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda c: c["valid"].pop("regression_labels"), "valid lacks regression_labels"),
        (lambda c: c["valid"].update(text=np.zeros((3, 8))), r"valid: text has the shape \(3, 8\)"),
        (lambda c: c["valid"].update(audio=np.zeros((3, 40, 4))), "do not fit together"),
        (lambda c: c["valid"].update(audio=np.zeros((2, 40, 3))), "audio has the shape"),
        (lambda c: c["valid"].update(vision=["a", "b", "c"]), "vision is no array of numbers"),
        (lambda c: c.update(valid=[1, 2]), "valid is no dictionary"),
        (lambda c: [c.pop(split) for split in list(c)], "none of train, valid, test"),
    ],
)
def test_what_does_not_fit_is_named_with_file_and_split(tmp_path: Path, spoil: Any, said: str) -> None:
    content = written(tmp_path / "f.pkl")
    spoil(content)
    (tmp_path / "f.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(FeaturesError, match=said) as caught:
        read_mmsa(tmp_path / "f.pkl")
    assert "f.pkl" in str(caught.value)


class _Evil:
    def __init__(self, call: Any, arguments: tuple[Any, ...]) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.arguments


MARKER = Path(tempfile.mkdtemp()) / "was_here"


EVIL = st.sampled_from(
    [
        (os.system, (f"touch {MARKER}",)),
        (eval, (f"open('{MARKER}', 'w')",)),
        (exec, (f"open('{MARKER}', 'w')",)),
        (open, (str(MARKER), "w")),
        (subprocess.Popen, (["touch", str(MARKER)],)),
        (getattr, ("", "format")),
        (np.fromfile, (str(MARKER),)),
        (np.load, (str(MARKER), None, True)),
        (collections.Counter, ()),
        (bytearray, (10**6,)),
    ]
)


@settings(max_examples=60, deadline=None)
@given(EVIL, st.sampled_from(["train", "id", "text", "deep"]), st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_a_malicious_pickle_is_refused_and_does_nothing(evil: Any, place: str, protocol: int) -> None:
    bomb = _Evil(*evil)
    split = published(2, np.random.default_rng(0))
    content: dict[Any, Any] = {"train": split}
    if place == "deep":
        split["annotations"] = np.array([bomb, "x"], dtype=object)
    elif place == "train":
        content["train"] = bomb
    else:
        split[place] = bomb
    path = MARKER.with_suffix(".pkl")
    try:
        path.write_bytes(pickle.dumps(content, protocol))
        with pytest.raises(FeaturesError, match=r"is refused"):
            read_mmsa(path)
        assert not MARKER.exists()
    finally:
        path.unlink()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_pickle_is_a_sentence_never_anything_else(data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps({"train": {"text": np.ones((1, 2)), "id": ["a"]}}, data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = MARKER.with_suffix(".damaged")
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    try:
        read_mmsa(path)
    except FeaturesError as error:
        assert path.name in str(error)
    finally:
        path.unlink()


def test_an_array_whose_description_lies_about_its_memory_is_refused(tmp_path: Path) -> None:
    """`dtype.__setstate__` and `ndarray.__setstate__` believe what they are told; ours read numbers from bytes."""
    honest = pickle.dumps(np.arange(4, dtype=np.int64), 2)
    longer = honest.replace(b"K\x04\x85", b"K\x40\x85")
    assert longer != honest
    (tmp_path / "a.pkl").write_bytes(longer)
    with pytest.raises(FeaturesError, match="is refused"):
        read_pickle(tmp_path / "a.pkl")
    (tmp_path / "b.pkl").write_bytes(honest)
    stored = read_pickle(tmp_path / "b.pkl")
    assert isinstance(stored, Stored) and stored.value.tolist() == [0, 1, 2, 3]


def test_features_of_ours_survive_the_way_through_mmsa(tmp_path: Path) -> None:
    written(tmp_path / "in.pkl")
    features = read_mmsa(tmp_path / "in.pkl")
    features.save(tmp_path / "f.npz")
    assert Features.load(tmp_path / "f.npz").meta["origin"] == "MMSA pickle in.pkl"
