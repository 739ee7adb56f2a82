"""The forest of blinks: what is committed is what training gives, and it reads people it has not seen."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from edge.error import EmvasError
from export.graphs.forest import Forest, read_forest
from export.role_build import BuildError
from training.heads.blink_sequences import read_folds
from training.heads.drowsiness import flattened, train
from training.heads.evaluate_blinks import blinks

CHECKPOINT = Path("configs/bundles/drowsiness.npz")


@pytest.mark.data
def test_unseen_people_are_told_apart(data_dir):
    result = CliRunner().invoke(blinks, ["--data", str(data_dir / "rldd"), "--json"])
    told = json.loads(result.output)
    assert told["auc_alert_against_drowsy"]["mean"] >= 0.94
    assert min(told["auc_alert_against_drowsy"].values()) >= 0.85
    assert len(told["predictions"]) == 5508
    assert told["kss"]["mean"] == sorted(told["kss"]["mean"])


@pytest.mark.data
def test_the_graph_says_what_the_forest_says_and_the_checkpoint_is_that_forest(data_dir):
    folds = read_folds(data_dir / "rldd")
    forest = train(folds)
    from edge.fatigue.drowsiness import features

    rows = features(folds[0].sequences[::5])
    flat = flattened(forest)
    stored, arrays = read_forest(CHECKPOINT)
    expected = forest.predict_proba(rows)
    for module in (Forest(**flat), stored):
        np.testing.assert_allclose(module(torch.from_numpy(rows)).numpy(), expected, atol=1e-4)
    assert json.loads(str(arrays["about"]))["measured_on_unseen_people"]["auc_mean"] >= 0.94


def made_folds(folder, labels=(0, 10)):
    for number in (1, 2, 3):
        np.save(folder / f"BlinksTest_30_Fold{number}.npy", np.zeros((4, 30, 4)))
        np.save(folder / f"LabelsTest_30_Fold{number}.npy", np.resize(labels, (4, 1)).astype(float))


@pytest.mark.parametrize(
    ("name", "array", "word"),
    [
        ("BlinksTest_30_Fold2.npy", np.zeros((4, 20, 4)), "shape"),
        ("BlinksTest_30_Fold2.npy", np.full((4, 30, 4), np.nan), "sequence 0"),
        ("LabelsTest_30_Fold3.npy", np.zeros((5, 1)), "5 labels"),
        ("LabelsTest_30_Fold3.npy", np.full((4, 1), 7.0), "[7.0]"),
    ],
)
def test_bad_arrays_are_named(tmp_path, name, array, word):
    made_folds(tmp_path)
    np.save(tmp_path / name, array)
    with pytest.raises(EmvasError, match="fold") as raised:
        read_folds(tmp_path)
    assert word in str(raised.value)


def test_a_missing_and_a_damaged_file_are_named(tmp_path):
    made_folds(tmp_path)
    (tmp_path / "BlinksTest_30_Fold1.npy").write_bytes(b"no array")
    with pytest.raises(EmvasError, match=r"BlinksTest_30_Fold1\.npy"):
        read_folds(tmp_path)
    (tmp_path / "BlinksTest_30_Fold1.npy").unlink()
    with pytest.raises(EmvasError, match="no such file"):
        read_folds(tmp_path)


def test_a_checkpoint_that_is_none_is_refused(tmp_path):
    path = tmp_path / "forest.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(BuildError, match="no forest checkpoint"):
        read_forest(path)
