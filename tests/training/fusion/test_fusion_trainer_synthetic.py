"""Every model of the table learns a set whose answer is known, and mtme needs all three modalities."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("tensorboard", reason="training needs the extra `train`")

import torch

from benchmarks.fusion.synthetic import settings_of
from training.fusion.data import Rows
from training.fusion.evaluate import baseline, judge
from training.fusion.models import MODELS
from training.fusion.trainer import FusionTrainer
from training.fusion.training_state import FusionTask
from training.processes import Place
from training.synthetic_features import WEIGHTS, least_error, trimodal

FEATURES = trimodal((320, 100, 200))
TRAIN, VALID, TEST = (Rows.of(FEATURES.of(split)) for split in ("train", "valid", "test"))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def trained(name: str, epochs: int):
    settings = settings_of(name, epochs=epochs, batch_size=16)
    trainer = FusionTrainer(
        FusionTask(name, settings, FEATURES.dims, {}, "", 1), TRAIN, VALID, Place(torch.device("cpu")), None
    )
    trainer.run()
    return trainer.model


@pytest.mark.parametrize("name", MODELS)
def test_every_model_beats_the_baseline_clearly(name):
    figures = judge(trained(name, epochs=4), TEST, "sims")["all"]
    nothing = baseline(FEATURES, TEST, "made", "sims")
    assert figures["MAE"] < 0.6 * nothing["MAE"], figures
    assert figures["Mult_acc_2"] > nothing["Mult_acc_2"] + 0.25, figures
    assert figures["Corr"] > 0.8, figures


def test_mtme_uses_all_three_modalities():
    figures = judge(trained("mtme", epochs=8), TEST, "sims")
    assert figures["all"]["MAE"] < 0.09
    for name, weight in WEIGHTS.items():
        lost = figures[f"without {name}"]["MAE"] - figures["all"]["MAE"]
        assert lost > 0.2 * weight, (name, figures)  # the modality's own part is 0.5 x weight on average


def test_the_least_error_is_that_of_the_unseen_part():
    test = FEATURES.of("test")
    assert least_error(test, ("text", "audio", "vision")) == pytest.approx(0, abs=1e-7)
    assert least_error(test, ("text", "audio")) == pytest.approx(WEIGHTS["vision"] * np.abs(test.label_V).mean())
