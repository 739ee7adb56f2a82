"""A bundle says what TensorRT makes of its graphs, and `emvas bundle tensorrt` finds out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Manifest, read_manifest, write_manifest
from edge.cli.main import main

pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx exists for Linux on x86-64 only")


def test_a_new_bundle_tells_profile_and_verdict(small_bundle: Path) -> None:
    variant = Bundle(small_bundle).role("prosody").variants["fp32"]
    assert variant.graphs["model"].profile["features"].max == [8, 17]
    assert variant.tensorrt is not None
    assert variant.tensorrt.ready


def test_the_command_judges_again_and_writes_it_down(small_bundle: Path) -> None:
    manifest = read_manifest(small_bundle)
    content = manifest.model_dump(mode="json")
    content["roles"]["prosody"]["variants"]["fp32"]["tensorrt"] = None
    content["roles"]["prosody"]["variants"]["fp32"]["graphs"]["model"]["profile"] = {}
    write_manifest(type(manifest).model_validate(content), small_bundle)
    result = CliRunner().invoke(main, ["bundle", "tensorrt", str(small_bundle)])
    assert result.exit_code == 0, result.output
    renewed = Bundle(small_bundle).role("prosody").variants["fp32"]
    assert renewed.tensorrt is not None
    assert renewed.tensorrt.ready
    assert renewed.graphs["model"].profile["features"].min == [1, 17]


def test_the_command_says_which_graph_is_not_ready(small_bundle: Path) -> None:
    content = read_manifest(small_bundle).model_dump(mode="json")
    graph = content["roles"]["prosody"]["variants"]["fp32"]["graphs"]["model"]
    graph["profile"]["features"]["min"] = [9, 17]
    write_manifest(Manifest.model_validate(content), small_bundle)
    result = CliRunner().invoke(main, ["bundle", "tensorrt", str(small_bundle), "--json"])
    assert result.exit_code == 1
    (record,) = json.loads(result.stdout)
    assert (record["role"], record["ready"]) == ("prosody", False)
    assert "must not descend" in record["findings"][0]


def test_a_graph_tells_nothing_of_the_machine_that_exported_it(small_bundle: Path) -> None:
    graph = (small_bundle / "prosody.model.fp32.onnx").read_bytes()
    assert b".py" not in graph
    assert b"stack_trace" not in graph


def test_a_role_that_is_not_there_is_told(small_bundle: Path) -> None:
    result = CliRunner().invoke(main, ["bundle", "tensorrt", str(small_bundle), "--role", "nose"])
    assert result.exit_code == 1
    assert "prosody" in result.stderr
