"""Sources that die and come back beside a box that goes on: real servers killed, the real box watched from outside."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from box_process import box, metrics
from empty_bundle import make_empty_bundle
from http_camera import HttpCamera
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until
from rtsp_camera import RtspCamera, needs_rtsp_server
from sound_server import SoundServer, needs_pulse

from edge.capture.camera import Camera
from edge.config.perception import CameraConfig
from edge.messages import Frame

BACK_S = 10.0


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[SoundServer]:
    server = SoundServer(tmp_path)
    server.start()
    yield server
    server.kill()


class Watch:
    """The box's own figures and what it tells the subscriber."""

    def __init__(self, port: int, hears: Subscriber) -> None:
        self._port, self._hears = port, hears

    def figure(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", metrics(self._port), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def grows(self, name: str, seconds: float) -> float:
        """Wait until the figure has grown; return how long that took."""
        start_s, before = time.monotonic(), self.figure(name)
        until(lambda: self.figure(name) > before, seconds)
        return time.monotonic() - start_s

    def state(self, source: str) -> str | None:
        states = self._hears.on("state")
        return states[-1]["inputs"].get(source) if states else None


def outage(
    watch: Watch, source: str, grows: str, other: str, away: Callable[[], None], back: Callable[[], object]
) -> None:
    """Take `source` away and bring it back; `other` is a figure that must go on growing."""
    away()
    until(lambda: watch.state(source) == "lost", 20)
    watch.grows(other, 2.0)
    back()
    watch.grows(grows, BACK_S)
    until(lambda: watch.state(source) == "ok")
    watch.grows(other, 2.0)


def told(hears: Subscriber, source: str) -> list[str]:
    """The steps of the alerts about a source."""
    return [alert["type"] for alert in hears.on("alert") if alert["evidence"]["source"] == source]


@needs_rtsp_server
@needs_pulse
@needs_mosquitto
def test_a_camera_and_a_microphone_that_are_killed_come_back_and_nothing_else_stops(
    tmp_path: Path, sound: SoundServer
) -> None:
    broker, pages = free_port(), free_port()
    camera = RtspCamera(free_port())
    config = {
        "camera": {"uri": camera.uri},
        "microphone": {"device": "pulse"},
        "mqtt": {"host": "127.0.0.1", "port": broker},
        "health": {"port": pages},
    }
    bundle = make_empty_bundle(tmp_path / "bundle")
    frames, heard = "emvas_frames_total", "emvas_sound_seconds_total"
    with (
        mosquitto(tmp_path, broker),
        Subscriber(broker) as hears,
        camera,
        box(tmp_path, bundle, config, **sound.environment) as process,
    ):
        watch = Watch(pages, hears)
        until(lambda: watch.figure(frames) > 0 and watch.figure(heard) > 0, 40)
        outage(watch, "camera", frames, heard, camera.process.kill, camera.__enter__)
        outage(watch, "microphone", heard, frames, sound.kill, sound.start)
        assert process.poll() is None
        assert watch.figure("emvas_losses_total") >= 2, "a busy machine may lose some sound besides, and says so"
        assert told(hears, "camera") == ["new", "end"]
        until(lambda: told(hears, "microphone")[-1:] == ["end"])
        assert told(hears, "microphone")[:2] == ["new", "end"], "the camera's rest is not the microphone's"
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)
    assert "Traceback" not in said


def test_a_camera_that_stays_connected_and_freezes_is_opened_anew() -> None:
    with HttpCamera() as camera:
        stream = Camera(CameraConfig(uri=camera.uri), False, time.monotonic).stream(Event())
        assert isinstance(next(stream), Frame)
        camera.silent.set()
        item = next(item for item in stream if not isinstance(item, Frame))
        assert (item.source, item.state) == ("camera", "lost")
        camera.silent.clear()
        back_s = time.monotonic()
        assert next(stream).state == "ok"
        assert isinstance(next(stream), Frame)
        assert time.monotonic() - back_s < BACK_S
