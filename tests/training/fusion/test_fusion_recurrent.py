"""ONNX's LSTM, given the weights that a graph gets, says what torch's says that was trained."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import onnx
import onnxruntime
import torch
from fusion_values import waves
from onnx import TensorProto, helper
from torch import Tensor

from training.fusion.layers.recurrent import Lstm


def operator(name: str, inputs: list[Tensor], attributes: dict[str, int], dtype: torch.dtype, shape: Any) -> Tensor:
    """What onnxruntime makes of the one operator that `torch.onnx.ops.symbolic` writes into a graph."""
    names = ["values", "weight", "recurrence", "bias"]
    told = [
        helper.make_tensor_value_info(key, TensorProto.FLOAT, part.shape)
        for key, part in zip(names, inputs, strict=True)
    ]
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["length", 1, "n", "hidden"])
    graph = helper.make_graph([helper.make_node(name, names, ["states"], **attributes)], "lstm", told, [states])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (said,) = session.run(None, {key: part.detach().numpy() for key, part in zip(names, inputs, strict=True)})
    assert said.shape == tuple(shape) and dtype == torch.float32
    return torch.from_numpy(said)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 5)])
def test_the_operator_says_the_same(monkeypatch: pytest.MonkeyPatch, layers: int, size: tuple[int, int]) -> None:
    lstm = Lstm(3, 4, layers).eval()
    with torch.no_grad():
        for place, weight in enumerate(lstm.parameters()):
            weight.copy_(waves(weight.shape, 0.7 * place))
    values = waves((*size, 3), 0.2).float()
    trained = lstm(values)
    assert trained.shape == (*size, 4)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    monkeypatch.setattr(torch.onnx.ops, "symbolic", operator)
    torch.testing.assert_close(lstm(values), trained.detach(), atol=1e-5, rtol=1e-5)
