"""Every rule of the TensorRT linter is broken once here, and the parser of tensorrt-rtx agrees with the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from small_graph import save_graph

from edge.bundle.manifest import VariantName
from export.role_build import BuildError, FreeAxis
from export.tensorrt.lint import lint_graph
from export.tensorrt.rules import DATA_DEPENDENT, INTEGER_ARITHMETIC, OPSETS, RULES, UNSUPPORTED

F, I64 = TensorProto.FLOAT, TensorProto.INT64
KERNEL = np.ones((4, 4, 3, 3), np.float32)
SHAPE = [1, 4, 8, 8]
save = partial(save_graph, inputs={"x": (F, SHAPE)})
ZERO, SCALE = np.zeros((), np.int8), np.array(0.1, np.float32)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, list(inputs), [output], name=output, **attributes)


def rules(
    path: Path, variant: VariantName = "fp32", axes: Mapping[str, Mapping[int, FreeAxis]] | None = None
) -> set[str]:
    return {finding.rule for finding in lint_graph(path, variant, axes or {})}


def pair(name: str, scale: str = "scale", zero: str = "zero", **attributes: int) -> list[onnx.NodeProto]:
    """Q and DQ around the tensor `name`."""
    return [
        node("QuantizeLinear", [name, scale, zero], f"{name}_q", **attributes),
        node("DequantizeLinear", [f"{name}_q", scale, zero], f"{name}_d", **attributes),
    ]


def quantized(
    path: Path,
    *,
    zero: np.ndarray = ZERO,
    k_zero: Sequence[int] = (0, 0, 0, 0),
    axis: int = 0,
    residual: bool = True,
    bias: bool = False,
) -> Path:
    """A residual block in int8, sound unless told otherwise; `k_zero` has the zero-points of the kernel's channels."""
    channels = {"k_scale": np.full(4, 0.1, np.float32), "k_zero": np.array(k_zero, np.int8)}
    constants = {"k": KERNEL, "scale": SCALE, "zero": zero, **channels}
    nodes = [*pair("x"), *pair("k", "k_scale", "k_zero", axis=axis)]
    inputs = ["x_d", "k_d"]
    if bias:
        constants |= {"b": np.ones(4, np.int32), "b_zero": np.zeros((), np.int32)}
        nodes.append(node("DequantizeLinear", ["b", "scale", "b_zero"], "b_d"))
        inputs.append("b_d")
    nodes += [node("Conv", inputs, "c", pads=[1, 1, 1, 1]), node("Relu", ["c"], "r"), *pair("r")]
    nodes.append(node("Add", ["r_d", "x_d" if residual else "x"], "y"))
    return save(path, nodes, constants)


def test_a_sound_graph_has_no_findings(tmp_path: Path) -> None:
    plain = save(tmp_path / "plain.onnx", [node("Relu", ["x"], "y")])
    assert lint_graph(plain, "fp32", {}) == []
    assert lint_graph(quantized(tmp_path / "int8.onnx"), "trt-int8", {}) == []


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("bias", {"bias": True}),
        ("zero-point", {"zero": np.array(3, np.int8)}),
        ("zero-point", {"zero": np.zeros((), np.uint8)}),
        ("zero-point", {"k_zero": (5, 0, 0, 0)}),
        ("zero-point", {"k_zero": (0, 0, 0, 5)}),
        ("channel-axis", {"axis": 1}),
        ("residual-add", {"residual": False}),
    ],
)
def test_what_is_wrong_with_a_quantized_graph_is_found(tmp_path: Path, rule: str, broken: dict[str, object]) -> None:
    assert rules(quantized(tmp_path / "int8.onnx", **broken), "trt-int8") == {rule}  # type: ignore[arg-type]


def test_a_sum_of_floats_in_a_quantized_graph_is_no_residual_add(tmp_path: Path) -> None:
    nodes = [*pair("x"), node("Relu", ["x_d"], "r"), node("Sigmoid", ["x"], "s"), node("Exp", ["x"], "e")]
    path = save(tmp_path / "g.onnx", [*nodes, node("Add", ["s", "e"], "y")], {"scale": SCALE, "zero": ZERO})
    assert rules(path, "trt-int8") == set()


def test_a_bias_after_a_product_belongs_to_the_layer(tmp_path: Path) -> None:
    square, channels = np.ones((4, 4), np.float32), np.ones(4, np.float32)
    constants = {"k": square, "bias": channels, "scale": SCALE, "zero": ZERO}
    layer = [*pair("x"), *pair("k"), node("MatMul", ["x_d", "k_d"], "m"), node("Add", ["m", "bias"], "b")]
    flat = {"x": (F, [4, 4])}
    bare = save(tmp_path / "bare.onnx", [*layer, node("Add", ["b", "x"], "y")], constants, inputs=flat)
    assert rules(bare, "trt-int8") == {"residual-add"}
    both = [*layer, *pair("b"), node("Add", ["b_d", "x_d"], "y")]
    assert rules(save(tmp_path / "both.onnx", both, constants, inputs=flat), "trt-int8") == set()


def test_operators_that_cannot_be_taken_are_named(tmp_path: Path) -> None:
    cases = {
        "data-dependent": [node("NonZero", ["x"], "y")],
        "unsupported": [node("BitShift", ["x", "x"], "y", direction="LEFT")],
        "domain": [helper.make_node("FusedMatMul", ["x", "x"], ["y"], name="y", domain="com.microsoft")],
    }
    for rule, nodes in cases.items():
        path = save(tmp_path / f"{rule}.onnx", nodes)
        found = [finding for finding in lint_graph(path, "fp32", {}) if finding.rule == rule]
        assert [finding.node for finding in found] == ["y"]
        assert nodes[0].op_type in found[0].advice


def test_dynamic_quantization_is_refused(tmp_path: Path) -> None:
    dynamic = helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"], name="dynamic")
    nodes = [dynamic, node("DequantizeLinear", ["q", "scale", "zero"], "y")]
    assert "dynamic-quantization" in rules(save(tmp_path / "g.onnx", nodes))


def test_int64_is_for_indices(tmp_path: Path) -> None:
    shape = {"shape": np.array([1, -1], np.int64)}
    indices = [node("Reshape", ["x", "shape"], "y")]
    assert rules(save(tmp_path / "shape.onnx", indices, shape)) == set()
    wide = save(
        tmp_path / "wide.onnx", [node("MatMul", ["x", "x"], "y")], inputs={"x": (I64, [4, 4])}, output=("y", I64)
    )
    assert rules(wide) == {"int64"}


def test_an_int64_beyond_int32_is_fine_only_as_the_end_of_a_slice(tmp_path: Path) -> None:
    far = {"zero": np.array([0], np.int64), "far": np.array([2**63 - 1], np.int64)}
    assert rules(save(tmp_path / "slice.onnx", [node("Slice", ["x", "zero", "far"], "y")], far)) == set()
    cast = [node("Cast", ["far"], "f", to=F), node("Add", ["x", "f"], "y")]
    assert rules(save(tmp_path / "cast.onnx", cast, far)) == {"int64"}


def test_a_free_dimension_needs_sizes_that_ascend_and_agree(tmp_path: Path) -> None:
    free = {"a": (F, ["n", 4]), "b": (F, ["n", 4])}
    path = save(tmp_path / "g.onnx", [node("Add", ["a", "b"], "y")], inputs=free)
    axis = FreeAxis("n", 1, 2, 4)
    assert rules(path) == {"profile"}
    assert rules(path, axes={"a": {0: axis}}) == {"profile"}
    assert rules(path, axes={"a": {0: axis}, "b": {0: FreeAxis("n", 1, 2, 8)}}) == {"profile"}
    assert rules(path, axes={"a": {0: FreeAxis("n", 4, 2, 4)}, "b": {0: axis}}) == {"profile"}
    assert rules(path, axes={"a": {0: axis}, "b": {0: axis}}) == set()


@pytest.mark.parametrize("opset", [11, 21])
def test_an_opset_out_of_range_is_told(tmp_path: Path, opset: int) -> None:
    assert rules(save(tmp_path / "g.onnx", [node("Relu", ["x"], "y")], opset=opset)) == {"opset"}


def test_types_and_precision_are_what_the_variant_says(tmp_path: Path) -> None:
    double = {"x": (TensorProto.DOUBLE, SHAPE)}
    path = save(tmp_path / "g.onnx", [node("Relu", ["x"], "y")], inputs=double, output=("y", TensorProto.DOUBLE))
    assert rules(path) == {"type"}
    plain = save(tmp_path / "plain.onnx", [node("Relu", ["x"], "y")])
    assert rules(plain, "fp16") == {"precision"}
    assert rules(plain, "trt-int8") == {"precision"}
    assert rules(quantized(tmp_path / "int8.onnx"), "fp32") == {"precision"}


def test_weights_in_another_file_are_told(tmp_path: Path) -> None:
    path = save(tmp_path / "g.onnx", [node("Conv", ["x", "k"], "y")], {"k": np.ones((4, 4, 3, 3), np.float32)})
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert rules(path) == {"self-contained"}


def test_what_is_no_graph_is_told(tmp_path: Path) -> None:
    path = tmp_path / "g.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(BuildError, match="not an ONNX file"):
        lint_graph(path, "fp32", {})


def test_every_finding_is_of_a_rule_of_the_table(tmp_path: Path) -> None:
    broken = quantized(tmp_path / "g.onnx", zero=np.array(3, np.int8), axis=1, residual=False, bias=True)
    found = lint_graph(broken, "fp32", {})
    assert {finding.rule for finding in found} == {"bias", "zero-point", "channel-axis", "residual-add", "precision"}
    assert all(finding.rule in RULES and finding.node and finding.advice for finding in found)


def test_the_table_of_operators_is_what_the_real_parser_says() -> None:
    trt = pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx exists for Linux on x86-64 only")
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network()
    parser = trt.OnnxParser(network, logger)
    known = {
        schema.name
        for schema in onnx.defs.get_all_schemas_with_history()
        if not schema.domain and schema.since_version <= OPSETS[-1] and not schema.deprecated
    }
    refused = {name for name in known if not parser.supports_operator(name)}
    assert refused - DATA_DEPENDENT - INTEGER_ARITHMETIC == UNSUPPORTED & known
    assert refused >= INTEGER_ARITHMETIC
