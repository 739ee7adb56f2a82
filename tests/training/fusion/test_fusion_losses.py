"""What a sample counts in a loss: nothing of a modality that it was not shown, or has no label of."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from training.fusion.label_generation import LabelGeneration
from training.fusion.layers.heads import MODALITIES
from training.fusion.losses import GeneratedLabels, MultiTask, Objective, Targets


def output(presence: torch.Tensor, **wrong: float) -> dict[str, torch.Tensor]:
    """Scores of 0 for four samples but for one a modality, which is that far off in the first of them."""
    said = {f"{name}_score": torch.zeros(4) for name in MODALITIES}
    for name, value in wrong.items():
        said[f"{name}_score"][0] = value
    return {"score": torch.zeros(4), "presence": presence, **said}


TARGETS = Targets(torch.zeros(4), torch.zeros(4, 3), torch.arange(4))


def generated() -> GeneratedLabels:
    objective = GeneratedLabels(LabelGeneration(1.0, False, 0.0), 2, (2, 2, 2), 1.0, (0.5, 0.25, 0.125))
    objective.begin(TARGETS.label, TARGETS.single)
    return objective


@pytest.mark.parametrize("objective", [MultiTask(1.0, (0.5, 0.25, 0.125)), generated()], ids=["given", "generated"])
@pytest.mark.parametrize("column", range(3), ids=MODALITIES)
def test_what_a_modality_says_counts_where_it_was_shown_and_nowhere_else(objective: Objective, column: int) -> None:
    weight, name = (0.5, 0.25, 0.125)[column], MODALITIES[column]
    shown = torch.ones(4, 3)
    assert float(objective.loss(output(shown, **{name: 2.0}), TARGETS)) == pytest.approx(weight * 2.0 / 4)
    hidden = shown.clone()
    hidden[0, column] = 0
    assert float(objective.loss(output(hidden, **{name: 2.0}), TARGETS)) == 0.0
    hidden[1, column] = 0
    hidden[0, column] = 1
    assert float(objective.loss(output(hidden, **{name: 2.0}), TARGETS)) == pytest.approx(weight * 2.0 / 3)


def test_a_sample_without_a_label_of_a_modality_does_not_count() -> None:
    single = TARGETS.single.clone()
    single[0] = torch.nan
    targets = TARGETS._replace(single=single)
    loss = MultiTask(1.0, (1.0, 1.0, 1.0)).loss(output(torch.ones(4, 3), text=2.0, audio=2.0, vision=2.0), targets)
    assert float(loss) == 0.0
