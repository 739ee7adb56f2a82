"""`emvas check`: what is missing is said with the command that mends it, and what is there is not complained about."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from empty_bundle import make_empty_bundle
from http_camera import HttpCamera
from mqtt_helpers import free_port, mosquitto, needs_mosquitto

from edge.cli import devices, machine_checks
from edge.cli.machine_checks import CheckedBox, CheckResult
from edge.cli.main import main
from edge.config import Config


def subject(state: Path, **sections: Any) -> CheckedBox:
    sections.setdefault("microphone", {"device": None})
    return CheckedBox(Config.model_validate({"purpose": "driver-safety", **sections}), state, root=False)


def one(found: Any) -> CheckResult:
    (finding,) = found
    assert isinstance(finding, CheckResult)
    assert finding.ok == (not finding.mend)
    return finding


def emvas(tmp_path: Path, sections: dict[str, Any], *arguments: str) -> Result:
    config = tmp_path / "box.yaml"
    config.write_text(yaml.safe_dump({"purpose": "driver-safety", "microphone": {"device": None}, **sections}))
    bundle = make_empty_bundle(tmp_path / "bundle")
    env = {"STATE_DIRECTORY": str(tmp_path)}
    return CliRunner().invoke(main, ["check", "--config", str(config), "--bundle", str(bundle), *arguments], env=env)


def test_a_camera_that_answers_is_fine_and_one_that_is_gone_is_told(tmp_path: Path) -> None:
    with HttpCamera() as camera:
        uri = camera.uri.replace("127.0.0.1", "user:secret@127.0.0.1")
        assert one(devices.camera(subject(tmp_path, camera={"uri": uri}))).ok
    gone = one(devices.camera(subject(tmp_path, camera={"uri": uri})))
    assert "does not answer: Connection refused" in gone.detail
    assert "secret" not in gone.detail
    assert gone.mend == "ping 127.0.0.1"


@pytest.mark.parametrize("uri", ["v4l2:///dev/null", "v4l2:///dev/video99", "file:///nowhere.mp4"])
def test_a_camera_that_is_not_there_is_told(tmp_path: Path, uri: str) -> None:
    missing = one(devices.camera(subject(tmp_path, camera={"uri": uri})))
    assert not missing.ok
    assert missing.mend == "emvas devices"


def test_a_recording_is_a_camera(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert one(devices.camera(subject(tmp_path, camera={"uri": f"file://{tmp_path}/a.mp4"}))).ok


def test_csi_wants_gstreamer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt install gstreamer1.0-tools" in one(devices.camera(subject(tmp_path, camera={"uri": "csi://0"}))).mend


def test_a_microphone_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = one(devices.microphone(subject(tmp_path, microphone={"device": "no such microphone"})))
    assert not found.ok
    assert found.mend in ("emvas devices", "sudo apt install libportaudio2")


def test_what_the_box_does_not_use_is_not_asked_for(tmp_path: Path) -> None:
    bare = subject(tmp_path)
    for check in (devices.camera, devices.microphone, devices.receiver, devices.groups, machine_checks.broker):
        assert not list(check(bare)), check


def test_receivers_are_looked_for(tmp_path: Path) -> None:
    nmea = subject(tmp_path, arming={"source": "nmea", "device": str(tmp_path / "ttyUSB0")})
    assert not one(devices.receiver(nmea)).ok
    (tmp_path / "ttyUSB0").touch()
    assert one(devices.receiver(nmea)).ok
    with socket.create_server(("127.0.0.1", 0)) as gpsd:
        port = gpsd.getsockname()[1]
        arming = {"source": "gpsd", "host": "127.0.0.1", "port": port}
        assert one(devices.receiver(subject(tmp_path, arming=arming))).ok
    assert one(devices.receiver(subject(tmp_path, arming=arming))).mend == "sudo systemctl start gpsd"


def test_a_device_of_a_foreign_group_is_told_for_the_services(tmp_path: Path) -> None:
    device = tmp_path / "ttyACM0"
    device.touch(0o660)
    arming = {"source": "nmea", "device": str(device)}
    asked = subject(tmp_path, arming=arming)
    found = one(devices.groups(CheckedBox(asked.config, tmp_path, root=True)))
    assert "which the services are not in" in found.detail
    assert found.mend == f"sudo chgrp video {device}"
    device.chmod(0o666)
    assert not list(devices.groups(CheckedBox(asked.config, tmp_path, root=True)))


def test_a_full_disk_is_told_by_the_boxs_own_floor(tmp_path: Path) -> None:
    assert one(machine_checks.disk(subject(tmp_path, store={"least_free_mb": 10, "least_free_share": 0.01}))).ok
    full = one(machine_checks.disk(subject(tmp_path, store={"least_free_mb": 1e6, "least_free_share": 0.5})))
    assert "below the limit" in full.detail
    assert full.mend.startswith("sudo du")


@needs_mosquitto
def test_the_broker_is_really_asked(tmp_path: Path) -> None:
    port = free_port()
    mqtt = {"host": "127.0.0.1", "port": port}
    with mosquitto(tmp_path, port):
        assert "MQTT 5" in one(machine_checks.broker(subject(tmp_path, mqtt=mqtt))).detail
    gone = one(machine_checks.broker(subject(tmp_path, mqtt=mqtt)))
    assert f"No broker answers at 127.0.0.1:{port}" in gone.detail
    assert "apt install mosquitto" in gone.mend


@needs_mosquitto
def test_a_wrong_password_is_told(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "password").write_text("wrong")
    mqtt = {"host": "127.0.0.1", "port": port, "username": "bus", "password_file": str(tmp_path / "password")}
    with mosquitto(tmp_path, port, "allow_anonymous false\n"):
        assert "password is wrong" in one(machine_checks.broker(subject(tmp_path, mqtt=mqtt))).detail


def test_all_that_is_needed_is_there(tmp_path: Path) -> None:
    result = emvas(tmp_path, {}, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["passed"]
    assert {item["name"] for item in said["findings"]} >= {"config", "state", "disk", "clock", "models", "roles"}


def test_a_role_that_the_configuration_needs_and_the_bundle_lacks_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    sections = {"camera": {"uri": f"file://{tmp_path}/a.mp4"}}
    result = emvas(tmp_path, sections, "--json")
    assert result.exit_code == 1
    (roles,) = [item for item in json.loads(result.stdout)["findings"] if item["name"] == "roles"]
    assert not roles["ok"]
    assert "face_mesh (asked for by camera.uri)" in roles["detail"]
    assert "vad" not in roles["detail"], "there is no microphone"
    assert roles["mend"] == "sudo emvas bundle install bundle.tar"


def test_what_is_missing_ends_with_exit_code_1_and_the_command_that_mends_it(tmp_path: Path) -> None:
    result = emvas(tmp_path, {"camera": {"uri": f"file://{tmp_path}/gone.mp4"}})
    assert result.exit_code == 1
    assert "To mend: emvas devices" in result.stdout


def test_a_bundle_that_is_not_there_is_one_finding_among_the_others(tmp_path: Path) -> None:
    config = tmp_path / "box.yaml"
    config.write_text("purpose: driver-safety\nmicrophone: {device: null}\n")
    command = ["check", "--config", str(config), "--bundle", str(tmp_path / "none"), "--json"]
    result = CliRunner().invoke(main, command, env={"STATE_DIRECTORY": str(tmp_path)})
    assert result.exit_code == 1
    (models,) = [item for item in json.loads(result.stdout)["findings"] if item["name"] == "models"]
    assert models["mend"] == "sudo emvas bundle install bundle.tar"


def test_a_cab_without_a_speaker_is_told_and_a_speaker_that_is_not_there_too(tmp_path: Path) -> None:
    nothing = one(devices.speaker(subject(tmp_path)))
    assert "nothing in the cab warns the driver" in nothing.detail
    assert not nothing.needed
    gone = one(devices.speaker(subject(tmp_path, warning={"speaker": "no such speaker"})))
    assert "no such speaker cannot be opened" in gone.detail or "PortAudio" in gone.detail
    warning = subject(tmp_path, warning={"speaker": None, "gpio": "/dev/gpiochip99:1", "relay": "/dev/null"})
    assert [(found.name, found.ok) for found in devices.lines(warning)] == [("gpio", False), ("relay", True)]
    assert not list(devices.speaker(warning))
