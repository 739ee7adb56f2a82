"""Traces a module with free axes to ONNX, and compares both at sizes that were not traced."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from edge.bundle.manifest import BundleError
from edge.bundle.session import Session
from export.export_job import GraphJob
from export.role_build import Array, BuildError, FreeAxis

OPSET = 18
"""The newest opset that torch's exporter writes without conversion and that onnxruntime 1.23 and TensorRT 10 read."""
MOST_ABS = 1e-4
"""Largest difference of an output between torch and onnxruntime, both float32; of an output whose RMS is above 1,
that many times the RMS."""
LARGEST_FILE_BYTES = 2**31 - 2**24
"""One protobuf message holds 2 GiB; a part of it is for the nodes."""
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 23, 31, 47, 67, 97, 139, 197, 281, 397, 563, 797, 1129, 1597, 2269, 16033, 48017)
"""Sizes that are not multiples of a stride, window or number of heads."""
_SHOWN = 3


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
    """Drop the exporter's notes on its nodes: stack traces with paths of this machine, which differ on every
    machine.
    """
    model = onnx.load(path)
    for part in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        del part.metadata_props[:]
    onnx.save(model, path)


def check_weights(module: nn.Module, graph: str) -> None:
    """Raises BuildError with the first tensors that hold a NaN or an infinite weight."""
    parameters = {name for name, _ in module.named_parameters()}
    bad = [
        name
        for name, value in module.state_dict().items()
        if value.is_floating_point() and _is_bad(value, infinite=name in parameters)
    ]
    if bad:
        rest = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise BuildError(
            f"the weights of {graph!r} hold NaN or infinite values in {', '.join(bad[:_SHOWN])}{rest}: "
            "the training diverged or the file is damaged; export an earlier checkpoint"
        )


def _is_bad(value: Tensor, infinite: bool) -> bool:
    """A buffer may hold infinities, as attention masks do."""
    return not bool(torch.isfinite(value).all()) if infinite else bool(torch.isnan(value).any())


def trace(name: str, graph: GraphJob, path: Path) -> None:
    """Write `graph` to `path`, its axes free, and check it.

    Raises:
        BuildError: too large for one file, not traceable, or not valid ONNX.
    """
    size = sum(value.numel() * value.element_size() for value in graph.module.state_dict().values())
    if size > LARGEST_FILE_BYTES:
        raise BuildError(
            f"graph {name!r} has {size / 1e9:.1f} GB of weights; one ONNX file holds 2 GB: export a smaller model"
        )
    inputs = graph.example(traced_sizes(graph))
    dims = {
        name: torch.export.Dim(name, min=axis.least, max=axis.most)
        for name, axis in _axes(graph).items()
        if axis.least < axis.most  # the others have one size: MMSA's MOSI has one step a modality
    }
    free = [
        {at: dims[axis.name] for at, axis in graph.axes.get(key, {}).items() if axis.name in dims} for key in inputs
    ]
    shapes = tuple(inspect.signature(graph.module.forward).bind(*free).arguments.values())  # `*caches` is one tuple
    try:
        export_module(graph.module, tuple(inputs.values()), path, list(inputs), graph.outputs, shapes)
        onnx.checker.check_model(path, full_check=True)  # with shape inference
    except Exception as error:  # torch and onnx raise dozens of classes, most of them unexported
        raise BuildError(f"graph {name!r} cannot be traced to ONNX: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _axes(graph: GraphJob) -> dict[str, FreeAxis]:
    return {axis.name: axis for by_position in graph.axes.values() for axis in by_position.values()}


def traced_sizes(graph: GraphJob) -> dict[str, int]:
    """The usual sizes, none below 2: torch treats a size of 1 as a constant."""
    return {name: min(max(axis.usual, 2), axis.most) for name, axis in _axes(graph).items()}


def untraced_sizes(graph: GraphJob) -> list[dict[str, int]]:
    """Least, most, and primes between them other than the traced size."""
    axes, traced = _axes(graph), traced_sizes(graph)
    between = {}
    for name, axis in axes.items():
        middle = (axis.least + axis.most) / 2
        fitting = [prime for prime in _PRIMES if axis.least < prime < axis.most and prime != traced[name]]
        between[name] = min(fitting, key=lambda prime: abs(prime - middle), default=axis.most)
    least, most = ({name: getattr(axis, side) for name, axis in axes.items()} for side in ("least", "most"))
    sizes: list[dict[str, int]] = []
    for candidate in (least, between, most):
        if candidate not in sizes:
            sizes.append(candidate)
    return sizes


def prove_parity(name: str, graph: GraphJob, path: Path) -> dict[str, Any]:
    """Run torch and onnxruntime on the same random inputs at sizes not traced; return the manifest's figures.

    Raises:
        BuildError: the graph does not run at some size, or the difference of an output exceeds `MOST_ABS`.
    """
    session = Session(path)
    worst = dict.fromkeys(session.output_names, 0.0)
    tried = untraced_sizes(graph)
    for sizes in tried:
        inputs = graph.example(sizes)
        wanted = reference(graph, inputs)
        found = _run(name, session, inputs, sizes)
        for output, value in wanted.items():
            difference = _difference(found[output], value)
            if not difference <= MOST_ABS:
                raise BuildError(
                    f"graph {name!r}: at {_shown(sizes)} output {output!r} differs from torch by {difference:.1e}, "
                    f"allowed {MOST_ABS:.0e}: the model does something at this size that tracing does not keep"
                )
            worst[output] = max(worst[output], difference)
    return {
        "engine": f"torch {torch.__version__}",
        "sizes": [_shown(sizes) for sizes in tried],
        "max_abs": {output: float(f"{value:.3g}") for output, value in worst.items()},
    }


def reference(graph: GraphJob, inputs: Mapping[str, Tensor]) -> dict[str, Array]:
    """The results of the torch module, by output name."""
    with torch.inference_mode():
        values = graph.module.eval()(*inputs.values())
    values = values if isinstance(values, tuple) else (values,)
    return {name: value.numpy() for name, value in zip(graph.outputs, values, strict=True)}


def _run(name: str, session: Session, inputs: Mapping[str, Tensor], sizes: Mapping[str, int]) -> dict[str, Array]:
    feeds = {key: value.numpy() for key, value in inputs.items() if key in session.input_names}
    if unused := [key for key in inputs if key not in session.input_names]:
        raise BuildError(f"graph {name!r} lost its inputs {', '.join(unused)}: the model does not use them")
    try:
        return session.run(feeds)
    except BundleError:
        raise
    except Exception as error:  # onnxruntime raises its own unexported classes
        raise BuildError(f"graph {name!r} does not run at {_shown(sizes)}: {_first_line(error)}") from error


def _difference(found: Array, wanted: Array) -> float:
    """The difference; infinite if the shapes differ or one of them holds a NaN."""
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    if not found.size:
        return 0.0
    scale = max(1.0, float(np.sqrt(np.mean(np.square(wanted.astype(np.float64))))))
    return float(np.abs(found - wanted).max()) / scale


def _shown(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {size}" for name, size in sizes.items()) or "its fixed size"
