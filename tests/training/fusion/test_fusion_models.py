"""Every fusion model: what it may see, and that its graph says the same at lengths that were not traced."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from fusion_batches import DIMS, SMALL, batch, small_model
from hypothesis import given, settings
from hypothesis import strategies as st

from export.trace import export_module
from training.fusion.models import MODELS, FusionError, build

INPUTS = ["text", "audio", "vision", "text_length", "audio_length", "vision_length", "presence"]
TRACED = batch([(7, 9, 8), (3, 2, 5)], [(1, 1, 1), (1, 0, 1)])
UNTRACED = {
    "one frame": batch([(1, 1, 1)], [(1, 1, 1)]),
    "longer, some absent": batch([(11, 4, 16), (2, 13, 1), (5, 5, 5)], [(1, 1, 1), (0, 1, 1), (1, 0, 0)]),
    "nothing there": batch([(4, 3, 2), (4, 1, 2)], [(0, 0, 0), (1, 1, 0)]),
}
IN_THE_SUITE = ("ef_lstm",)
"""Traced here. The tests of the export trace lmf, tfn and mtme; benchmarks/fusion/graphs.py traces all twelve."""
REFUSED_OPS = {"Loop", "If", "Scan", "NonZero", "SequenceConstruct", "Dropout"}


def test_every_model_is_tested():
    assert set(SMALL) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_padding_and_absent_modalities_do_not_matter(name, data):
    lengths = data.draw(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=1, max_size=3))
    presence = data.draw(st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=len(lengths), max_size=len(lengths)))
    inputs = batch(lengths, presence)
    model = small_model(name)
    expected = model(*inputs)
    changed = [part.clone() for part in inputs]
    extra = data.draw(st.integers(0, 4))
    for column in range(3):
        values = torch.nn.functional.pad(changed[column], (0, 0, 0, extra))
        for row, length in enumerate(lengths):
            values[row, length[column] :] = torch.nan
            if not presence[row][column]:
                values[row] = 1e6
                changed[3 + column][row] = 1
        changed[column] = values
    result = model(*changed)
    for key, value in expected.items():
        torch.testing.assert_close(result[key], value, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_a_batch_are_independent(name):
    together = small_model(name)(*UNTRACED["longer, some absent"])
    for row in range(3):
        alone = small_model(name)(*[part[row : row + 1] for part in UNTRACED["longer, some absent"]])
        for key, value in alone.items():
            torch.testing.assert_close(value, together[key][row : row + 1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_score_depends_on_each_present_modality(name):
    models, inputs = [small_model(name, seed) for seed in (0, 1)], batch([(4, 4, 4)], [(1, 1, 1)])
    for column in range(3):
        without = [part.clone() for part in inputs]
        without[6][:, column] = 0
        change = [(model(*without)["score"] - model(*inputs)["score"]).abs().item() for model in models]
        assert max(change) > 1e-7, f"column {column} is ignored"  # the few units of one tiny model may all be at rest


@pytest.mark.parametrize("name", IN_THE_SUITE)
def test_the_graph_agrees_at_lengths_that_were_not_traced(name, tmp_path: Path):
    model = small_model(name)
    n, axes = torch.export.Dim("n"), [torch.export.Dim(name) for name in ("lt", "la", "lv")]
    shapes = (*[{0: n, 1: axis} for axis in axes], *[{0: n}] * 4)
    outputs = list(model(*TRACED))
    path = tmp_path / "model.onnx"
    export_module(model, tuple(TRACED), path, INPUTS, outputs, shapes)
    graph = onnx.load(path).graph
    assert not REFUSED_OPS & {node.op_type for node in graph.node}
    assert [entry.name for entry in graph.input] == INPUTS
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for case, inputs in UNTRACED.items():
        got = session.run(outputs, {key: part.numpy() for key, part in zip(INPUTS, inputs, strict=True)})
        for key, value in zip(outputs, got, strict=True):
            np.testing.assert_allclose(value, model(*inputs)[key].detach(), atol=1e-4, err_msg=f"{case}: {key}")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_trains_with_modalities_dropped(name):
    spec = MODELS[name]
    torch.manual_seed(1)
    model = build(name, DIMS, {**SMALL[name], "modality_dropout": 0.4}).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    inputs = batch([(5, 6, 4), (2, 3, 6), (4, 4, 4), (1, 5, 2)] * 4, [(1, 1, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)] * 4)
    objective = spec.objective(model.config)
    targets = targets_of(16)
    objective.begin(targets.label, targets.single)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(1, 9):
        optimizer.zero_grad()
        output = model(*inputs)
        loss = objective.loss(output, targets)
        assert loss.isfinite()
        loss.backward()
        assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())
        optimizer.step()
        objective.after_batch(output, targets, epoch)
    untrained = [key for key, weight in model.named_parameters() if torch.equal(weight, before[key])]
    assert not untrained
    assert all(value.isfinite().all() for value in model.state_dict().values())


def targets_of(size: int):
    from training.fusion.losses import Targets

    single = torch.linspace(-1, 1, 3 * size).view(size, 3).clone()
    single[0, 1] = torch.nan
    return Targets(torch.linspace(-1, 1, size), single, torch.arange(size))


@pytest.mark.parametrize("name", MODELS)
def test_multi_task_models_say_what_each_modality_says(name):
    keys = set(small_model(name)(*TRACED))
    single = {"text_score", "audio_score", "vision_score"} if MODELS[name].multi_task else set()
    assert keys == {"score"} | single


def test_a_wrong_name_or_hyperparameter_is_a_sentence():
    with pytest.raises(FusionError, match="did you mean tfn"):
        build("tfnn", DIMS, {})
    with pytest.raises(FusionError, match="tfn has no hyperparameter 'text_outt'; did you mean text_out"):
        build("tfn", DIMS, {"text_outt": 3})
    with pytest.raises(FusionError, match="tfn: text_out: "):
        build("tfn", DIMS, {"text_out": -1})
