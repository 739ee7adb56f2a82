"""tensorrt-rtx really parses and builds: it takes what the linter takes and refuses what the linter refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from small_graph import floats, save_graph

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Graph, Profile, Tensor
from export.role_build import BuildError, FreeAxis
from export.tensorrt import build
from export.tensorrt.build import build_engine
from export.tensorrt.lint import lint_graph
from export.tensorrt.profile import check_feeds, named_axes, stored_axes
from export.tensorrt.verdict import PROVIDER_OPTIONS, judge_variant

pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx exists for Linux on x86-64 only")

SMALL_MB = 1
"""Graphs of the default bundle up to this size are built in the suite; `emvas bundle tensorrt` builds them all."""


def layer(path: Path, zero: int = 0, shape: tuple[int | str, ...] = ("n", 4, 8, 8)) -> Path:
    """A convolution in int8 with explicit Q/DQ."""
    constants = {
        "k": np.ones((4, 4, 3, 3), np.float32),
        "k_scale": np.full(4, 0.1, np.float32),
        "k_zero": np.zeros(4, np.int8),
        "scale": np.array(0.1, np.float32),
        "zero": np.array(zero, np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["x_q"], "x_q"),
        helper.make_node("DequantizeLinear", ["x_q", "scale", "zero"], ["x_d"], "x_d"),
        helper.make_node("QuantizeLinear", ["k", "k_scale", "k_zero"], ["k_q"], "k_q", axis=0),
        helper.make_node("DequantizeLinear", ["k_q", "k_scale", "k_zero"], ["k_d"], "k_d", axis=0),
        helper.make_node("Conv", ["x_d", "k_d"], ["y"], "conv"),
    ]
    return save_graph(path, nodes, constants, inputs=floats(*shape))


AXES = {"x": {0: FreeAxis("n", 1, 2, 4)}}


def test_linter_and_builder_agree_on_symmetric_int8(tmp_path: Path) -> None:
    sound, skewed = layer(tmp_path / "sound.onnx"), layer(tmp_path / "skewed.onnx", zero=3)
    assert lint_graph(sound, "trt-int8", AXES) == []
    built = build_engine(sound, AXES)
    assert built.errors == []
    assert built.engine_bytes
    assert "SM86" in built.builder
    assert {finding.rule for finding in lint_graph(skewed, "trt-int8", AXES)} == {"zero-point"}
    refused = build_engine(skewed, AXES)
    assert refused.engine_bytes is None
    assert "QuantizeLinear" in " ".join(refused.errors)


def test_a_profile_that_cannot_be_is_refused_by_the_builder_too(tmp_path: Path) -> None:
    too_low = {"x": {0: FreeAxis("n", 1, 1, 1), 2: FreeAxis("h", 1, 1, 2)}}
    impossible = build_engine(layer(tmp_path / "g.onnx", shape=("n", 4, "h", 8)), too_low)
    assert impossible.engine_bytes is None
    assert impossible.errors


def test_a_free_dimension_without_sizes_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="has no sizes"):
        build_engine(layer(tmp_path / "g.onnx"), {})


def test_a_builder_that_takes_too_long_or_dies_is_told(tmp_path: Path) -> None:
    path = layer(tmp_path / "g.onnx")
    assert "not done" in build_engine(path, AXES, limit_s=0.01).errors[0]
    path.unlink()
    with pytest.raises(FileNotFoundError):
        build_engine(path, AXES)
    assert build._end(-11) == "died of SIGSEGV"


def test_a_verdict_holds_findings_build_and_options(tmp_path: Path) -> None:
    verdict = judge_variant("trt-int8", {"model": layer(tmp_path / "g.onnx")}, {"model": AXES})
    assert verdict is not None
    assert verdict.ready
    assert verdict.options == {"trt_int8_enable": "1"}
    unsized = judge_variant("trt-int8", {"model": layer(tmp_path / "g.onnx")}, {})
    assert unsized is not None
    assert not unsized.ready
    assert unsized.graphs["model"].not_built
    assert judge_variant("cpu-int8", {"model": layer(tmp_path / "g.onnx")}, {}) is None


def test_without_the_builder_nothing_is_called_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None)
    verdict = judge_variant("trt-int8", {"model": layer(tmp_path / "g.onnx")}, {"model": AXES})
    assert verdict is not None
    assert not verdict.ready
    assert "not installed" in verdict.graphs["model"].not_built


def test_sizes_survive_the_manifest() -> None:
    shapes = {"x": Profile(min=[1, 4], opt=[2, 4], max=[8, 4])}
    tensor = Tensor(name="x", dtype="float32", shape=["n", 4])
    graph = Graph(file="g", bytes=0, sha256="0" * 64, opset=18, inputs=[tensor], outputs=[], profile=shapes)
    assert stored_axes(graph) == {"x": {0: FreeAxis("n", 1, 2, 8)}}


def test_golden_inputs_outside_the_profile_are_refused() -> None:
    profile = {"x": Profile(min=[1, 4], opt=[2, 4], max=[8, 4])}
    check_feeds(profile, {"x": np.zeros((8, 4))}, "g")
    with pytest.raises(BuildError, match="outside its profile"):
        check_feeds(profile, {"x": np.zeros((9, 4))}, "g")


@pytest.mark.bundle
def test_the_default_bundle_is_ready_and_its_small_graphs_are_built_now(bundle_dir: Path) -> None:
    bundle = Bundle(bundle_dir)
    for name, role in bundle.manifest.roles.items():
        for variant in PROVIDER_OPTIONS.keys() & role.variants.keys():
            part = role.variants[variant]
            assert part.tensorrt is not None, name
            for graph, described in part.graphs.items():
                path = bundle_dir / described.file
                axes = stored_axes(described)
                assert lint_graph(path, variant, axes) == [], (name, variant, graph)
                said = part.tensorrt.graphs[graph]
                assert said.ready or (said.build is not None and said.build.errors), (name, variant, graph)
                if described.bytes < SMALL_MB * 1e6 and variant == "fp32":
                    assert build_engine(path, axes).engine_bytes, (name, graph)


@pytest.mark.bundle
def test_dynamically_quantized_graphs_are_refused_by_both(bundle_dir: Path) -> None:
    graph = Bundle(bundle_dir).role("text").variants["cpu-int8"].graphs["model"]
    path = bundle_dir / graph.file
    axes = named_axes(path, {"n": FreeAxis("n", 1, 1, 1), "t": FreeAxis("t", 1, 8, 16)})
    assert "dynamic-quantization" in {finding.rule for finding in lint_graph(path, "trt-int8", axes)}
    assert any("MatMulInteger" in error for error in build_engine(path, axes).errors)
