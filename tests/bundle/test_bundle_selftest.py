"""The golden self-test must find a graph that computes something else."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from edge.bundle import selftest
from edge.bundle.bundle import Bundle, sha256_of
from edge.bundle.manifest import BundleError, Manifest, StoredFile, read_manifest, write_manifest
from edge.bundle.selftest import rms_ratio, self_test
from edge.cli.main import main

GRAPH = "prosody.model.fp32.onnx"


def vouch_again(bundle: Path) -> None:
    """Write the hashes of the files as they are now, as whoever built the bundle wrongly would have."""
    content = read_manifest(bundle).model_dump(mode="json")

    def renew(part: object) -> None:
        if isinstance(part, dict):
            if "sha256" in part and (bundle / part["file"]).is_file():
                path = bundle / part["file"]
                part |= StoredFile(file=part["file"], bytes=path.stat().st_size, sha256=sha256_of(path)).model_dump()
            for value in part.values():
                renew(value)

    renew(content)
    write_manifest(Manifest.model_validate(content), bundle)


def scale_weights(bundle: Path, factor: float) -> None:
    model = onnx.load(bundle / GRAPH)
    for initializer in model.graph.initializer:
        values = numpy_helper.to_array(initializer)
        if values.ndim == 2:
            initializer.CopyFrom(numpy_helper.from_array((values * factor).astype(np.float32), initializer.name))
    onnx.save(model, bundle / GRAPH)
    vouch_again(bundle)


def test_a_sound_bundle_passes_on_the_provider_that_was_asked(small_bundle: Path) -> None:
    checks = list(self_test(Bundle(small_bundle)))
    assert [(check.role, check.graph, check.variant) for check in checks] == [("prosody", "model", "fp32")]
    assert checks[0].passed
    assert checks[0].provider == "CPUExecutionProvider"
    assert checks[0].latency_ms > 0


@pytest.mark.parametrize("factor", [1.01, -1.0, 0.0, float("nan")])
def test_a_graph_that_computes_something_else_fails(small_bundle: Path, factor: float) -> None:
    scale_weights(small_bundle, factor)
    assert [check.passed for check in self_test(Bundle(small_bundle))] == [False]


def test_check_exits_with_1_and_says_which_graph_failed(small_bundle: Path) -> None:
    scale_weights(small_bundle, 1.01)
    table = CliRunner().invoke(main, ["check", "--bundle", str(small_bundle)])
    assert table.exit_code == 1
    assert "FAILED" in table.stdout
    result = CliRunner().invoke(main, ["check", "--bundle", str(small_bundle), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert not report["passed"]
    assert report["graphs"][0]["error"] == pytest.approx(0.01, rel=0.3)


def test_a_golden_file_that_does_not_fit_is_told(small_bundle: Path) -> None:
    np.savez(small_bundle / "golden" / "prosody.npz", **{"in.model.wrong": np.zeros(1, np.float32)})
    vouch_again(small_bundle)
    with pytest.raises(BundleError, match="golden file of prosody does not fit"):
        list(self_test(Bundle(small_bundle)))


def test_an_absent_provider_is_refused_not_replaced_by_the_cpu(small_bundle: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine's onnxruntime has CUDA")
    result = CliRunner().invoke(main, ["check", "--bundle", str(small_bundle), "--provider", "cuda"])
    assert result.exit_code == 1
    assert "CUDAExecutionProvider" in result.stderr


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.floats(0.001, 10.0))
def test_the_measure_is_the_relative_size_of_the_difference(values: list[float], share: float) -> None:
    expected = np.array([*values, 1.0])
    assert rms_ratio(expected, expected) == 0.0
    assert rms_ratio(expected * (1 + share), expected) == pytest.approx(share)


@pytest.mark.bundle
def test_the_default_bundle_passes_here(bundle_dir: Path) -> None:
    failed = [check for check in self_test(Bundle(bundle_dir)) if not check.passed]
    assert not failed


@pytest.mark.bundle
def test_every_net_was_compared_with_the_engine_that_it_came_from(bundle_dir: Path) -> None:
    for name, role in read_manifest(bundle_dir).roles.items():
        assert role.variants["fp32"].measured["parity"]["engine"], name


@pytest.mark.parametrize("spoilt", ["first", "second"])
@pytest.mark.parametrize("how", ["nan", "one nan", "infinite", "shape", "fewer rows"])
def test_one_output_that_is_no_number_fails_the_self_test_whichever_it_is(
    monkeypatch: pytest.MonkeyPatch, spoilt: str, how: str
) -> None:
    good = np.ones((2, 3), np.float32)
    bad = {
        "nan": np.full_like(good, np.nan),
        "one nan": np.where(np.arange(6).reshape(2, 3) == 5, np.nan, good).astype(np.float32),
        "infinite": np.full_like(good, np.inf),
        "shape": good.reshape(3, 2),
        "fewer rows": good[:1],
    }[how]
    given = {"first": good, "second": good, spoilt: bad}
    session = SimpleNamespace(input_names=["x"], provider="CPU", run=lambda feeds, names=None: given)
    variant = SimpleNamespace(graphs=["model"], golden_tolerance=1e-3)
    bundle: Any = SimpleNamespace(
        role=lambda name: SimpleNamespace(variants={"fp32": variant}), session=lambda *_: session
    )
    monkeypatch.setattr(selftest, "golden", lambda *_: ({"x": good}, {"first": good, "second": good}))
    monkeypatch.setattr(selftest, "median_latency_ms", lambda *_: 0.0)
    (check,) = selftest.check_variant(bundle, "role", "fp32")
    assert not check.passed
