"""A night with Mr Rossi at the wheel and everything that can go wrong around him: the real box, broker and camera.

In each trouble the alert still arrives where his eyes can be seen; where they cannot, somebody is told within 10 s.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from acted_camera import ActedCamera, Trouble
from box_process import box, stored
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until
from paho.mqtt.enums import CallbackAPIVersion
from small_disk import fill, small_disk

from edge.bundle.bundle import Bundle

pytestmark = [needs_mosquitto, pytest.mark.bundle]
needs_time = pytest.mark.skipif(
    os.environ.get("EMVAS_CHAOS") != "long", reason="minutes of a real box: make proof-chaos"
)
TOLD_S = 10.0
SPEED = "bus/speed"


class Night:
    """What a control room hears of one box."""

    def __init__(self, heard: Subscriber, camera: ActedCamera) -> None:
        self.heard, self.camera = heard, camera

    def state(self) -> dict[str, Any]:
        states = self.heard.on("state")
        return states[-1] if states else {}

    def alerts(self, kind: str, type_: str = "new") -> list[dict[str, Any]]:
        return [told for told in self.heard.on("alert") if (told["kind"], told["type"]) == (kind, type_)]

    def falls_asleep(self) -> dict[str, Any]:
        """He sleeps until the alert arrives, and wakes up; return the alert."""
        before = len(self.alerts("microsleep")), len(self.alerts("microsleep", "end"))
        self.camera.asleep, start_s = True, time.monotonic()
        until(lambda: len(self.alerts("microsleep")) > before[0], TOLD_S)
        print(f"asleep: told after {time.monotonic() - start_s:.1f} s")
        self.camera.asleep = False
        until(lambda: len(self.alerts("microsleep", "end")) > before[1], TOLD_S)
        until(lambda: self.state()["level"] == "none", 30)
        return self.alerts("microsleep")[-1]

    def cannot_see(self, trouble: Trouble, why: str) -> None:
        """The camera is tampered with: that he cannot be seen is told in time, and soon `why`; then all is well."""
        before = len(self.alerts("microsleep"))
        self.camera.trouble, start_s = trouble, time.monotonic()
        until(lambda: self.state()["level"] is None, TOLD_S)
        print(f"{trouble}: told after {time.monotonic() - start_s:.1f} s, as {self.state()['unknown']}")
        until(lambda: why in self.state()["troubles"].get("camera", ""), TOLD_S)
        print(f"{trouble}: after {time.monotonic() - start_s:.1f} s: {self.state()['troubles']['camera']}")
        assert len(self.alerts("microsleep")) == before, "nobody is said to sleep who is awake"
        self.camera.trouble = ""
        until(lambda: self.state()["level"] == "none" and self.state()["inputs"]["camera"] == "ok", 40)


@contextmanager
def night(folder: Path, bundle: Path, before: str = "", drives: bool = False, **config: Any) -> Iterator[Night]:
    """A box whose driver has been watched until his eyes are known; it `drives` where it hears its speed."""
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(mosquitto(folder, port))
        if drives:
            stack.enter_context(bus(port))
            config["arming"] = {"source": "mqtt", "topic": SPEED}
        heard = stack.enter_context(Subscriber(port))
        camera = stack.enter_context(ActedCamera(Bundle(bundle)))
        whole = {
            "purpose": "driver-safety",
            "camera": {"uri": camera.uri},
            "microphone": {"device": None},
            "speech": {"transcribe": False},
            "mqtt": {"host": "127.0.0.1", "port": port},
            **config,
        }
        process = stack.enter_context(box(folder, bundle, whole, before))
        watched = Night(heard, camera)
        until(lambda: process.poll() is not None or watched.state().get("level") == "none", 60)
        time.sleep(5.0)  # the open eye is known better by then
        yield watched
        assert process.poll() is None, process.communicate()[0]
        process.terminate()
        said, _ = process.communicate(timeout=20)
        assert process.returncode == 0, said


@contextmanager
def bus(port: int) -> Iterator[None]:
    """A vehicle that says its speed once a second, with a gap of 3 s after every second word."""
    client, stop = paho.Client(CallbackAPIVersion.VERSION2), threading.Event()
    client.connect("127.0.0.1", port)
    client.loop_start()

    def drive() -> None:
        while not stop.is_set():
            client.publish(SPEED, "50")
            stop.wait(1.0)
            client.publish(SPEED, "50")
            stop.wait(3.0)

    thread = threading.Thread(target=drive, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()
    client.loop_stop()


@needs_time
def test_a_camera_that_is_slow_frozen_covered_or_upside_down_is_told_and_a_sleeper_before_it_is_seen_again(
    tmp_path: Path, bundle_dir: Path
) -> None:
    with night(tmp_path, bundle_dir) as box_:
        box_.falls_asleep()
        box_.cannot_see("few", "too few pictures")
        box_.cannot_see("still", "stands still")
        box_.cannot_see("covered", "covered")
        box_.cannot_see("upside down", "upside down")
        box_.falls_asleep()


@needs_time
def test_a_disk_that_is_full_costs_no_alert(tmp_path: Path, bundle_dir: Path) -> None:
    store = {"least_free_mb": 10}
    with small_disk(tmp_path / "state") as disk, night(tmp_path, bundle_dir, store=store) as box_:
        ballast = fill(disk)
        box_.falls_asleep()
        until(lambda: "timeline" in box_.state()["troubles"], 70)
        ballast.unlink()
        box_.falls_asleep()
        until(lambda: box_.state()["inputs"].get("timeline", "ok") == "ok", 70)


BROKEN_AROUND_HIM = """
import errno, os, pathlib, time, types
import edge.clock as clock
began_s = time.monotonic()
set_right = lambda: time.monotonic() - began_s > 4.0  # the clock is set while the models load
clock.SYSTEM = clock.Clocks(
    wall_s=lambda: time.time() if set_right() else 1_000_000.0 + time.monotonic(),
    state=lambda: "synced" if set_right() else "unsynced",
)

def fault(*_, **__):
    raise RuntimeError("a fault")

import edge.affect.monitor, edge.capture.portaudio, edge.runtime.sinks
edge.affect.monitor.AffectMonitor.observe = fault
edge.runtime.sinks.LogSink.write = fault

class PortAudioError(Exception):
    pass

def cannot_start():
    raise PortAudioError("Unanticipated host error [PaErrorCode -9999]")

card = types.SimpleNamespace(_terminate=lambda: None, _initialize=cannot_start, PortAudioError=PortAudioError)
edge.capture.portaudio.sounddevice = lambda: card

def refuse(self, *_):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

pathlib.Path.rename = refuse
"""


def test_a_sleeper_is_told_of_though_everything_around_him_is_broken_from_the_start(
    tmp_path: Path, bundle_dir: Path
) -> None:
    """Mood stage and a sink raise, PortAudio cannot start, the clock is set while models load, and timeline, outbox and
    orders are damaged on a card that has turned read-only.
    """
    state = tmp_path / "state"
    state.mkdir()
    for name in ("timeline.db", "outbox.db", "orders.db"):
        (state / name).write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    config = {"purpose": "research", "consent": "recorded", "microphone": {"device": "default"}}
    with night(tmp_path, bundle_dir, BROKEN_AROUND_HIM, **config) as box_:
        alert = box_.falls_asleep()
        until(lambda: {"affect", "log", "microphone", "timeline", "outbox"} <= box_.state()["troubles"].keys())
        troubles = box_.state()["troubles"]
        assert "a fault" in troubles["affect"]
        assert "PortAudio" in troubles["microphone"]
        assert "cannot be moved aside" in troubles["outbox"]
        start = datetime.fromisoformat(alert["start"].replace("Z", "+00:00"))
        assert abs((datetime.now(timezone.utc) - start).total_seconds()) < 60.0, "an alert is never stamped wrong"


@needs_time
def test_gaps_in_the_speed_are_no_news_and_a_sleeper_at_speed_is_told_of(tmp_path: Path, bundle_dir: Path) -> None:
    with night(tmp_path, bundle_dir, drives=True) as box_:
        until(lambda: box_.state().get("inputs", {}).get("speed") == "ok", 20)
        box_.falls_asleep()
        assert box_.alerts("source_lost") == []
    words = [word["state"] for word in stored(tmp_path, "source") if word["source"] == "speed"]
    assert words == ["ok"]
