"""A variant gets into a bundle only if it is as good as float32 and worth having, and the manifest says why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from judged_net import GENEROUS, Array, distance_task, pictures, residual_cnn
from onnx import TensorProto, helper, numpy_helper
from small_graph import floats, save_graph

from edge.bundle.manifest import EngineBuild, GraphVerdict, Tensorrt, VariantName
from export.export_job import EvaluationTask, Family
from export.gate import ChosenVariants, Margins, admission, build_variants
from export.gate.measures import Agreement, agreement
from export.gate.sensitivity import layer_errors
from export.gate.tensorrt_verdicts import settle
from export.gate.variant_files import Candidate
from export.quantize import digest, halve, prepare, quantize_cnn, quantize_for_tensorrt, quantize_transformer
from export.role_build import BuildError, VariantBuild
from export.tensorrt.lint import lint_graph

SIZE = 128


def matmuls(path: Path, count: int) -> Path:
    """`count` products with orthogonal matrices, which keep the size of what goes through."""
    random = np.random.default_rng(5)
    weights = {f"w{i}": np.linalg.qr(random.standard_normal((SIZE, SIZE)))[0].astype(np.float32) for i in range(count)}
    names = ["x", *(f"t{i}" for i in range(count - 1)), "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]], f"product{i}") for i in range(count)]
    return save_graph(path, nodes, weights, inputs=floats(4, SIZE))


def rows(count: int, outlier: float = 0.0) -> list[dict[str, Array]]:
    random = np.random.default_rng(3)
    found = [random.standard_normal((4, SIZE)).astype(np.float32) for _ in range(count)]
    for values in found:
        values[0, 0] += outlier
    return [{"x": values} for values in found]


def built(
    fp32: Path,
    family: Family,
    samples: list[dict[str, Array]],
    task: EvaluationTask | None,
    *wanted: VariantName,
    margins: Margins = GENEROUS,
) -> ChosenVariants:
    calibration = {"model": samples} if family == "cnn" else {}
    probes = {"model": samples[:2]}
    arguments = (calibration, task, wanted, {"engine": "none"}, fp32.parent, lambda text: None, probes, margins)
    return build_variants({"model": fp32}, {"model": family}, *arguments)


def refusal(choice: ChosenVariants, variant: VariantName) -> Mapping[str, object]:
    assert variant not in choice.variants
    return choice.variants["fp32"].measured["refused"][variant]


def test_what_is_as_good_and_worth_having_gets_in_with_its_figures(tmp_path: Path) -> None:
    fp32, samples = residual_cnn(tmp_path / "net.onnx"), pictures(8)
    choice = built(fp32, "cnn", samples, distance_task(fp32, samples, 0.1), "fp16", "cpu-int8", "trt-int8")
    assert set(choice.variants) == {"fp32", "fp16", "cpu-int8", "trt-int8"}
    assert choice.default == {"cpu": "cpu-int8", "cuda": "fp16", "tensorrt": "trt-int8"}
    int8 = choice.variants["cpu-int8"]
    assert int8.calibration == {"n": 8, "method": "min-max", "sha256": digest(samples)}
    assert 0 < int8.measured["task"]["score"] <= 0.1
    assert choice.variants["fp32"].measured["parity"] == {"engine": "none"}
    assert set(choice.variants["fp32"].measured["latency_ms_1_thread"]) == {"model"}
    for name in ("fp16", "trt-int8"):
        assert "latency_ms_1_thread" not in choice.variants[name].measured
        assert choice.variants[name].measured["latency"] == "not timed: TensorRT only"


def test_what_is_worse_at_the_task_stays_out_and_says_by_how_much(tmp_path: Path) -> None:
    fp32, samples = matmuls(tmp_path / "net.onnx", 8), rows(3)
    choice = built(fp32, "transformer", samples, distance_task(fp32, samples, 1e-9), "cpu-int8")
    refused = refusal(choice, "cpu-int8")
    assert "worse by more than 1e-09" in str(refused["reason"])
    assert [trial["kept_float"] for trial in refused["trials"]] == [0, 1, 4]
    assert {row["layer"] for row in refused["worst_layers"]} == {f"product{i}" for i in range(8)}
    assert choice.default["cpu"] == "fp32"


def test_the_worst_layer_is_found_and_kept_in_float_until_the_task_is_met(tmp_path: Path) -> None:
    fp32, samples = matmuls(tmp_path / "net.onnx", 3), rows(3, outlier=500.0)
    task = distance_task(fp32, samples, 0.45)
    choice = built(fp32, "transformer", samples, task, "cpu-int8")
    measured = choice.variants["cpu-int8"].measured
    assert measured["kept_float"] == {"model": ["product0"]}
    assert measured["trials"][0]["task"] > 0.45 >= measured["task"]["score"]


def test_as_good_but_neither_smaller_nor_faster_stays_out(tmp_path: Path) -> None:
    fp32, samples = residual_cnn(tmp_path / "net.onnx"), pictures(4)
    strict = Margins(faster=0.0, smaller=0.0)
    choice = built(fp32, "cnn", samples, distance_task(fp32, samples, 0.1), "fp16", "cpu-int8", margins=strict)
    assert "ms is over 0 of float32's" in str(refusal(choice, "cpu-int8")["reason"])
    assert "bytes of weights are over 0" in str(refusal(choice, "fp16")["reason"])


def test_int8_without_an_evaluation_set_is_not_tried_and_float16_is_judged_by_parity(tmp_path: Path) -> None:
    choice = built(matmuls(tmp_path / "net.onnx", 2), "transformer", rows(2), None, "fp16", "cpu-int8")
    assert set(choice.variants) == {"fp32", "fp16"}
    assert "no evaluation set" in str(refusal(choice, "cpu-int8")["reason"])


def test_float16_that_overflows_keeps_the_fragile_operators(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["t"], "product"),
        helper.make_node("Div", ["t", "million"], ["y"], "quotient"),
    ]
    constants = {"w": np.eye(SIZE, dtype=np.float32), "million": np.array([1e6], np.float32)}
    fp32 = save_graph(tmp_path / "net.onnx", nodes, constants, inputs=floats(4, SIZE))
    measured = built(fp32, "float", rows(2), None, "fp16").variants["fp16"].measured
    assert "Div" in measured["kept_float"]["operators"]
    assert "of the output's scale is over" in measured["trials"][0]["verdict"]


def test_float16_stays_out_where_the_weights_leave_its_range(tmp_path: Path) -> None:
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "product")
    million = {"w": 1e6 * np.eye(SIZE, dtype=np.float32)}
    fp32 = save_graph(tmp_path / "net.onnx", [node], million, inputs=floats(4, SIZE))
    choice = built(fp32, "float", rows(2), None, "fp16")
    assert "of the output's scale is over" in str(refusal(choice, "fp16")["reason"])


def test_an_empty_calibration_set_is_a_sentence(tmp_path: Path) -> None:
    fp32 = residual_cnn(tmp_path / "net.onnx")
    prepare(fp32, tmp_path / "prepared.onnx")
    for quantize in (quantize_cnn, quantize_for_tensorrt):
        with pytest.raises(BuildError, match=r"calibration set of prepared\.onnx is empty"):
            quantize(tmp_path / "prepared.onnx", tmp_path / "out.onnx", [])
    assert not (tmp_path / "out.onnx").exists()


def test_a_wanted_variant_without_any_input_to_compare_on_is_a_sentence(tmp_path: Path) -> None:
    fp32 = matmuls(tmp_path / "net.onnx", 1)
    with pytest.raises(BuildError, match="no real inputs of graph 'model'"):
        build_variants({"model": fp32}, {"model": "float"}, {}, None, ["fp16"], {}, tmp_path, lambda text: None)


def test_the_file_for_tensorrt_is_what_its_linter_wants(tmp_path: Path) -> None:
    fp32, samples = residual_cnn(tmp_path / "net.onnx"), pictures(4)
    prepare(fp32, tmp_path / "prepared.onnx")
    quantize_for_tensorrt(tmp_path / "prepared.onnx", tmp_path / "trt.onnx", samples)
    assert lint_graph(tmp_path / "trt.onnx", "trt-int8", {}) == []
    graph = onnx.load(tmp_path / "trt.onnx").graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    (total,) = (node for node in graph.node if node.op_type == "Add")
    assert [makers[name] for name in total.input] == ["DequantizeLinear", "DequantizeLinear"]
    assert "Relu" in makers.values()
    quantize_cnn(tmp_path / "prepared.onnx", tmp_path / "cpu.onnx", samples)
    assert lint_graph(tmp_path / "cpu.onnx", "trt-int8", {})


def test_a_kept_layer_is_left_in_float(tmp_path: Path) -> None:
    fp32, samples = residual_cnn(tmp_path / "net.onnx"), pictures(4)
    prepare(fp32, tmp_path / "prepared.onnx")
    quantize_for_tensorrt(tmp_path / "prepared.onnx", tmp_path / "trt.onnx", samples, keep=["first"])
    graph = onnx.load(tmp_path / "trt.onnx").graph
    (first,) = (node for node in graph.node if node.name == "first")
    assert list(first.input)[1:] == ["k0", "b0"]
    errors = layer_errors("model", tmp_path / "prepared.onnx", tmp_path / "trt.onnx", samples)
    assert {error.node for error in errors} >= {"second", "sum"}
    assert all(0 < error.rms_ratio < 0.1 for error in errors)


def test_float16_keeps_float32_at_its_ends_and_is_half_as_large(tmp_path: Path) -> None:
    fp32 = matmuls(tmp_path / "net.onnx", 2)
    halve(fp32, tmp_path / "half.onnx")
    ends = [value.type.tensor_type.elem_type for value in onnx.load(tmp_path / "half.onnx").graph.input]
    assert ends == [TensorProto.FLOAT]
    assert (tmp_path / "half.onnx").stat().st_size < 0.6 * fp32.stat().st_size


def test_a_transformers_products_are_quantized_without_inputs(tmp_path: Path) -> None:
    quantize_transformer(matmuls(tmp_path / "fp32.onnx", 2), tmp_path / "int8.onnx")
    graph = onnx.load(tmp_path / "int8.onnx").graph
    products = [node for node in graph.node if node.op_type == "MatMulInteger"]
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    assert len(products) == 2
    assert all(weights[node.input[3]].shape == (SIZE,) for node in products), "a zero-point a channel"
    assert [weights[name].shape for name in weights if name.endswith("_scale")] == [(SIZE,)] * 2


def verdict(engine_bytes: int | None, *findings: str) -> Tensorrt:
    build = EngineBuild(builder="builder 1", seconds=1.0, engine_bytes=engine_bytes, errors=["no such operator"])
    return Tensorrt(graphs={"model": GraphVerdict(findings=list(findings), build=build)})


@pytest.mark.parametrize(
    ("int8", "half", "chosen", "said"),
    [
        (verdict(10), verdict(20), "trt-int8", ""),
        (verdict(30), verdict(20), "fp16", "its engine has 30 bytes"),
        (verdict(None), verdict(20), "fp16", "no such operator"),
        (verdict(10, "a bias"), verdict(None), "fp32", "a bias"),
    ],
)
def test_what_tensorrts_builder_says_decides_too(int8: Tensorrt, half: Tensorrt, chosen: str, said: str) -> None:
    names: tuple[VariantName, ...] = ("fp32", "fp16", "trt-int8")
    variants = {name: VariantBuild({}, 0.01, {"parity": {}}) for name in names}
    wanted: dict[str, VariantName] = {"cpu": "fp32", "cuda": "fp16", "tensorrt": "trt-int8"}
    kept, default = settle(variants, wanted, {"fp32": verdict(40), "fp16": half, "trt-int8": int8})
    assert default == {**wanted, "tensorrt": chosen}
    assert ("trt-int8" in kept) == (not said)
    assert said in str(kept["fp32"].measured.get("refused", ""))


@pytest.mark.parametrize(("exact", "changed"), [("Identity", "Sqrt"), ("Sqrt", "Identity"), ("Sqrt", "Sqrt")])
def test_an_output_that_is_no_number_in_either_graph_is_no_agreement_whichever_it_is(
    tmp_path: Path, exact: str, changed: str
) -> None:
    """Of two outputs the second is the root of negative numbers."""
    files = []
    for side, operator in enumerate((exact, changed)):
        nodes = [helper.make_node("Identity", ["x"], ["first"]), helper.make_node(operator, ["x"], ["second"])]
        shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "first", "second")]
        model = helper.make_model(
            helper.make_graph(nodes, "g", shape[:1], shape[1:]),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )
        files.append(tmp_path / f"{side}.onnx")
        onnx.save(model, files[-1])
    found = agreement(files[0], files[1], [{"x": -np.ones((1, 4), np.float32)}])
    assert found.rms_ratio == found.golden_rms_ratio == found.max_abs_of_scale == float("inf")
    assert found.least_cosine == -1.0


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("other", ["first", "second"])
def test_the_worst_of_several_outputs_counts_whichever_it_is(other: str, share: float, tmp_path: Path) -> None:
    files = []
    for name, factor in (("exact", 1.0), ("changed", 1.0 + share)):
        nodes = [
            helper.make_node("Mul", ["x", "factor" if output == other else "one"], [output])
            for output in ("first", "second")
        ]
        ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, 4]) for end in ("x", "first", "second")]
        constants = {"factor": np.array([factor, -1, 1, 1], np.float32), "one": np.ones(4, np.float32)}
        weights = [numpy_helper.from_array(value, key) for key, value in constants.items()]
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
        opset = [helper.make_opsetid("", 17)]
        files.append(tmp_path / f"{name}.onnx")
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), files[-1])
    found = agreement(*files, [{"x": np.ones((1, 4), np.float32)}])
    assert found.max_abs_of_scale == pytest.approx(share)
    assert found.rms_ratio == found.golden_rms_ratio == pytest.approx(share / 2)
    product, length = 4 + share, 2 * np.sqrt(3 + (1 + share) ** 2)
    assert found.least_cosine == pytest.approx(product / length)


@pytest.mark.parametrize(
    ("own_ms", "share", "useless"),
    [
        (9.0, 1.0, ""),
        (9.1, 1.0, "9.10 ms is over 0.9 of float32's 10.00 ms, and .* bytes of weights are over 0.6"),
        (10.4, 0.6, ""),
        (10.6, 0.6, "10.60 ms is over 0.9 of float32's 10.00 ms, and it is slower"),
        (10.4, 0.7, "bytes of weights are over 0.6"),
        (8.0, 1.5, ""),
    ],
)
def test_a_file_gets_in_if_it_is_faster_or_smaller_and_not_slower(
    own_ms: float, share: float, useless: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {name: tmp_path / name for name in ("exact", "changed")}
    sizes = {paths["exact"]: 1000, paths["changed"]: int(1000 * share)}
    fine = Agreement(0.0, 0.0, 1.0, 0.0)
    monkeypatch.setattr(admission, "weight_bytes", sizes.__getitem__)
    monkeypatch.setattr(admission, "agreement", lambda *_: fine)
    times = {"fp32": {"model": 10.0}, "cpu-int8": {"model": own_ms}}
    monkeypatch.setattr(admission, "latencies_ms", lambda *_: times)
    judge = admission.Judge({"model": paths["exact"]}, {"model": []}, None, Margins())
    trial = judge.judge("cpu-int8", Candidate({"model": paths["changed"]}))
    assert trial.admitted == (not useless)
    assert re.search(useless, trial.useless)


def forked_cnn(path: Path) -> Path:
    """One activation that two convolutions read, and their sum."""
    random = np.random.default_rng(1)
    kernels = {name: random.standard_normal((8, 8, 3, 3)).astype(np.float32) * 0.2 for name in ("k0", "k1", "k2")}
    nodes = [
        helper.make_node("Conv", ["x", "k0"], ["c0"], "root", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c0"], ["r0"], "relu"),
        helper.make_node("Conv", ["r0", "k1"], ["c1"], "left", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["r0", "k2"], ["c2"], "right", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c1", "c2"], ["y"], "sum"),
    ]
    return save_graph(path, nodes, kernels, inputs=floats(1, 8, 12, 12))


def test_tensorrt_gets_a_pair_on_the_weights_too_and_one_for_each_reader(tmp_path: Path) -> None:
    fp32, samples = forked_cnn(tmp_path / "net.onnx"), pictures(4)
    prepare(fp32, tmp_path / "prepared.onnx")
    quantize_for_tensorrt(tmp_path / "prepared.onnx", tmp_path / "trt.onnx", samples)
    graph = onnx.load(tmp_path / "trt.onnx").graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 3
    for node in convolutions:
        pair = makers[node.input[1]]
        quantize = makers[pair.input[0]]
        assert (pair.op_type, quantize.op_type) == ("DequantizeLinear", "QuantizeLinear")
        assert weights[quantize.input[0]].dtype == np.float32, "the weight itself is float: the engine rounds it"
        assert weights[pair.input[1]].shape == (8,)
        assert weights[pair.input[2]].shape == (8,) and not weights[pair.input[2]].any()
    readers = Counter(name for node in graph.node for name in node.input)
    pairs = [node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"]
    assert all(readers[name] == 1 for name in pairs)


def test_the_cpus_weights_have_a_scale_a_channel_and_zero_for_zero(tmp_path: Path) -> None:
    fp32, samples = forked_cnn(tmp_path / "net.onnx"), pictures(4)
    prepare(fp32, tmp_path / "prepared.onnx")
    quantize_cnn(tmp_path / "prepared.onnx", tmp_path / "cpu.onnx", samples)
    graph = onnx.load(tmp_path / "cpu.onnx").graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    pairs = [node for node in graph.node if node.op_type == "DequantizeLinear" and node.input[0] in weights]
    kernels = [node for node in pairs if weights[node.input[0]].ndim == 4]
    assert len(kernels) == 3
    for node in kernels:
        assert weights[node.input[0]].dtype == np.int8
        assert weights[node.input[1]].shape == weights[node.input[2]].shape == (8,)
        assert len(set(weights[node.input[1]].tolist())) == 8
        assert not weights[node.input[2]].any()


@pytest.mark.parametrize(
    ("whole", "golden", "tolerance"), [(0.02, 0.03, 0.06), (0.03, 0.02, 0.06), (0.0123, 0.0, 0.025), (0.001, 0.0, 0.01)]
)
def test_the_golden_tolerance_is_twice_the_worst_error_seen_here(whole: float, golden: float, tolerance: float) -> None:
    near, found = Agreement(0.0, 0.0, 1.0, 0.0), Agreement(0.0, whole, 1.0, golden)
    trial = admission.CandidateTrial(Candidate({}), {"a": near, "b": found}, None, {}, 0, "", "")
    assert trial.golden_tolerance == pytest.approx(tolerance)
