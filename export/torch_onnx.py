"""The one way from a torch module to an ONNX file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch

OPSET = 18
"""The youngest opset that torch's exporter writes without conversion and onnxruntime 1.23 and TensorRT 10 read."""


def export_module(
    module: torch.nn.Module,
    inputs: tuple[Any, ...],
    path: Path,
    input_names: Sequence[str],
    output_names: Sequence[str],
    dynamic_shapes: Any,
) -> None:
    """Trace `module` in evaluation mode and write one self-contained file; `dynamic_shapes` is torch.export's."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of torchvision, which nothing here uses
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside torch, renamed axes
        torch.onnx.export(
            module.eval(),
            inputs,
            path,
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=list(input_names),
            output_names=list(output_names),
            dynamic_shapes=dynamic_shapes,
            verbose=False,
        )
    _forget_source(path)


def _forget_source(path: Path) -> None:
    """Drop the exporter's notes on its nodes: stack traces with this machine's paths, other on every machine."""
    model = onnx.load(path)
    for part in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del part.metadata_props[:]
    onnx.save(model, path)
