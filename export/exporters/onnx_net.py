"""Exports a ready ONNX graph: as the box's expression model, with the missing conversions added, or unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from edge.bundle.contract import fed_range
from edge.bundle.session import Session
from export.checkpoint import sources_of
from export.export_job import ExportJob, Family, Feeds, MadeGraph
from export.exporters import OptionError
from export.exporters.classifier_heads import class_names, expressions_of
from export.exporters.options import floats, number
from export.exporters.picture_net import ROLE, PictureNet, edge_px, picture_job
from export.exporters.samples import NUMBERS, read_samples
from export.graphs.picture_adapter import Adapter, adapted
from export.parity import check_parity
from export.role_build import Array, BuildError
from export.tasks.expression import samples
from export.tensorrt.free_axes import AXES
from export.tensorrt.profile import inputs_of, named_axes
from export.trace import OPSET

_LEAST_OPSET = 13
"""The first opset with today's Softmax and ReduceSum."""
_BATCH = 3
_SAME = 1e-4
_PROBES = 8


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read the file `checkpoint`; options give what a graph does not show."""
    if "role" not in options:
        raise OptionError(f"{checkpoint} does not say what it is for: --role NAME (expression, eye_state, ...)")
    model = _read(checkpoint)
    if options["role"] == ROLE:
        return _expression_job(checkpoint, model, options, work)
    path = work / "model.onnx"
    onnx.save(model, path)
    axes = named_axes(path, {axis.name: axis for axis in AXES.get(options["role"], ())})
    given = "calibration" in options
    calibration = _rows(Path(options["calibration"]), Session(path).input_names) if given else []
    return ExportJob(
        role=options["role"],
        description=f"{checkpoint.name}, taken as it is",
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        training_data=options.get("training_data", "not stated"),
        graphs={"model": MadeGraph(path, {"engine": "none: the file is the original"}, axes, _family(model))},
        golden_inputs={"model": calibration[0] if calibration else _noise(model, options["role"])},
        calibration={"model": calibration} if calibration else {},
        labels=options["labels"].split(",") if "labels" in options else [],
        not_checked=[] if calibration else ["golden inputs are noise: no inputs were given (--calibration)"],
    )


def _read(path: Path) -> onnx.ModelProto:
    """The model with its weights inside, in a current opset."""
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
        opset = next(item.version for item in model.opset_import if item.domain in ("", "ai.onnx"))
        return model if opset >= _LEAST_OPSET else onnx.version_converter.convert_version(model, OPSET)
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error}; external weights lie beside their graph") from error
    except Exception as error:  # protobuf and onnx raise classes of their own
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise BuildError(f"{path} is no sound ONNX file: {first}; export it again") from error


def _expression_job(checkpoint: Path, model: onnx.ModelProto, options: Mapping[str, str], work: Path) -> ExportJob:
    adapter = _adapter(checkpoint, model, options, work)
    made, original = work / "model.onnx", work / "original.onnx"
    onnx.save(adapted(model, adapter), made)
    onnx.save(model, original)
    session = Session(original)

    def engine(feeds: Feeds) -> Mapping[str, Array]:
        return {
            "probabilities": adapter.read(session.run({adapter.input: adapter.show(feeds["image"])})[adapter.output])
        }

    parity = check_parity(Session(made), engine, f"{checkpoint.name} itself", samples(adapter.seen_px, 1)[:_PROBES])
    family = _family(model)
    net = PictureNet(
        description=checkpoint.name,
        module=MadeGraph(made, parity, {"image": {0: AXES[ROLE][0]}}, family),
        outputs=("probabilities",),
        px=adapter.px,
        seen_px=adapter.seen_px,
        classes=[f"class {number}" for number in range(len(adapter.expressions))],
        family=family,
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        preprocessing={"px": adapter.px, "scale": list(adapter.scale), "offset": list(adapter.offset)},
        channels=len(adapter.scale),
    )
    return picture_job(net, options)


def _adapter(checkpoint: Path, model: onnx.ModelProto, options: Mapping[str, str], work: Path) -> Adapter:
    """The conversions between box and graph, from its shapes, the options and one run."""
    inputs = inputs_of(model.graph)
    (name, shape), *others = inputs.items()
    if others or len(shape) != 4 or not {1, 3} & {shape[1], shape[3]}:
        raise BuildError(
            f"{checkpoint} takes {', '.join(f'{key} {value}' for key, value in inputs.items())}: one picture of 1 or 3 "
            "channels is wanted, [n, channels, px, px] or [n, px, px, channels]"
        )
    first = shape[1] in (1, 3)
    channels, side = int(shape[1] if first else shape[3]), shape[2]
    if not isinstance(side, int) and "px" not in options:
        raise OptionError(f"{checkpoint} takes pictures of any size: --set px=N, as it was trained")
    px = side if isinstance(side, int) else int(number(options, "px", 0))
    if "range" not in options:
        raise OptionError(f"{checkpoint} does not say what its pixels are: --set range=0,1 or 0,255 or -1,1")
    low, high = floats(options, "range", 2, (0.0, 1.0))
    mean, deviation = (floats(options, key, channels, (usual,)) for key, usual in (("mean", 0.0), ("deviation", 1.0)))
    outputs = [value.name for value in model.graph.output]
    output = options.get("output", outputs[0])
    if output not in outputs:
        raise OptionError(f"{checkpoint} has no output {output!r}; it has {', '.join(outputs)}")
    _free_batch(model, output)
    found = _run(checkpoint, model, name, output, (channels, px, px) if first else (px, px, channels), work)
    names = class_names(options.get("labels"), [f"class {number}" for number in range(found.shape[1])])
    return Adapter(
        input=name,
        output=output,
        channels_first=first,
        px=px,
        edge=edge_px(px, number(options, "middle", 1.0)),
        scale=[(high - low) / divisor for divisor in deviation],
        offset=[(low - taken) / divisor for taken, divisor in zip(mean, deviation, strict=True)],
        is_share=bool((found >= 0).all() and np.abs(found.sum(axis=1) - 1).max() < _SAME),
        expressions=expressions_of(names),
    )


def _free_batch(model: onnx.ModelProto, output: str) -> None:
    """Let the graph take any number of images; a run then shows whether it can."""
    del model.graph.value_info[:]
    for kept in [value for value in model.graph.output if value.name != output]:
        model.graph.output.remove(kept)
    fixed = any(value.type.tensor_type.shape.dim[0].dim_value for value in model.graph.input)
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.shape.dim:
            value.type.tensor_type.shape.dim[0].dim_param = "n"
    if not fixed:
        return
    constants = {value.name: onnx.numpy_helper.to_array(value) for value in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[1] in constants and node.input[0] not in constants:
            _free_reshape(model, node, constants[node.input[1]])


def _free_reshape(model: onnx.ModelProto, node: onnx.NodeProto, shape: Array) -> None:
    """Replace a leading 1 of the shape, as a trace of one image leaves it, by the number of images."""
    if len(shape) < 2 or shape[0] != 1 or 0 in shape:
        return
    inferred = -1 in shape
    free = np.array([0 if inferred else -1, *shape[1:]], np.int64)
    if inferred:  # 0 copies the input's number of images, unless this attribute takes it for a size
        kept = [attribute for attribute in node.attribute if attribute.name != "allowzero"]
        del node.attribute[:]
        node.attribute.extend(kept)
    node.input[1] = f"{node.name or node.output[0]}_free_shape"
    model.graph.initializer.append(onnx.numpy_helper.from_array(free, node.input[1]))


def _run(
    checkpoint: Path, model: onnx.ModelProto, name: str, output: str, layout: tuple[int, ...], work: Path
) -> Array:
    """The graph's results for several images at once, (images, classes); they must equal the results one by one."""
    path = work / "free.onnx"
    onnx.save(model, path)
    batch = np.random.default_rng(0).random((_BATCH, *layout), np.float32)
    try:
        session = Session(path)
        found = session.run({name: batch})[output]
        alone = np.concatenate([session.run({name: picture[None]})[output] for picture in batch])
    except Exception as error:  # onnxruntime raises its own unexported classes
        raise BuildError(
            f"{checkpoint} does not run on {_BATCH} pictures at once ({next(iter(str(error).splitlines()), error)}): "
            "export it again with a free batch (dynamic_axes or dynamic_shapes)"
        ) from error
    if found.ndim != 2 or found.shape != alone.shape or not np.allclose(found, alone, atol=_SAME):
        raise BuildError(
            f"{checkpoint}: output {output} is {list(found.shape)} for {_BATCH} pictures, or differs from what it says "
            "of each alone: one row of classes a picture is wanted; name another output (--set output=NAME), or "
            "export it again for evaluation, with a free batch"
        )
    return found


def _rows(path: Path, names: Sequence[str]) -> list[Feeds]:
    """Inputs of the graph by name, samples along axis 0, one sample per run."""
    arrays = read_samples(path, dict.fromkeys(names, NUMBERS))
    return [{name: arrays[name][row : row + 1] for name in names} for row in range(len(arrays[names[0]]))]


def _noise(model: onnx.ModelProto, role: str) -> Feeds:
    random = np.random.default_rng(0)
    feeds = {}
    kinds = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
    for name, shape in inputs_of(model.graph).items():
        low, high = fed_range(role, name) or (-1.0, 1.0)
        sizes = [size if isinstance(size, int) else 1 for size in shape]
        drawn: Array = random.uniform(low, high, sizes)
        feeds[name] = drawn.astype(helper.tensor_dtype_to_np_dtype(kinds[name]))
    return feeds


def _family(model: onnx.ModelProto) -> Family:
    operators = {node.op_type for node in model.graph.node}
    if operators & {"LSTM", "GRU", "RNN"}:
        return "float"
    return "cnn" if "Conv" in operators else "transformer"
