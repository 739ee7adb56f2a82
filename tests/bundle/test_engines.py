"""Which engine a graph needs, where it is kept, what is out of date: all that needs no GPU to be tested."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Graph, Profile, Tensorrt, Variant
from edge.bundle.selftest import GraphCheck
from edge.bundle.session import (
    PROVEN_FILE,
    Machine,
    NoTensorrtError,
    default_cache,
    engine_of,
    linked_tensorrt,
    profile_options,
    session_options,
    version_text,
)
from edge.cli.export_engine import Need, build_engines, engines_needed, out_of_date
from edge.cli.main import main

ORIN = Machine(gpu="Orin (nvgpu)", capability="8.7", tensorrt="10.3.0", onnxruntime="1.23.2")
PROFILE = {"image": Profile(min=[1, 64, 64, 1], opt=[1, 64, 64, 1], max=[16, 64, 64, 1])}
GRAPH = Graph(file="e.model.fp32.onnx", bytes=1, sha256="a" * 64, opset=18, inputs=[], outputs=[], profile=PROFILE)
VARIANT = Variant(
    graphs={"model": GRAPH}, golden_tolerance=1e-3, tensorrt=Tensorrt(graphs={}, options={"trt_fp16_enable": "1"})
)


def test_the_provider_gets_profile_precision_and_caches(tmp_path: Path) -> None:
    engine = engine_of(VARIANT, GRAPH, ORIN, tmp_path)
    assert engine.folder.parent == tmp_path / "ort-1.23.2_trt-10.3.0_Orin-nvgpu-_sm8.7"
    assert engine.options == {
        "trt_fp16_enable": "1",
        "trt_profile_min_shapes": "image:1x64x64x1",
        "trt_profile_opt_shapes": "image:1x64x64x1",
        "trt_profile_max_shapes": "image:16x64x64x1",
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(engine.folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(engine.folder.parent),
    }


def test_a_graph_without_free_dimensions_has_no_profile() -> None:
    assert profile_options({}) == {}


@pytest.mark.parametrize(
    "changed",
    [
        GRAPH.model_copy(update={"sha256": "b" * 64}),
        GRAPH.model_copy(update={"profile": {"image": PROFILE["image"].model_copy(update={"max": [8, 64, 64, 1]})}}),
    ],
)
def test_another_graph_or_profile_is_another_engine(tmp_path: Path, changed: Graph) -> None:
    assert engine_of(VARIANT, changed, ORIN, tmp_path).folder != engine_of(VARIANT, GRAPH, ORIN, tmp_path).folder


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Machine)])
def test_another_gpu_or_version_is_another_engine(tmp_path: Path, field: str) -> None:
    other = dataclasses.replace(ORIN, **{field: "9.9"})
    assert engine_of(VARIANT, GRAPH, other, tmp_path).folder != engine_of(VARIANT, GRAPH, ORIN, tmp_path).folder


def test_another_precision_is_another_engine(tmp_path: Path) -> None:
    exact = VARIANT.model_copy(update={"tensorrt": None})
    assert engine_of(exact, GRAPH, ORIN, tmp_path).folder != engine_of(VARIANT, GRAPH, ORIN, tmp_path).folder


@given(st.text(max_size=40))
def test_any_name_of_a_gpu_is_one_folder(name: str) -> None:
    folder = dataclasses.replace(ORIN, gpu=name).folder
    assert Path(folder).parts == (folder,)


def test_an_engine_counts_only_with_its_proof(tmp_path: Path) -> None:
    engine = engine_of(VARIANT, GRAPH, ORIN, tmp_path)
    engine.folder.mkdir(parents=True)
    (engine.folder / "graph_sm87.engine").write_bytes(b"engine")
    assert not engine.proven
    (engine.folder / PROVEN_FILE).write_text("{}", encoding="utf-8")
    assert engine.proven


def needed(folder: Path, cache: Path) -> tuple[Bundle, list[Need]]:
    bundle = Bundle(folder, engines=cache)
    return bundle, engines_needed(bundle, ORIN)


def test_building_proves_with_the_golden_input_and_is_not_done_twice(small_bundle: Path, tmp_path: Path) -> None:
    bundle, needs = needed(small_bundle, tmp_path / "cache")
    assert [(need.role, need.graph, need.variant) for need in needs] == [("prosody", "model", "fp32")]
    told: list[tuple[Need, GraphCheck]] = []
    assert [check.passed for check in build_engines(bundle, needs, lambda *said: told.append(said))] == [True]
    assert told[0][0] is needs[0]
    proof = json.loads((needs[0].engine.folder / PROVEN_FILE).read_text(encoding="utf-8"))
    assert proof["latency_ms"] > 0
    (needs[0].engine.folder / "graph_sm87.engine").write_bytes(b"what a GPU would have left")
    assert build_engines(bundle, needs, lambda *said: None) == []


def test_an_engine_that_computes_something_else_is_thrown_away(small_bundle: Path, tmp_path: Path) -> None:
    golden = small_bundle / "golden" / "prosody.npz"
    bundle, needs = needed(small_bundle, tmp_path / "cache")
    with np.load(golden) as stored:
        wrong = {key: value * 2 if key.startswith("out.") else value for key, value in stored.items()}
    np.savez(golden, **wrong)
    assert [check.passed for check in build_engines(bundle, needs, lambda *said: None)] == [False]
    assert not needs[0].engine.folder.exists()


def test_what_a_broken_off_build_left_is_not_used(small_bundle: Path, tmp_path: Path) -> None:
    bundle, needs = needed(small_bundle, tmp_path / "cache")
    needs[0].engine.folder.mkdir(parents=True)
    half = needs[0].engine.folder / "graph_sm87.engine"
    half.write_bytes(b"half")
    build_engines(bundle, needs, lambda *said: None)
    assert not half.exists()


def test_engines_of_other_graphs_and_machines_are_out_of_date(small_bundle: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _, needs = needed(small_bundle, cache)
    needs[0].engine.folder.mkdir(parents=True)
    other_graph = cache / ORIN.folder / "old-0123"
    other_graph.mkdir()
    other_machine = cache / dataclasses.replace(ORIN, tensorrt="10.9.0").folder
    other_machine.mkdir()
    assert set(out_of_date(cache, ORIN, needs)) == {other_graph, other_machine}
    assert out_of_date(tmp_path / "nowhere", ORIN, needs) == []


def test_systemd_chooses_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))
    assert default_cache() == tmp_path / "engines"
    monkeypatch.delenv("CACHE_DIRECTORY")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert default_cache() == tmp_path / "user" / "emvas" / "engines"


def test_a_part_on_the_cpu_is_refused_where_the_whole_should_be_in_tensorrt(small_bundle: Path) -> None:
    if "AzureExecutionProvider" not in ort.get_available_providers():
        pytest.skip("this onnxruntime has no provider that would leave the whole graph to the CPU")
    path = str(small_bundle / "prosody.model.fp32.onnx")
    providers = ["AzureExecutionProvider"]
    assert ort.InferenceSession(path, session_options("cpu", 1), providers=providers).get_providers()[0] == providers[0]
    with pytest.raises(Exception, match="fallback to CPU EP has been explicitly disabled"):
        ort.InferenceSession(path, session_options("tensorrt", 1), providers=providers)


def test_tensorrts_version_is_read_from_its_own_number() -> None:
    assert version_text(100300) == "10.3.0"
    rtx = pytest.importorskip("tensorrt_rtx", reason="the only TensorRT that installs without a GPU")
    import ctypes
    import importlib.util

    spec = importlib.util.find_spec("tensorrt_rtx_libs")
    assert spec is not None
    (folder,) = spec.submodule_search_locations or []
    (library,) = Path(folder).glob("libtensorrt_rtx.so*")
    assert rtx.__version__.startswith(version_text(ctypes.CDLL(str(library)).getInferLibVersion()))


def test_the_library_that_onnxruntime_wants_is_read_from_its_provider(tmp_path: Path) -> None:
    provider = tmp_path / "libonnxruntime_providers_tensorrt.so"
    provider.write_bytes(b"\x7fELF\0libnvinfer.so.10\0libcudart.so.12\0")
    assert linked_tensorrt(provider) == "libnvinfer.so.10"
    provider.write_bytes(b"\x7fELF\0libcudart.so.12\0")
    with pytest.raises(NoTensorrtError, match="built without TensorRT"):
        linked_tensorrt(provider)


def test_without_tensorrt_the_command_says_what_is_missing(small_bundle: Path) -> None:
    if "TensorrtExecutionProvider" in ort.get_available_providers():
        pytest.skip("this onnxruntime has TensorRT")
    result = CliRunner().invoke(main, ["export", "engine", str(small_bundle)])
    assert result.exit_code == 1
    assert "has no TensorRT" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    check = CliRunner().invoke(main, ["check", "--bundle", str(small_bundle), "--provider", "tensorrt"])
    assert check.exit_code == 1
    assert "has no TensorRT" in check.stderr
