"""Fine-tuning a Whisper folder: the loss falls, and what comes out is such a folder again, fit for export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_asr import make_list
from small_whisper import MELS, VOCABULARY, make_small_whisper
from whisper_folders import make_whisper_folder

from export.exporters.whisper import build
from training.asr.checkpoint import AsrCheckpointError
from training.asr.data import PADDING
from training.asr.manifest import ManifestError
from training.asr.run import train
from training.asr.settings import AsrSettings
from training.asr.whisper import WhisperLearner, WhisperLoss
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


def test_the_loss_of_an_utterance_is_the_mean_over_its_tokens_whatever_pads_them() -> None:
    """A long text counts no more than a short one; each token is guessed from those before it."""
    model = make_small_whisper()
    features = torch.randn(2, 100, MELS, generator=torch.Generator().manual_seed(3))
    long, short = [1, 5, 9, 14, 20, 7], [1, 8, 30]
    tokens = torch.full((2, 8), PADDING)
    tokens[0, :6], tokens[1, :3] = torch.tensor(long), torch.tensor(short)
    with torch.inference_mode():
        said = WhisperLoss(model)(features, torch.tensor([100, 100]), tokens, torch.tensor([6, 3]))
        for row, text in enumerate((long, short)):
            before = torch.tensor([text[:-1]])
            logits = model(input_features=features[row : row + 1].transpose(1, 2), decoder_input_ids=before).logits[0]
            each = [-float(logits[place].log_softmax(0)[token]) for place, token in enumerate(text[1:])]
            assert float(said[row]) == pytest.approx(sum(each) / len(each), rel=1e-4)
    assert said.mean() > 0.5 * np.log(VOCABULARY)
