"""Fine-tuning a Whisper folder: the loss falls, and what comes out is such a folder again, fit for export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_asr import make_list
from whisper_folders import make_whisper_folder

from export.exporters.whisper import build
from training.asr.checkpoint import AsrCheckpointError
from training.asr.manifest import ManifestError
from training.asr.run import train
from training.asr.settings import AsrSettings
from training.asr.whisper import WhisperLearner
from training.processes import Place

SETTINGS = {
    "training": {
        "language": "en",
        "epochs": 2,
        "frames_per_batch": 6000,
        "learning_rate": 0.02,
        "warmup_batches": 1,
    },
    "augment": None,
}
CPU = Place(torch.device("cpu"))


@pytest.mark.bundle
def test_a_whisper_folder_learns_and_stays_one(tmp_path: Path, bundle_dir: Path) -> None:
    base, out = tmp_path / "base", tmp_path / "out"
    make_whisper_folder(base, bundle_dir, max_target_positions=24)
    listed = make_list(tmp_path, "train", 4, 0)
    position, skipped = train(AsrSettings.model_validate(SETTINGS), listed, listed, out, CPU, "whisper", base)
    assert skipped == 0
    assert position.history[-1]["loss"] < 0.95 * position.history[0]["loss"]
    tuned = WhisperLearner.read_folder(out / "best", "en")
    mel = torch.from_numpy(tuned.hear(np.zeros(8000, np.float32)))[None]
    assert len(tuned.read(mel, torch.tensor([3000]))) == 1
    assert json.loads((out / "best" / "emvas.json").read_text())["training_data"].startswith("train.tsv: 4 utterances")
    assert set(build(out / "best", {}, tmp_path).graphs) == {"encoder", "decoder"}


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    listed = make_list(tmp_path, "train", 2, 0)
    settings = AsrSettings.model_validate(SETTINGS)
    with pytest.raises(ManifestError, match="--from"):
        train(settings, listed, listed, tmp_path / "out", CPU, "whisper")
    with pytest.raises(AsrCheckpointError, match="no Whisper folder"):
        train(settings, listed, listed, tmp_path / "out", CPU, "whisper", tmp_path)
