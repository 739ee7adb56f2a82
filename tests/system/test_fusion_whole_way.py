"""From a feature file through the commands of training and export to what the box says of a person who speaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from role_bundle import make_role_bundle

from edge.affect.feature_schema import TABLES, description
from edge.affect.fusion import MODALITIES
from edge.affect.fusion_model import FusionModel, UtteranceFeatures
from edge.bundle.bundle import Bundle
from edge.cli.main import main
from training.features.clip import ClipReader
from training.features.dataset import Features
from training.fusion.checkpoint import load, model_of

pytestmark = [pytest.mark.bundle, pytest.mark.data]

_DESK = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"
_ROLES = ("face_detector", "face_mesh", "iris", "expression", "vad", "asr", "text", "prosody")
_SETTINGS = {
    "dataset": "sims",
    "model": {"lstm_hidden": [8, 8], "lstm_out": [8, 8], "fusion_hidden": 16, "single_hidden": [8, 8, 8]},
    "training": {"batch_size": 32, "learning_rate": 0.003, "epochs": 3},
}


def _emvas(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def _write_features(path: Path) -> None:
    """Made-up utterances with the columns of the box: each score moves all columns of its modality a little."""
    rng = np.random.default_rng(0)
    rows, frames = 120, 6
    hidden = {name: rng.uniform(-1, 1, rows).astype(np.float32) for name in MODALITIES}
    values = {
        name: (0.5 * hidden[name][:, None, None] + rng.normal(0, 0.3, (rows, frames, table.width))).astype(np.float32)
        for name, table in TABLES.items()
    }
    Features(
        **values,
        **{f"{name}_length": np.full(rows, frames) for name in MODALITIES},
        presence=np.ones((rows, 3), np.float32),
        label=np.mean(list(hidden.values()), axis=0),
        **{f"label_{key}": hidden[name] for key, name in zip("TAV", MODALITIES, strict=True)},
        id=np.array([f"made$_${row}" for row in range(rows)]),
        split=np.repeat(["train", "valid", "test"], [60, 30, 30]),
        raw_text=np.full(rows, ""),
        meta={"features": description()},
    ).save(path)


def _score_by_torch(checkpoint: Path, features: UtteranceFeatures) -> dict[str, float]:
    sequences = [torch.from_numpy(getattr(features, name))[None] for name in MODALITIES]
    lengths = [torch.tensor([sequence.shape[1]]) for sequence in sequences]
    model = model_of(load(checkpoint), str(checkpoint))
    with torch.inference_mode():
        return {name: value.item() for name, value in model(*sequences, *lengths, torch.ones(1, 3)).items()}


def test_a_fusion_is_trained_exported_and_judges_who_speaks(tmp_path, bundle_dir, data_dir):
    clip = data_dir / "clips" / "grid" / "bbaf2n.mpg"
    data, config, checkpoint = tmp_path / "f.npz", tmp_path / "config.yaml", tmp_path / "run" / "seed-1111" / "best.pt"
    _write_features(data)
    config.write_text(yaml.safe_dump(_SETTINGS), encoding="utf-8")
    plain, fused = make_role_bundle(tmp_path / "plain", bundle_dir, *_ROLES, small=True), tmp_path / "fused"

    train = ("train", "fusion", "--model", "mtme", "--data", data, "--config", config, "--seeds", 1)
    assert "emvas export fusion" in _emvas(*train, "--out", tmp_path / "run")
    export = ("export", "fusion", checkpoint, "--into", plain, "--out", fused, "--variant", "fp32")
    output = _emvas(*export, "--evaluation", data)
    assert "mean absolute error" in output and "emvas check" in output
    _emvas("replay", clip, "--config", _DESK, "--bundle", fused, "--jsonl", tmp_path / "out.jsonl")

    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    (affect,) = [record for record in records if record["kind"] == "affect"]
    (said,) = [record for record in records if record["kind"] == "transcript"]
    features = ClipReader(Bundle(plain), transcribe=False).read(clip, said["text"]).features
    assert all(getattr(features, name) is not None for name in MODALITIES)
    expected = _score_by_torch(checkpoint, features)
    assert affect["score"] == pytest.approx(expected["score"], abs=1e-3)
    assert affect["modalities"] == {name: pytest.approx(expected[f"{name}_score"], abs=1e-3) for name in MODALITIES}
    assert affect["confidence"] == pytest.approx(load(checkpoint)["correlation"]["text+audio+vision"], abs=1e-3)
    by_hand = FusionModel(Bundle(fused)).fuse(features, {})
    assert by_hand is not None and by_hand.score == pytest.approx(affect["score"], abs=1e-3)
