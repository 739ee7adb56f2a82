"""A stop within five seconds, whatever the box is in the middle of: the real process, real parts around it."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from box_process import box, metrics, stored
from empty_bundle import make_empty_bundle
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until

STOP_S = 5.0


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[float, str]:
    asked_s = time.monotonic()
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    return time.monotonic() - asked_s, said


def alerts(folder: Path) -> list[str]:
    return [alert["type"] for alert in stored(folder, "alert")]


@needs_mosquitto
def test_with_a_camera_and_a_broker_that_hang(tmp_path: Path) -> None:
    """The camera takes the connection and sends nothing; the broker is frozen in the middle of the connection."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as deaf, mosquitto(tmp_path, port) as broker, Subscriber(port) as hears:
        config = {
            "camera": {"uri": f"http://127.0.0.1:{deaf.getsockname()[1]}/video"},
            "microphone": {"device": "no such microphone"},
            "mqtt": {"host": "127.0.0.1", "port": port},
        }
        with box(tmp_path, make_empty_bundle(tmp_path / "bundle"), config) as process:
            until(lambda: bool(hears.on("alert")), 30)
            broker.send_signal(signal.SIGSTOP)
            time.sleep(0.5)
            took_s, said = stop(process)
        broker.send_signal(signal.SIGCONT)
    assert took_s < STOP_S, said
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert alerts(tmp_path).count("end") == alerts(tmp_path).count("new") >= 1


@needs_mosquitto
def test_a_stop_ends_open_alerts_at_the_subscriber_and_says_stopped(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port) as hears:
        config = {
            "camera": {"uri": "http://127.0.0.1:9/video"},
            "microphone": {"device": None},
            "mqtt": {"host": "127.0.0.1", "port": port},
        }
        with box(tmp_path, make_empty_bundle(tmp_path / "bundle"), config) as process:
            until(lambda: bool(hears.on("alert")), 30)
            took_s, said = stop(process, signal.SIGINT)
        until(lambda: hears.on("status")[-1]["state"] == "stopped")
    assert took_s < STOP_S, said
    assert process.returncode == 0, said
    assert [payload["type"] for payload in hears.on("alert")] == ["new", "end"]


@pytest.mark.bundle
@pytest.mark.data
def test_in_the_middle_of_words(bundle_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    """The recognizer takes for ever, and there is no broker."""
    clip = data_dir / "clips" / "grid" / "swiz3n.mpg"
    port = free_port()
    config = {
        "camera": {"uri": f"file://{clip}"},
        "microphone": {"device": "camera"},
        "health": {"port": port},
        "mqtt": {"host": "127.0.0.1", "port": 9},
    }
    with box(tmp_path, bundle_dir, config, EMVAS_TEST_FREEZE="asr:0") as process:
        until(lambda: "emvas_utterances_total 1.0" in metrics(port), 60)
        time.sleep(0.2)
        took_s, said = stop(process)
    assert took_s < STOP_S, said
    assert process.returncode == 0, said
    assert "Traceback" not in said
