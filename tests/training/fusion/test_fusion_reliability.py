"""A trained model's checkpoint tells how well its scores correlate with each set of modalities."""

from __future__ import annotations

import dataclasses

import fusion_runs
import numpy as np
import pytest
import torch

from edge.affect.fusion import combination
from training.fusion import checkpoint
from training.fusion.predict import correlations, predict


def test_the_best_checkpoint_tells_what_was_measured_on_the_validation_split(tmp_path):
    trainer = fusion_runs.tiny_trainer(tmp_path, epochs=2)
    valid = trainer.valid
    rows = torch.arange(len(valid)).repeat(2)
    many = [tuple(part[rows] for part in getattr(valid, name)) for name in ("values", "lengths")]
    single = {name: getattr(valid, name)[rows] for name in ("presence", "label", "single")}
    trainer.valid = dataclasses.replace(valid, values=many[0], lengths=many[1], **single)
    trainer.run()
    content = checkpoint.load(tmp_path / "best.pt")
    assert set(content["correlation"]) == {
        "text+audio+vision", "audio+vision", "text+vision", "text+audio", "text", "audio", "vision"
    }  # fmt: skip
    model = checkpoint.model_of(content, "best.pt")
    scores = predict(model, trainer.valid, torch.device("cpu"), ("text", "vision"))["score"]
    expected = np.corrcoef(scores.numpy(), trainer.valid.label.numpy())[0, 1]
    assert content["correlation"]["text+vision"] == pytest.approx(expected, abs=1e-3)


def test_a_set_of_modalities_that_few_samples_have_is_not_told():
    trainer = fusion_runs.tiny_trainer(None)
    rows = dataclasses.replace(trainer.train, presence=trainer.train.presence.clone())
    rows.presence[19:, 1] = 0
    found = correlations(trainer.model, rows, torch.device("cpu"))
    assert set(found) == {"text+vision", "text", "vision"}


def test_a_set_is_named_in_one_order():
    assert combination(["vision", "text"]) == "text+vision"
