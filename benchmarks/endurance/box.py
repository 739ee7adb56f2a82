"""The box under test: `emvas run` as a process, and the messages that it publishes."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from edge.config.delivery import MqttConfig
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Received

_EMVAS = (sys.executable, "-c", "from edge.cli.main import main; main()")
_STOP_S = 30.0


def configuration(camera_uri: str, fps: float, port: int) -> dict[str, Any]:
    """Everything switched on: eyes, ears, words, mood, alerts, summaries."""
    return {
        "purpose": "research",
        "consent": "recorded",
        "box": {"site": "bench", "id": "soak"},
        "camera": {"uri": camera_uri, "fps": fps},
        "microphone": {"device": "camera"},
        "summary": {"every_s": 60},
        "mqtt": {"host": "127.0.0.1", "port": port},
    }


class Box:
    """Runs from `with` to its end."""

    def __init__(self, config: dict[str, Any], bundle: Path, folder: Path, state: Path, extra: dict[str, str]) -> None:
        """`folder` gets its configuration and log, `state` its databases; `extra` is added to its environment."""
        path = folder / "box.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        self._command = (*_EMVAS, "run", "--config", str(path), "--bundle", str(bundle), "--state", str(state))
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **extra}
        self.log = folder / "box.log"

    def __enter__(self) -> Box:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def stop(self) -> tuple[float, int | None]:
        """SIGTERM: seconds until it ended, and its exit code (None: it did not end)."""
        asked_s = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code: int | None = self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            code = None
        return time.monotonic() - asked_s, code


class Ear:
    """A subscriber of everything the box says."""

    def __init__(self, port: int) -> None:
        self.waiting: dict[str, int] = {}
        """Items in each of the box's queues, at its last word about its health."""
        self.readings: dict[str, Any] = {}
        self.heard: Counter[str] = Counter()
        """Messages by topic, alerts by kind and step."""
        self._link = MqttClient(MqttConfig(host="127.0.0.1", port=port), client_id="", subscribe=["emvas/#"])

    def __enter__(self) -> Ear:
        self._link.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._link.stop()

    def listen(self) -> None:
        """Take in what has come."""
        while True:
            try:
                event = self._link.events.get_nowait()
            except queue.Empty:
                return
            if isinstance(event, Received):
                self._take(event.path.rpartition("/")[2], json.loads(event.payload))

    def _take(self, topic: str, payload: dict[str, Any]) -> None:
        self.heard[topic] += 1
        if topic == "alert":
            self.heard[f"{payload['kind']} {payload['type']}"] += 1
        elif topic == "health":
            self.readings = payload.get("readings", {})
            self.waiting = {**self.readings.get("waiting", {}), "outbox": payload["outbox"]["rows"]}
