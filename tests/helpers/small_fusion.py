"""A fusion role whose answer can be worked out by hand, put into a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from edge.affect.feature_schema import TABLES, description
from edge.bundle.manifest import Graph, Role, StoredFile, Tensor, Variant, read_manifest, write_manifest

WEIGHTS = (0.1, 0.2, 0.4)
"""The score is the sum of these over the modalities that are there; `text_score` is the mean sentiment of the rows."""


def add_fusion(
    folder: Path, dims: Mapping[str, int] | None = None, unimodal: bool = True, **preprocessing: Any
) -> Path:
    """Write the role into the bundle's folder and return it."""
    widths = dims or {name: table.width for name, table in TABLES.items()}
    path, golden = folder / "fusion.onnx", folder / "fusion.npz"
    onnx.save(_model(widths, unimodal), path)
    np.savez(golden, nothing=np.zeros(1))
    tensors = [Tensor(name=name, dtype="float32", shape=["n"]) for name in ("score",)]
    graph = Graph(**_stored(path), opset=18, inputs=[], outputs=tensors)
    role = Role(
        description="a sum",
        sources=[],
        training_data="none",
        preprocessing={"features": description(), **preprocessing},
        variants={"fp32": Variant(graphs={"model": graph}, golden_tolerance=0.1)},
        default={"cpu": "fp32"},
        golden=StoredFile(**_stored(golden)),
    )
    manifest = read_manifest(folder)
    write_manifest(manifest.model_copy(update={"roles": {**manifest.roles, "fusion": role}}), folder)
    return folder


def _stored(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _model(widths: Mapping[str, int], unimodal: bool) -> onnx.ModelProto:
    floats, whole = TensorProto.FLOAT, TensorProto.INT64
    inputs = [helper.make_tensor_value_info(n, floats, ["n", f"{n}_rows", width]) for n, width in widths.items()]
    inputs += [helper.make_tensor_value_info(f"{name}_length", whole, ["n"]) for name in widths]
    inputs.append(helper.make_tensor_value_info("presence", floats, ["n", 3]))
    last = widths["text"] - 1
    constants = [
        helper.make_tensor("weights", floats, [3], WEIGHTS),
        helper.make_tensor("one", whole, [1], [1]),
        helper.make_tensor("last", whole, [], [last]),
    ]
    nodes = [
        helper.make_node("Mul", ["presence", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "one"], ["score"], keepdims=0),
    ]
    outputs = [helper.make_tensor_value_info("score", floats, ["n"])]
    if unimodal:
        nodes += [
            helper.make_node("Gather", ["text", "last"], ["sentiment"], axis=2),
            helper.make_node("ReduceSum", ["sentiment", "one"], ["total"], keepdims=0),
            helper.make_node("Cast", ["text_length"], ["rows"], to=floats),
            helper.make_node("Div", ["total", "rows"], ["text_score"]),
        ]
        outputs.append(helper.make_tensor_value_info("text_score", floats, ["n"]))
    graph = helper.make_graph(nodes, "fusion", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
