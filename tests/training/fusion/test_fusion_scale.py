"""Columns are brought to one scale by what the training split holds, and by nothing else."""

from __future__ import annotations

import fusion_runs
import numpy as np
import pytest
import torch

from training.fusion import checkpoint
from training.fusion.layers.scale import Scale
from training.fusion.models import build


def test_it_measures_real_frames_only_and_wild_ones_decide_nothing():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(40, 50, 2, generator=generator) * torch.tensor([3.0, 0.01]) + torch.tensor([7.0, -2.0])
    values[0, 0] = 1e6
    values[5, 30:] = float("nan")
    values[6] = float("inf")
    length, presence = torch.full((40,), 50), torch.ones(40)
    length[5], presence[6] = 30, 0
    scale = Scale(2)
    scale.measure(values, length, presence)
    torch.testing.assert_close(scale.centre, torch.tensor([7.0, -2.0]), atol=0.2, rtol=0)
    torch.testing.assert_close(scale.spread, torch.tensor([3.0, 0.01]), rtol=0.05, atol=0)
    assert scale(values[:1]).abs().max() == 8.0


def test_a_column_that_never_changes_keeps_its_size_and_no_frames_change_nothing():
    scale = Scale(1)
    scale.measure(torch.full((3, 4, 1), 0.3), torch.full((3,), 4), torch.ones(3))
    assert scale(torch.full((1, 1, 1), 0.3)).item() == 0.0 and scale.spread.item() == 1.0
    before = scale.centre.clone()
    scale.measure(torch.ones(3, 4, 1), torch.zeros(3, dtype=torch.int64), torch.ones(3))
    assert torch.equal(scale.centre, before)


def test_the_trainer_measures_the_training_split_and_the_checkpoint_holds_it(tmp_path):
    trainer = fusion_runs.tiny_trainer(tmp_path, epochs=1)
    trainer.run()
    state = checkpoint.load(tmp_path / "best.pt")["state"]
    frames = trainer.train.values[1][torch.arange(16) < trainer.train.lengths[1].unsqueeze(1)]
    torch.testing.assert_close(state["scales.audio.centre"], frames.mean(dim=0), atol=0.02, rtol=0)
    torch.testing.assert_close(state["scales.audio.spread"], frames.std(dim=0), rtol=0.05, atol=0)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_size_of_a_column_no_longer_matters(factor):
    plain, other = fusion_runs.tiny_trainer(None), fusion_runs.tiny_trainer(None)
    rows = other.train
    rows.values[2].mul_(factor)
    other.model.measure(rows.values, rows.lengths, rows.presence)
    chosen = torch.arange(8)
    scores = [
        trainer.model.eval()(*trainer.train.inputs(chosen, torch.device("cpu")))["score"] for trainer in (plain, other)
    ]
    torch.testing.assert_close(*scores, atol=1e-4, rtol=0)


def test_a_model_that_is_not_to_be_standardized_takes_features_as_they_are():
    model = build("lf_dnn", {"text": 2, "audio": 2, "vision": 2}, {})
    assert not [name for name in model.state_dict() if name.startswith("scales")]


def test_mean_and_spread_are_those_of_every_nth_frame_without_its_tails(monkeypatch):
    """1300 real frames, of which every third counts: 434, of which the two least and the two greatest are clipped."""
    monkeypatch.setattr("training.fusion.layers.scale._MOST_FRAMES", 500)
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(30, 50, 3, generator=generator, dtype=torch.float64).exp()
    length, presence = torch.full((30,), 50), torch.ones(30)
    length[:10], presence[4] = 35, 0
    length[10:] = 49
    length[4] = 50
    scale = Scale(3)
    scale.measure(values, length, presence)
    frames = [values[n, i].numpy() for n in range(30) for i in range(50) if presence[n] and i < length[n]]
    chosen = np.array(frames)[::3]
    assert (len(frames), len(chosen)) == (1295, 432)
    order = np.sort(chosen, axis=0)
    clipped = chosen.clip(order[2], order[-3])
    np.testing.assert_allclose(scale.centre, clipped.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale.spread, clipped.std(axis=0), rtol=1e-5)
    given = values[:2].float()
    expected = ((given - scale.centre) / scale.spread).clip(-8, 8)
    torch.testing.assert_close(scale(given), expected)
    assert scale(given - 1e6).min() == -8.0


@pytest.mark.parametrize(("size", "spread"), [(0.3, 1.0), (1e6, 1.0), (1e-9, 1.0)])
def test_what_float32_cannot_tell_apart_is_constant(size, spread):
    near = torch.tensor([1.0, 1 + 1e-7]).repeat(20).view(1, 40, 1).double() * size
    scale = Scale(1)
    scale.measure(near, torch.tensor([40]), torch.ones(1))
    assert scale.spread.item() == spread
    wide = Scale(1)
    wide.measure(
        near + torch.tensor([0.0, 1e-6 * max(size, 1)]).repeat(20).view(1, 40, 1), torch.tensor([40]), torch.ones(1)
    )
    assert wide.spread.item() < 1.0
