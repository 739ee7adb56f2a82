"""A technician's first day: from the package to a box that watches, with a camera on the network."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aimed_camera import AimedCamera
from box_process import EMVAS
from click.testing import CliRunner
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until
from sound_server import SoundServer, needs_pulse

from edge.bundle.bundle import Bundle
from edge.cli import config_new
from edge.cli.main import main
from edge.config import load_config

pytestmark = pytest.mark.bundle


@pytest.fixture
def cab(tmp_path: Path) -> Iterator[SoundServer]:
    server = SoundServer(tmp_path)
    server.start()
    yield server
    server.kill()


@needs_pulse
@needs_mosquitto
def test_new_aim_check_run(tmp_path: Path, bundle_dir: Path, cab: SoundServer) -> None:
    port, state = free_port(), str(tmp_path / "state")
    environment = {**cab.all, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "STATE_DIRECTORY": state}

    def emvas(*words: str, typed: str = "") -> str:
        done = subprocess.run(
            [*EMVAS, *words], input=typed, env=environment, cwd=tmp_path, check=False, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with mosquitto(tmp_path, port), Subscriber(port) as dispatch, AimedCamera(Bundle(bundle_dir)) as camera:
        camera.right.set()
        bus = ["", "depot-1", "bus-007", camera.uri, "pulse", "pulse", "127.0.0.1", str(port), "", ""]
        said = emvas("config", "new", "--no-install", "--out", "bus-007.yaml", typed="\n".join(bus) + "\n")
        assert "It shows: 640x480" in said
        for part in ("camera", "microphone", "speaker", "broker"):
            assert f"ok       {part}" in said, said
        models = ("--bundle", str(bundle_dir))
        assert "Ready" in emvas("aim", "--config", "bus-007.yaml", *models, "--text", "--alone")
        assert "Next:" in emvas("check", "--config", "bus-007.yaml", *models)
        words = [*EMVAS, "run", "--config", "bus-007.yaml", *models]
        box = subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        try:
            until(lambda: bool(dispatch.on("state")) and dispatch.on("state")[-1]["inputs"].get("speaker") == "ok", 60)
            until(lambda: dispatch.on("state")[-1]["level"] == "none", 60)
            box.send_signal(signal.SIGTERM)
            assert box.wait(20) == 0
        finally:
            box.kill()
    config = load_config(tmp_path / "bus-007.yaml")
    assert (config.box.site, config.box.id) == ("depot-1", "bus-007")


def test_a_camera_that_shows_nothing_is_asked_about_and_a_file_that_is_there_is_not_written_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "box.yaml").write_text("mine\n")
    refused = subprocess.run(
        [*EMVAS, "config", "new"], input="n\n", cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1
    assert (tmp_path / "box.yaml").read_text() == "mine\n"
    typed = ["classroom-wellbeing", "a b", "school-1", "room-3", "file:///no.mp4", "y", "none", "none"]
    done = subprocess.run(
        [*EMVAS, "config", "new", "--out", "room.yaml", "--no-install"], input="\n".join(typed) + "\n", cwd=tmp_path,
        check=False, capture_output=True, text=True, timeout=60, env={**os.environ, "STATE_DIRECTORY": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a name has letters" in done.stdout
    assert "Take it all the same?" in done.stdout
    assert "warns the driver" not in done.stdout, "a classroom has no speaker"
    assert load_config(tmp_path / "room.yaml").warning is None


def test_a_box_without_models_gets_those_of_the_package_and_the_configuration_on_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases, place = tmp_path / "releases", tmp_path / "etc" / "edge.yaml"
    monkeypatch.setattr(config_new, "RELEASES", releases)
    monkeypatch.setattr(config_new, "CONFIG", place)
    monkeypatch.chdir(tmp_path)
    typed = ["", "depot-1", "bus-007", "none", "none", "none", "none", ""]
    done = CliRunner().invoke(
        main, ["config", "new", "--install"], input="\n".join(typed) + "\n", env={"STATE_DIRECTORY": str(tmp_path)}
    )
    assert done.exit_code == 0, done.output
    assert (releases / "models" / "current" / "bundle.yaml").is_file()
    assert load_config(place).box.id == "bus-007"
    assert place.is_symlink()
