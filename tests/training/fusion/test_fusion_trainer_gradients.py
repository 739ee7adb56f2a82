"""Gradients of several batches: added up and clipped after each, as MMSA does."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("tensorboard", reason="training needs the extra `train`")

import fusion_runs
import torch

from training.fusion.models import build
from training.fusion.trainer import FusionTrainer
from training.fusion.training_state import FusionPosition

BATCHES = (torch.arange(0, 8), torch.arange(8, 16), torch.arange(16, 24))
LIMIT = 0.01


def gradients(*batches: torch.Tensor, clip_value: float | None = None) -> dict[str, torch.Tensor]:
    """What stands in the weights after `batches` without a step; each batch drops out the same every time."""
    trainer: FusionTrainer = fusion_runs.tiny_trainer(None, clip_value=clip_value, update_batches=len(batches))
    trainer.model.train()
    for rows in batches:
        torch.manual_seed(int(rows[0]))
        trainer._batch(rows, step_after=False)
    return {name: weight.grad for name, weight in trainer.model.named_parameters() if weight.grad is not None}


def test_gradients_are_added_not_averaged() -> None:
    single = [gradients(rows) for rows in BATCHES]
    for name, value in gradients(*BATCHES).items():
        torch.testing.assert_close(value, sum(one[name] for one in single), atol=1e-6, rtol=1e-4)


def test_the_sum_is_clipped_after_each_batch() -> None:
    single = [gradients(rows) for rows in BATCHES]
    clipped = gradients(*BATCHES, clip_value=LIMIT)
    at_the_end = 0
    for name, value in clipped.items():
        expected = torch.zeros_like(value)
        for one in single:
            expected = (expected + one[name]).clamp(-LIMIT, LIMIT)
        torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-4)
        whole = sum(one[name] for one in single).clamp(-LIMIT, LIMIT)
        at_the_end += int((whole - expected).abs().gt(LIMIT / 10).sum())
    assert at_the_end, "the example tells clipping each batch from clipping once"


def test_mult_drops_out_as_much_in_all_three_memories() -> None:
    model = build("mult", {"text": 8, "audio": 8, "vision": 8}, {"attention_dropouts": (0.2, 0.1, 0.0)})
    assert [model.memory[name].layers[0].self_attn.dropout.p for name in ("text", "audio", "vision")] == [0.2] * 3


@pytest.mark.parametrize(("update_batches", "steps"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (5, [5]), (9, [5])])
def test_an_epoch_steps_after_as_many_batches_as_are_added_up_and_after_its_last(
    update_batches: int, steps: list[int]
) -> None:
    trainer = fusion_runs.tiny_trainer(None, epochs=1, update_batches=update_batches)
    stepped: list[int] = []
    before = [weight.detach().clone() for weight in trainer.model.parameters()]

    def note(position: FusionPosition) -> None:
        nonlocal before
        now = [weight.detach().clone() for weight in trainer.model.parameters()]
        if any(not torch.equal(one, two) for one, two in zip(before, now, strict=True)):
            stepped.append(position.batch)
        before = now

    trainer.run(watch=note)
    assert stepped == steps
