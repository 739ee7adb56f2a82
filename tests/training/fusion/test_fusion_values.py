"""No line of a fusion model changes unnoticed: its answers, losses, gradients, dropped shares and defaults are held."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch
from fusion_batches import DIMS, SMALL
from fusion_values import CASES, FILE, rates_of, values_of
from pydantic import BaseModel

from training.fusion.layers.attention import Block, MultiHeadAttention
from training.fusion.layers.low_rank import LowRankFusion
from training.fusion.layers.tensor_fusion import TensorFusion
from training.fusion.models import MODELS, FusionError, build, configure
from training.fusion.settings import FusionTraining, ParameterGroup, published

WRITTEN = json.loads(FILE.read_text(encoding="utf-8"))
CHOSEN_HERE = {"mfn": {"alignment"}, "mtme": {"modality_dropout"}}
"""Hyperparameters whose default is not that of the settings for CH-SIMS."""


def near(wanted: Any) -> Any:
    return pytest.approx(wanted, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_a_model_answers_and_learns_as_it_was_written_down(case: str) -> None:
    wanted, found = WRITTEN["values"][case], values_of(case)
    assert found.keys() == wanted.keys()
    for part in ("answers", "learning", "gradients", "state"):
        assert found[part].keys() == wanted[part].keys(), part
        for key, value in wanted[part].items():
            assert found[part][key] == near(value), f"{part}: {key}"
    assert found["losses"] == near(wanted["losses"])


@pytest.mark.parametrize("name", SMALL)
def test_each_part_drops_the_share_that_its_own_setting_says(name: str) -> None:
    assert rates_of(name) == WRITTEN["rates"][name]


def test_one_layer_of_an_lstm_drops_nothing_and_several_do() -> None:
    for layers, rate in ((1, 0.0), (2, 0.4)):
        model = build("ef_lstm", DIMS, {**SMALL["ef_lstm"], "layers": layers, "dropout": 0.4})
        assert (model.lstm.num_layers, model.lstm.dropout) == (layers, rate)


@pytest.mark.parametrize("name", MODELS)
def test_the_defaults_are_those_of_the_settings_for_ch_sims(name: str) -> None:
    default, settings = configure(name, {}), configure(name, published(name, "sims").model)
    other = {key for key in type(default).model_fields if getattr(default, key) != getattr(settings, key)}
    assert other == CHOSEN_HERE.get(name, set())


def test_what_no_settings_file_says() -> None:
    assert configure("mfn", {}).alignment == "spread"
    plain = configure("lf_dnn", {})
    assert (plain.modality_dropout, plain.output_range, plain.padded_to, plain.standardized) == (0.0, None, None, False)
    mtme = configure("mtme", {})
    assert (mtme.standardized, mtme.shared_trunk, mtme.score_bound, mtme.label_bound) == (True, False, 1.0, 1.0)
    assert (mtme.fused_weight, mtme.single_weights, mtme.least_distance) == (0.6, (0.2, 0.8, 0.8), 0.05)
    training = FusionTraining().model_dump()
    assert training == {
        "batch_size": 32, "learning_rate": 1e-3, "weight_decay": 0.0, "groups": (), "epochs": 200, "early_stop": 8,
        "clip_value": None, "update_batches": 1, "plateau_epochs": None, "save_batches": None,
    }  # fmt: skip


SIZES = ("steps", "layers", "memory", "rank", "size", "heads", "text_out", "hidden")
LEAST = {"batch_size": 2, "epochs": 1, "early_stop": 1, "update_batches": 1, "plateau_epochs": 0, "save_batches": 1}
"""The least whole number that each setting of the training takes."""


def allowed(kind: type[BaseModel], **values: Any) -> bool:
    try:
        kind(**values)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", MODELS)
def test_hyperparameters_keep_to_their_limits(name: str) -> None:
    kind, tried = MODELS[name].config, 0
    for key, field in kind.model_fields.items():
        if isinstance(field.default, tuple | bool | str | None):
            continue
        tried += 1
        if key.endswith("dropout"):
            answers = [allowed(kind, **{key: value}) for value in (-0.01, 0.0, 0.99, 1.0)]
            assert answers == [False, True, True, False], key
        elif key.endswith(("_weight", "_distance")):
            assert [allowed(kind, **{key: value}) for value in (-0.01, 0.0, 0.5)] == [False, True, True], key
        elif key.endswith("_bound"):
            assert [allowed(kind, **{key: value}) for value in (0.0, 0.01)] == [False, True], key
        else:
            assert key.endswith(SIZES)
            one_head = {"heads": 1} if "heads" in kind.model_fields else {}
            assert [allowed(kind, **one_head | {key: value}) for value in (0, 1)] == [False, True], key
    assert tried > 1


def test_the_training_keeps_to_its_limits() -> None:
    for key, least in LEAST.items():
        assert [allowed(FusionTraining, **{key: value}) for value in (least - 1, least)] == [False, True], key
    for key in ("learning_rate", "clip_value"):
        assert [allowed(FusionTraining, **{key: value}) for value in (0.0, 1e-9)] == [False, True], key
    assert [allowed(FusionTraining, weight_decay=value) for value in (-1e-9, 0.0, 1e-9)] == [False, True, True]
    group = {"parameters": "text.*"}
    assert [allowed(ParameterGroup, **group, learning_rate=value) for value in (0.0, 1e-9)] == [False, True]
    assert [allowed(ParameterGroup, **group, weight_decay=value) for value in (-1e-9, 0.0)] == [False, True]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"size": 7, "heads": 2}, "mult: size 7 is not a multiple of heads 2"),
        ({"kernels": [1, 2]}, "mult: kernels"),
        ({"zzz": 1}, "it has modality_dropout"),
    ],
)
def test_what_does_not_fit_together_is_a_sentence(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FusionError, match=sentence):
        configure("mult", config)


def test_mtme_says_what_it_does_not_take() -> None:
    with pytest.raises(FusionError, match="three equal sizes"):
        configure("mtme", {"shared_trunk": True, "single_hidden": [4, 4, 3]})
    with pytest.raises(FusionError, match="bounded by score_bound"):
        configure("mtme", {"output_range": [-1, 1]})


def spread_of(weight: torch.Tensor) -> tuple[float, float]:
    return float(weight.detach().abs().max()), float(weight.detach().std())


def test_weights_begin_as_large_as_their_sources_say() -> None:
    """Glorot: uniform to sqrt(6 / (in + out)), normal with sqrt(2 / (in + out)); a linear layer to 1 / sqrt(in)."""
    torch.manual_seed(0)
    attention = MultiHeadAttention(30, 3, 0.0)
    for weight, most in ((attention.in_proj_weight, (6 / 120) ** 0.5), (attention.out_proj.weight, (6 / 60) ** 0.5)):
        assert 0.95 * most < spread_of(weight)[0] <= most
    assert not attention.in_proj_bias.any() and not attention.out_proj.bias.any()
    block = Block(20, 2, 0.0, 0.0, 0.0)
    for layer in (block.fc1, block.fc2):
        assert 0.95 * (6 / 100) ** 0.5 < spread_of(layer.weight)[0] <= (6 / 100) ** 0.5
        assert not layer.bias.any()
    fusion = TensorFusion(7, 4, 5, 16, 0.0)
    most = (5 * 6 * 8) ** -0.5
    assert 0.95 * most < spread_of(fusion.weight)[0] <= most
    assert 0.6 * most < spread_of(fusion.bias)[0] <= most and fusion.bias.min() < 0 < fusion.bias.max()
    low_rank = LowRankFusion((99, 59, 79), 30)
    for name, size in zip(("text", "audio", "vision"), (100, 60, 80), strict=True):
        assert low_rank.factors[name].shape == (30, size)
        assert spread_of(low_rank.factors[name])[1] == pytest.approx((2 / (30 + size)) ** 0.5, rel=0.1)
    assert low_rank.weights.shape == (1, 30) and low_rank.bias.shape == (1,) and not low_rank.bias.any()
    assert spread_of(low_rank.weights)[1] == pytest.approx((2 / 31) ** 0.5, rel=0.4)
