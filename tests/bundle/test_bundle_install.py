"""Installing a bundle by the command: whole, tested here, or not at all; and the way back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper
from signing_keys import make_keys

from edge.bundle.bundle import Bundle, sha256_of
from edge.bundle.manifest import MANIFEST_FILE
from edge.bundle.signature import sign
from edge.cli.main import main
from edge.releases.trial import MOST_STARTS


def emvas(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=env)


def renamed(bundle: Path, version: str) -> Path:
    """The same models as another version."""
    path = bundle / MANIFEST_FILE
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"version": version}), encoding="utf-8")
    return bundle


def shown(state: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(emvas("releases", "show", "--state", state, "--json").stdout)
    return found


@pytest.fixture
def box(small_bundle: Path, tmp_path: Path) -> Path:
    """The state folder of a box with version 1, and version 2 on trial."""
    state = tmp_path / "state"
    config = tmp_path / "none.yaml"
    for version in ("1", "2"):
        result = emvas(
            "bundle", "install", renamed(small_bundle, version), "--into", state / "models", "--config", config
        )
        assert result.exit_code == 0, result.output
    return state


def test_the_new_bundle_is_in_use_on_trial_and_sound(box: Path) -> None:
    assert Bundle(box / "models" / "current").manifest.version == "2"
    models = shown(box)["models"]
    assert str(models["current"]).startswith("small-2-")
    assert str(models["previous"]).startswith("small-1-")
    assert models["starts"] == 0


def test_rollback_brings_back_the_one_before_and_then_there_is_none(box: Path) -> None:
    assert emvas("bundle", "rollback", "--from", box / "models").exit_code == 0
    assert Bundle(box / "models" / "current").manifest.version == "1"
    again = emvas("bundle", "rollback", "--from", box / "models")
    assert again.exit_code == 1
    assert "no earlier release" in again.stderr


def test_what_fails_to_start_goes_back_by_itself(box: Path) -> None:
    for _ in range(MOST_STARTS):
        emvas("releases", "start", "--state", box)
    assert Bundle(box / "models" / "current").manifest.version == "2"
    said = emvas("releases", "start", "--state", box)
    assert "was taken back" in said.stdout
    assert Bundle(box / "models" / "current").manifest.version == "1"


@pytest.mark.parametrize(("ended", "left"), [("success", 0), ("watchdog", 1), ("signal", 1), ("exit-code", 1)])
def test_only_a_clean_stop_gives_its_start_back(box: Path, ended: str, left: int) -> None:
    emvas("releases", "start", "--state", box)
    emvas("releases", "stop", "--state", box, env={"SERVICE_RESULT": ended})
    assert shown(box)["models"]["starts"] == left


def test_a_damaged_bundle_leaves_the_old_one(box: Path, small_bundle: Path) -> None:
    before = shown(box)
    graph = small_bundle / "prosody.model.fp32.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0")
    result = emvas("bundle", "install", small_bundle, "--into", box / "models", "--config", box / "none")
    assert result.exit_code == 1
    assert "is not the file of the manifest" in result.stderr
    assert shown(box) == before
    Bundle(box / "models" / "current")


def vouched(bundle: Path, name: str) -> None:
    """Let the manifest vouch for the file `name` as it is now."""
    path = bundle / MANIFEST_FILE
    manifest = yaml.safe_load(path.read_text())
    for role in manifest["roles"].values():
        graphs = [graph for variant in role["variants"].values() for graph in variant["graphs"].values()]
        for stored in [role["golden"], *graphs]:
            if stored["file"] == name:
                stored |= {"bytes": (bundle / name).stat().st_size, "sha256": sha256_of(bundle / name)}
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")


def test_a_bundle_that_computes_something_else_here_leaves_the_old_one(box: Path, small_bundle: Path) -> None:
    before, golden = shown(box), small_bundle / "golden" / "prosody.npz"
    with np.load(golden) as stored:
        wrong = {name: value + name.startswith("out.") for name, value in stored.items()}
    np.savez(golden, **wrong)
    vouched(small_bundle, "golden/prosody.npz")
    result = emvas("bundle", "install", small_bundle, "--into", box / "models", "--config", box / "none")
    assert result.exit_code == 1
    assert "fails its self-test on this machine (prosody/model)" in result.stderr
    assert shown(box) == before


def test_a_box_that_wants_signed_bundles_takes_no_other(small_bundle: Path, tmp_path: Path) -> None:
    keys = make_keys(tmp_path, "signer")
    config = tmp_path / "edge.yaml"
    config.write_text(f"purpose: driver-safety\nmicrophone: {{device: null}}\nmodels: {{signed_by: {keys.public}}}\n")
    command = ("bundle", "install", small_bundle, "--into", tmp_path / "models", "--config", config)
    refused = emvas(*command)
    assert refused.exit_code == 1
    assert "is not signed" in refused.stderr
    assert emvas("run", "--config", config, "--bundle", small_bundle).exit_code == 1
    sign(small_bundle, keys.private)
    assert emvas(*command).exit_code == 0
    Bundle(tmp_path / "models" / "current")


def test_the_boxs_own_signer_holds_whatever_a_configuration_says(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = make_keys(tmp_path, "own"), make_keys(tmp_path, "other")
    config = tmp_path / "edge.yaml"
    config.write_text(f"purpose: driver-safety\nmicrophone: {{device: null}}\nmodels: {{signed_by: {other.public}}}\n")
    sign(small_bundle, other.private)
    command = ("bundle", "install", small_bundle, "--into", tmp_path / "models", "--config", config)
    assert emvas(*command).exit_code == 0
    monkeypatch.setattr("edge.bundle.signature.BOX_SIGNER", own.public)
    run = tmp_path / "run.yaml"
    run.write_text("purpose: driver-safety\ncamera: {uri: v4l2:///dev/video0}\n")
    for refused in (emvas(*command), emvas("run", "--config", run, "--bundle", small_bundle)):
        assert refused.exit_code == 1
        assert "another key" in refused.stderr
    sign(small_bundle, own.private)
    config.write_text("purpose: driver-safety\nmicrophone: {device: null}\n")
    assert emvas(*command).exit_code == 0


def test_a_self_test_that_hangs_ends_and_leaves_the_old_one(
    box: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shown(box)
    monkeypatch.setattr("edge.bundle.selftest.LONGEST_S", {"cpu": 0.01})
    result = emvas("bundle", "install", small_bundle, "--into", box / "models", "--config", box / "none")
    assert result.exit_code == 1
    assert "has not ended after 0 s" in result.stderr
    assert shown(box) == before
    assert not list((box / "models").glob(".staging*"))


def test_it_installs_from_any_program_that_calls_the_command(small_bundle: Path, tmp_path: Path) -> None:
    program = tmp_path / "emvas"  # as in a box's image: without `if __name__ == "__main__"`
    program.write_text("from edge.cli.main import main\nmain()\n")
    command = [sys.executable, program, "bundle", "install", small_bundle, "--into", tmp_path / "models"]
    done = subprocess.run([*map(str, command), "--config", "none"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Bundle(tmp_path / "models" / "current").manifest.name == "small"


def test_ctrl_c_ends_an_installation_in_the_middle_of_its_self_test(box: Path, small_bundle: Path) -> None:
    graph = small_bundle / "prosody.model.fp32.onnx"
    endless = helper.make_graph(
        [helper.make_node("Loop", ["", "go", "features"], ["scores"], body=_turn())],
        "endless",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 17])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(True), "go")],
    )
    onnx.save(helper.make_model(endless, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), graph)
    vouched(small_bundle, graph.name)
    command = [sys.executable, "-c", "from edge.cli.main import main; main()", "bundle", "install", small_bundle]
    command += ["--into", box / "models", "--config", box / "none"]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, start_new_session=True)
    deadline_s = time.monotonic() + 60
    try:
        while not list((box / "models").glob(".staging-*/release/golden/*")) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        time.sleep(3.0)
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(5.0) != 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert not list((box / "models").glob(".staging*"))


def _turn() -> onnx.GraphProto:
    """One turn of a loop that never ends."""
    return helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go_out"]), helper.make_node("Identity", ["x"], ["y"])],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_in", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 17]),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 17]),
        ],
    )


def test_a_bundle_without_what_the_box_is_set_up_for_leaves_the_old_one(box: Path, small_bundle: Path) -> None:
    config, before = box / "edge.yaml", shown(box)
    config.write_text("purpose: driver-safety\ncamera: {uri: v4l2:///dev/video0}\nmicrophone: {device: null}\n")
    command = ("bundle", "install", renamed(small_bundle, "3"), "--into", box / "models", "--config", config)
    refused = emvas(*command)
    assert refused.exit_code == 1
    assert "face_mesh (asked for by camera.uri)" in refused.stderr
    assert "vad" not in refused.stderr
    assert shown(box) == before
    config.write_text("purpose: driver-safety\nmicrophone: {device: null}\n")
    assert emvas(*command).exit_code == 0
