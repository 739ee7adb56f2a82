"""Real parts for the tests of delivery: a subscriber, a Mosquitto, a configured box."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.config import Config
from edge.messages import Alert, Level

START_WALL_S = 1_700_000_000.0
_MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(_MOSQUITTO is None, reason="Mosquitto is not installed: apt install mosquitto")


def box(port: int, purpose: str = "driver-safety", **mqtt: Any) -> Config:
    section = {"host": "127.0.0.1", "port": port, **mqtt}
    return Config.model_validate({"purpose": purpose, "box": {"site": "depot", "id": "bus-1"}, "mqtt": section})


def alert(number: int, type_: Any = "new") -> Alert:
    evidence = {"closure_ms": 1600, "valid_ratio": 0.93}
    return Alert(float(number), f"alert-{number:04d}", type_, "microsleep", Level.CRITICAL, number - 1.6, 1.6, evidence)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)


@dataclass(frozen=True)
class Arrival:
    path: str
    payload: dict[str, Any]
    retained: bool
    properties: dict[str, Any]


class Subscriber:
    """Hears what boxes say under `emvas/`, and `homeassistant/`; comes back by itself after a broker's restart."""

    def __init__(self, port: int, version: int = paho.MQTTv311, client_id: str = "", **login: str) -> None:
        """A `client_id` makes the broker keep what comes while the subscriber is away (3.1.1)."""
        self.arrivals: list[Arrival] = []
        self.ready = threading.Event()
        session = {"clean_session": False} if client_id else {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=version, **session)
        if login:
            self._client.username_pw_set(login["username"], login["password"])
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe([("emvas/#", 1), ("homeassistant/#", 1)])
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.on_message = self._take
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def __enter__(self) -> Subscriber:
        assert self.ready.wait(10), "no broker for the test's subscriber"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if "/request/" in message.topic or message.topic == "homeassistant/status":
            return
        properties = vars(message.properties) if message.properties else {}
        self.arrivals.append(Arrival(message.topic, json.loads(message.payload or b"null"), message.retain, properties))

    def on(self, name: str) -> list[dict[str, Any]]:
        return [arrival.payload for arrival in self.arrivals if arrival.path.endswith(f"/{name}")]

    def alert_ids(self) -> list[str]:
        """In order of first arrival: what a consumer has after it ignored repeated (id, type)."""
        return list(dict.fromkeys(payload["id"] for payload in self.on("alert")))


def free_port() -> int:
    """A port below those that the kernel gives to outgoing connections: it is still free when it is used again."""
    for port in random.sample(range(10_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("100 ports are taken")


@contextlib.contextmanager
def mosquitto(folder: Path, port: int, settings: str = "allow_anonymous true\n") -> Iterator[subprocess.Popen[bytes]]:
    """A real Mosquitto on `port` for as long as the block; it may be killed inside."""
    assert _MOSQUITTO is not None
    conf = folder / f"mosquitto-{port}.conf"
    conf.write_text(f"user root\nlistener {port} 127.0.0.1\n{settings}")
    process = subprocess.Popen([_MOSQUITTO, "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port) or process.poll() is not None)
        assert process.poll() is None, f"mosquitto ended at once with {conf}"
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
