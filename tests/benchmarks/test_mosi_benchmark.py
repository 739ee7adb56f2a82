"""The benchmark of CMU-MOSI takes a file as MMSA writes it, with one step a modality, and says whether it got there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("tensorboard", reason="training needs the extra `train`")

from benchmarks.fusion.mosi import TRAINED, WANTED, main, page, reached
from training.features.mmsa import write_mmsa
from training.synthetic_features import trimodal


def one_step_a_modality(path: Path) -> Path:
    """A made set with labels up to 3 and each modality as the mean of its frames."""
    made, changes = trimodal((60, 20, 20), seed=3), {}
    for name in ("text", "audio", "vision"):
        length = getattr(made, f"{name}_length")
        changes[name] = (getattr(made, name).sum(axis=1) / length.clip(1)[:, None])[:, None].astype(np.float32)
        changes[f"{name}_length"] = length.clip(0, 1)
    labels = {name: getattr(made, name) * 3 for name in ("label", "label_T", "label_A", "label_V")}
    write_mmsa(dataclasses.replace(made, **changes, **labels), path)
    return path


def test_it_trains_on_such_a_file_and_writes_the_figures(tmp_path: Path) -> None:
    data = one_step_a_modality(tmp_path / "mosi.pkl")
    words = [str(data), "--seeds", "1", "--epochs", "2", "--out", str(tmp_path / "out"), "--model", "tfn"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    (row,) = json.loads((tmp_path / "out" / "mosi.json").read_text(encoding="utf-8"))
    assert (row["model"], row["dataset"], row["rows"], row["seeds"]) == ("tfn", "mosi", 20, [1111])
    assert (tmp_path / "out" / "mosi.md").read_text(encoding="utf-8") == page([row])
    assert "| baseline |" in result.output
    again = CliRunner().invoke(main, words)
    assert again.output == result.output, "it goes on where it was"
    assert {"tfn", "mult", "misa", "self_mm", "mtme"} <= set(TRAINED) and "mlmf" not in TRAINED


@pytest.mark.parametrize(
    ("accuracy", "error", "there"),
    [(0.776, 0.917, True), (0.8, 0.9, True), (0.775, 0.9, False), (0.8, 0.918, False)],
)
def test_both_figures_of_mmsa_must_be_reached(accuracy: float, error: float, there: bool) -> None:
    means = dict(zip(WANTED, (accuracy, error), strict=True))
    found = {"conditions": {"all": {name: {"mean": value, "std": 0.0} for name, value in means.items()}}}
    assert reached(found) is there
