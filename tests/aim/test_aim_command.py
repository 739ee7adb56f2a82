"""The installer's command, as a process of its own, with a camera, a browser and strace."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np
import pytest
import yaml
from aimed_camera import AimedCamera
from box_process import EMVAS
from browser import browser, faults, foreign
from certificates import certificate
from click.testing import CliRunner
from dashboards import ask
from mqtt_helpers import free_port, until

from benchmarks.security.strace import traced
from edge.aim.aiming import Aiming
from edge.bundle.bundle import Bundle
from edge.cli.aim import open_page
from edge.cli.main import main
from edge.config import load_config
from edge.messages import Face, Frame, Reason
from edge.store.reader import TimelineReader

pytestmark = pytest.mark.bundle
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: apt install strace")


def config_of(folder: Path, uri: str, **sections: object) -> Path:
    path = folder / "box.yaml"
    head = {"purpose": "driver-safety", "microphone": {"device": None}, "camera": {"uri": uri}}
    path.write_text(yaml.safe_dump({**head, **sections}))
    return path


def words(folder: Path, bundle: Path, config: Path, *more: str) -> list[str]:
    return ["aim", "--config", str(config), "--bundle", str(bundle), "--state", str(folder / "state"), *more]


PASSWORD = "turn the camera to the left"


def behind_the_password(folder: Path, uri: str, **more: object) -> Path:
    """The configuration of a box whose pages other machines reach."""
    (folder / "password").write_text(PASSWORD)
    return config_of(folder, uri, dashboard={"host": "0.0.0.0", "password_file": str(folder / "password"), **more})


def encrypted(folder: Path, uri: str) -> Path:
    """The same with a certificate."""
    cert_file, key_file = certificate(folder, "box.example")
    return behind_the_password(folder, uri, cert_file=str(cert_file), key_file=str(key_file))


def log_in(address: str) -> str:
    """The cookie of a session."""
    _, headers, _ = ask(f"{address}/login", f"password={quote(PASSWORD)}".encode(), Origin=address)
    return headers["Set-Cookie"].split(";")[0]


def test_a_technicians_telephone_logs_in_and_sees_red_turn_to_green_when_the_camera_is_hung_right(
    tmp_path: Path, bundle_dir: Path
) -> None:
    with AimedCamera(Bundle(bundle_dir)) as camera, browser(tmp_path) as tab:
        config = encrypted(tmp_path, camera.uri)
        arguments = words(tmp_path, bundle_dir, config, "--port", "0", "--alone")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen([*EMVAS, *arguments], stdout=subprocess.PIPE, text=True, env=environment)
        try:
            address = _address(process)
            tab.trust_any_certificate()
            tab.screen(390, 844)
            tab.open(address)
            tab.wait_for("Password")
            tab.run(f"document.querySelector('input[type=password]').value = {json.dumps(PASSWORD)}")
            tab.run("document.querySelector('form').submit()")
            tab.wait_for("px between the temples", "Bring the camera nearer")
            assert tab.run("document.body.dataset.verdict") == "bad"
            assert tab.run("document.getElementById('picture').naturalWidth") == 640
            assert not faults(tab)
            camera.right.set()
            until_s = time.monotonic() + 60
            while tab.run("document.body.dataset.verdict") != "good":
                assert time.monotonic() < until_s, tab.run("document.body.innerText")
                time.sleep(0.2)
            tab.wait_for("Ready: all has held for 10 s.")
            assert not tab.errors
            assert not foreign(tab.asked)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            tab.wait_for("Aiming has ended.")
        finally:
            process.kill()
    noted = [told["detail"] for told in TimelineReader(tmp_path / "state" / "timeline.db").between("source", 0, 1e12)]
    assert noted == ["the camera is aimed: its picture is shown on a page", "aiming has ended"]


def test_without_a_password_the_page_is_on_loopback_under_an_address_that_nobody_guesses(tmp_path: Path) -> None:
    config = load_config(config_of(tmp_path, "csi://0"))
    with ExitStack() as stack:
        page, address = open_page(config, 0, stack, pytest.fail)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/", address)
        image, face = np.zeros((480, 640, 3), np.uint8), Face(0.0, reason=Reason.NO_FACE)
        page.show(image, [face], Aiming(room=False).step(Frame(0.0, image, 0), [face]), 60.0)
        status, headers, _ = ask(address)
        assert status == 200
        assert headers["Cache-Control"] == "no-store"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "将" in json.loads(ask(f"{address}state.json", Accept_Language="zh-CN")[2])["sentence"]
        for wrong in (re.sub(r"/[^/]+/$", "/guessed/", address), re.sub(r"/[^/]+/$", "/", address)):
            assert ask(f"{wrong}picture.jpg")[0] == 404
        assert ask(f"{address}state.json", Host="foreign.example")[0] == 400
        assert ask(f"{address}state.json", Origin="http://foreign.example")[0] == 403
    with pytest.raises(URLError):
        ask(address)


@pytest.mark.parametrize("secure", [False, True], ids=["without a certificate", "with one"])
def test_other_machines_reach_the_picture_only_encrypted(tmp_path: Path, secure: bool) -> None:
    config = load_config((encrypted if secure else behind_the_password)(tmp_path, "csi://0"))
    warned: list[str] = []
    with ExitStack() as stack:
        _, address = open_page(config, 0, stack, warned.append)
        port = int(address.rstrip("/").rpartition(":")[2])
        listens = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
    assert (f"00000000:{port:04X}" in listens, f"0100007F:{port:04X}" in listens) == (secure, not secure)
    assert address.startswith("https://" if secure else "http://127.0.0.1:")
    assert warned == ([] if secure else ["aim_unencrypted"])


@needs_strace
def test_no_picture_is_written_anywhere_and_nothing_is_sent_but_to_who_has_logged_in(
    tmp_path: Path, bundle_dir: Path
) -> None:
    port = free_port()
    address, pictures, strangers = f"http://127.0.0.1:{port}", [], []

    def look() -> None:
        with suppress(AssertionError):
            until(lambda: _answers(address), 60)
            strangers.extend(ask(f"{address}/{name}")[0] for name in ("", "picture.jpg", "state.json"))
            cookie = {"Cookie": log_in(address)}
            until(lambda: pictures.append(_picture(address, cookie)) or pictures[-1].startswith(b"\xff\xd8\xff"), 60)

    with AimedCamera(Bundle(bundle_dir)) as camera:
        config = behind_the_password(tmp_path, camera.uri)
        more = ["--port", str(port), "--alone", "--minutes", "0.1"]
        watcher = threading.Thread(target=look)
        watcher.start()
        seen = traced([*EMVAS, *words(tmp_path, bundle_dir, config, *more)], tmp_path, os.environ, 60)
        watcher.join()
    assert strangers == [401, 401, 401]
    assert pictures[-1].startswith(b"\xff\xd8\xff"), "the picture was shown meanwhile"
    own = {"state", "timeline.db", "timeline.db-wal", "timeline.db-shm", "timeline.db-journal"}
    made = {Path(path).name for path in seen.files if not path.startswith(("/dev/", "/proc/")) and ".pyc" not in path}
    assert made <= own, seen.said
    assert seen.addresses == {camera.uri.split("/")[2]}
    data = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
    assert b"\xff\xd8\xff" not in data, "no JPEG in the timeline"


def test_a_machine_reads_json_and_the_end_of_the_time_before_all_has_held_is_an_error(
    tmp_path: Path, bundle_dir: Path
) -> None:
    with AimedCamera(Bundle(bundle_dir)) as camera:
        camera.right.set()
        arguments = words(tmp_path, bundle_dir, config_of(tmp_path, camera.uri), "--json", "--alone")
        done = subprocess.run(
            [*EMVAS, *arguments, "--minutes", "0.06"], check=False, capture_output=True, text=True, timeout=100
        )
    assert done.returncode == 1, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["ready"] is False
    assert {reading["name"] for reading in last["readings"]} >= {"width", "sideways", "side", "light", "pictures"}


def test_nobody_else_may_be_before_the_camera_and_what_cannot_be_aimed_is_told(
    tmp_path: Path, bundle_dir: Path
) -> None:
    config = config_of(tmp_path, "file:///nowhere.mp4")
    refused = CliRunner().invoke(main, words(tmp_path, bundle_dir, config), input="n\n")
    assert refused.exit_code == 1
    assert "Is the installer alone before the camera?" in refused.output
    gone = CliRunner().invoke(main, words(tmp_path, bundle_dir, config, "--text", "--alone"))
    assert gone.exit_code == 1
    assert "nowhere.mp4" in gone.output
    in_chinese = CliRunner().invoke(main, words(tmp_path, bundle_dir, config, "--lang", "zh"), input="n\n")
    assert "摄像头前是否只有安装人员" in in_chinese.output
    blind = CliRunner().invoke(main, words(tmp_path, bundle_dir, config_of(tmp_path, "csi://0", camera={"uri": None})))
    assert "camera.uri is not set" in blind.output


def _address(process: subprocess.Popen[str]) -> str:
    """What it prints, read by a thread of its own."""
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True).start()
    while True:
        found = re.search(r"https://[\d.]+:(\d+)/ ", lines.get(timeout=90))
        if found:
            return f"https://127.0.0.1:{found[1]}"


def _answers(address: str) -> bool:
    with suppress(URLError):
        return ask(f"{address}/login")[0] == 200
    return False


def _picture(address: str, cookie: dict[str, str]) -> bytes:
    with urlopen(Request(f"{address}/picture.jpg", headers=cookie), timeout=20) as answer:
        return bytes(answer.read())
