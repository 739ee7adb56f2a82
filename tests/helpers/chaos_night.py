"""One night of a sleeper before the real box, its broker and its camera, and a diary of what people were told."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as paho
from acted_camera import ActedCamera, Trouble
from box_process import box
from mqtt_helpers import Subscriber, free_port, mosquitto, until
from paho.mqtt.enums import CallbackAPIVersion
from raw_broker import RawBroker

from edge.bundle.bundle import Bundle

DIARY = os.environ.get("EMVAS_CHAOS")
"""Where what was seen is written, a JSON object a line (`benchmarks.endurance.chaos`)."""
TOLD_S, SLEEP_S = 10.0, 3.0
SPEED = "bus/speed"


class Heard(Protocol):
    """What arrives at a broker."""

    def on(self, name: str) -> list[dict[str, Any]]:
        """The payloads on topics with this end."""
        ...


class Night:
    """What a control room hears of one box, and what is written down of it."""

    def __init__(self, folder: Path, heard: Heard, camera: ActedCamera, process: subprocess.Popen[str]) -> None:
        self.heard, self.camera = heard, camera
        self._folder = folder
        self._process = process
        self._lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def said(self) -> str:
        """The box's own log."""
        return "".join(self._lines)

    def ends(self) -> None:
        """It stops as it is asked to."""
        assert self._process.poll() is None, self.said
        self._process.terminate()
        assert self._process.wait(20) == 0, self.said

    def note(self, done: str, told: str, since_s: float, alert: bool | None = None) -> None:
        """Write down what was told how long after what was done; `alert`: whether it is the alert of a sleeper."""
        told = told.replace(f"{self._folder}/", "")
        row = {"done": done, "told": told, "after_s": round(time.monotonic() - since_s, 1), "alert": alert}
        print(row)
        if DIARY:
            with Path(DIARY).open("a", encoding="utf-8") as diary:
                diary.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(self._process.stdout)

    def state(self) -> dict[str, Any]:
        states = self.heard.on("state")
        return states[-1] if states else {}

    def alerts(self, kind: str, type_: str = "new") -> list[dict[str, Any]]:
        """Each once, however often it came."""
        found = {told["id"]: told for told in self.heard.on("alert") if (told["kind"], told["type"]) == (kind, type_)}
        return list(found.values())

    def falls_asleep(self, trouble: str, within_s: float = TOLD_S) -> dict[str, Any]:
        """The driver sleeps until the alert arrives, `SLEEP_S` at most; return the alert.

        `trouble` is what else happens meanwhile. Longer sleeps would add up to a critical PERCLOS, which the box holds
        for minutes.
        """
        before = len(self.alerts("microsleep")), len(self.alerts("microsleep", "end"))
        self.camera.asleep, start_s = True, time.monotonic()

        def arrived() -> bool:
            return len(self.alerts("microsleep")) > before[0]

        until(lambda: arrived() or time.monotonic() - start_s > SLEEP_S, within_s)
        self.camera.asleep = False
        until(arrived, within_s)
        self.note(f"{trouble}: he falls asleep", "the alert microsleep", start_s, alert=True)
        until(lambda: len(self.alerts("microsleep", "end")) > before[1], within_s)
        until(lambda: self.state()["level"] not in (None, "critical"), max(30.0, 2 * within_s))
        return self.alerts("microsleep")[-1]

    def told(self, done: str, told: Callable[[], str | None], since_s: float, within_s: float = TOLD_S) -> None:
        """Wait until something is told, and write it down."""
        until(lambda: bool(told()), within_s)
        self.note(done, told() or "", since_s)

    def cannot_see(self, trouble: Trouble, why: str) -> None:
        """The camera is tampered with: that he cannot be seen is told in time, and soon `why`; then all is well."""
        before = len(self.alerts("microsleep"))
        self.camera.trouble, start_s = trouble, time.monotonic()
        until(lambda: self.state()["level"] is None, TOLD_S)
        self.note(f"camera: {trouble}", f"the level is unknown: {self.state()['unknown']}", start_s)
        self.told(f"camera: {trouble}", lambda: _with(why, self.state()["troubles"].get("camera", "")), start_s)
        assert len(self.alerts("microsleep")) == before, "nobody is said to sleep who is awake"
        self.camera.trouble = ""
        until(lambda: self.state()["level"] == "none" and self.state()["inputs"]["camera"] == "ok", 40)


def _with(words: str, found: str) -> str | None:
    return found if words in found else None


@contextmanager
def night(
    folder: Path, bundle: Path, before: str = "", drives: bool = False, broker: RawBroker | None = None, **config: Any
) -> Iterator[Night]:
    """A box whose driver has been watched until his eyes are known; it `drives` where it hears its speed.

    Its broker is Mosquitto, or one that misbehaves.
    """
    port = broker.port if broker else free_port()
    with ExitStack() as stack:
        if broker is None:
            stack.enter_context(mosquitto(folder, port))
        if drives:
            stack.enter_context(bus(port))
            config["arming"] = {"source": "mqtt", "topic": SPEED}
        heard = Taken(broker) if broker else stack.enter_context(Subscriber(port))
        camera = stack.enter_context(ActedCamera(Bundle(bundle)))
        whole = {
            "purpose": "driver-safety",
            "camera": {"uri": camera.uri},
            "microphone": {"device": None},
            "speech": {"transcribe": False},
            "mqtt": {"host": "127.0.0.1", "port": port, "home_assistant": broker is not None},
            **config,
        }
        process = stack.enter_context(box(folder, bundle, whole, before))
        watched = Night(folder, heard, camera, process)
        until(lambda: process.poll() is not None or watched.state().get("level") == "none", 60)
        time.sleep(5.0)  # the open eye is known better by then
        yield watched
        watched.ends()


class Taken:
    """What a broker that misbehaves has taken."""

    def __init__(self, broker: RawBroker) -> None:
        self._broker = broker

    def on(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(payload) for payload in self._broker.taken(f"/{name}")]


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
