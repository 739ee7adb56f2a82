"""The publisher: messages in, MQTT out. Nothing that calls it ever waits for the network."""

from __future__ import annotations

import hashlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from edge.config import Config
from edge.messages import Alert, Fatigue, Message, Source, Summary
from edge.publish import home_assistant, payloads
from edge.publish.client import Link
from edge.publish.clock import clock_state
from edge.publish.events import Acknowledged, Connected, Publication, Trouble
from edge.publish.outbox import Outbox
from edge.publish.sender import Sender
from edge.publish.state import StateTracker
from edge.publish.topics import TOPICS, path_of

_log = logging.getLogger(__name__)

_HEALTH_EVERY_S = 30.0
_TURN_S = 1.0
_FLUSH_S = 3.0
"""How long `stop` gives the outbox to empty itself into a broker that is there."""


class Publisher:
    """A sink for the messages that a purpose permits; `write`, `describe` and `measure` from any thread.

    Alerts and summaries go through the outbox. Retained topics are kept in memory and sent anew at each connection,
    because a broker may have forgotten them (by default Mosquitto keeps nothing on disk).
    """

    def __init__(self, config: Config, outbox_path: Path, session: str, start_wall_s: float) -> None:
        """`config` must have a section `mqtt`; `start_wall_s` is the wall clock (Unix) at `t_s` 0.

        Raises:
            DatabaseUnusableError: the outbox cannot be opened.
        """
        if config.mqtt is None:
            raise ValueError("the configuration has no section `mqtt`: there is no broker to publish to")
        self._config, self._mqtt = config, config.mqtt
        self._origin = payloads.Origin(session, start_wall_s)
        self._software = version("emvas-edge")
        self._state = StateTracker(self._origin)
        self._outbox = Outbox(outbox_path)
        self._sender = Sender(self._outbox, session)
        client_id = f"{self._mqtt.base}-{config.box.site}-{config.box.id}"
        self._link = Link(self._mqtt, client_id, will=lambda number: self._status("offline", number))
        self._lock = threading.Lock()
        self._latest: dict[str, Publication] = {}
        self._unsent: set[str] = set()
        self._readings: dict[str, Any] = {}
        self._connected: Connected | None = None
        self._broker_gone = False
        self._health_due_s = 0.0
        self._stop_by_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self.describe({})

    def start(self) -> None:
        """Begin to connect and to send; returns at once."""
        self._link.start()
        self._thread.start()

    def write(self, message: Message) -> None:
        """Take one message; an alert or a summary is on disk when this returns. Other kinds have no topic."""
        if isinstance(message, Alert):
            self._post("alert", payloads.alert(message, self._origin, clock_state()))
        elif isinstance(message, Summary):
            self._post("summary", payloads.summary(message, self._origin, clock_state()))
        elif isinstance(message, Fatigue | Source):
            with self._lock:
                state = self._state.observe(message)
                if state is not None:
                    self._keep("state", self._publication("state", {**state, "clock": clock_state()}))

    def describe(self, info: Mapping[str, Any]) -> None:
        """Say what the box runs (bundle, models, providers): retained on `info` with version, purpose and config."""
        digest = hashlib.sha256(self._config.model_dump_json().encode()).hexdigest()
        head = {
            "schema": payloads.SCHEMA,
            "boot": self._origin.boot,
            "sw": self._software,
            "purpose": self._config.purpose.value,
            "config": f"sha256:{digest}",
        }
        with self._lock:
            self._keep("info", self._publication("info", head | dict(info)))
            if self._mqtt.home_assistant:
                device = home_assistant.device(self._mqtt.base, self._config.box, self._software)
                self._keep("home assistant", device)

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures); they go out with the next `health`."""
        with self._lock:
            self._readings = dict(readings)

    def stop(self) -> None:
        """Send what can be sent in a few seconds, say `stopped` and close; the rest waits for the next start."""
        self._stop_by_s = time.monotonic() + _FLUSH_S
        self._link.events.put(None)
        self._thread.join(2 * _FLUSH_S)
        self._link.stop()
        self._outbox.close()

    def _post(self, name: str, payload: Mapping[str, Any]) -> None:
        path = path_of(name, self._mqtt.base, self._config.box)
        text = payloads.encode(payload)
        self._outbox.put(name, TOPICS[name].rank, path, text, self._origin.boot, time.monotonic())
        self._link.events.put(None)

    def _keep(self, name: str, publication: Publication) -> None:
        self._latest[name] = publication
        self._unsent.add(name)
        self._link.events.put(None)

    def _publication(self, name: str, payload: Mapping[str, Any]) -> Publication:
        topic = TOPICS[name]
        path = path_of(name, self._mqtt.base, self._config.box)
        schema = (("schema", str(payloads.SCHEMA)),)
        return Publication(path, payloads.encode(payload), topic.qos, topic.retained, topic.expiry_s, schema)

    def _status(self, state: Literal["online", "offline", "stopped"], connection: int) -> Publication:
        return self._publication("status", payloads.status(state, self._origin.boot, connection, self._software))

    def _run(self) -> None:
        while not self._finished():
            self._take_events()
            try:
                self._send()
            except sqlite3.Error as error:  # the outbox cannot be read now; a delivery thread must not end on that
                _log.error("the outbox cannot be read (%s); trying again", error)
                time.sleep(_TURN_S)
        if self._connected:
            self._link.publish(self._status("stopped", self._connected.connection))

    def _send(self) -> None:
        self._sender.settle()
        if self._link.connected and self._connected:
            self._send_latest()
            self._send_waiting()
            self._send_health()

    def _finished(self) -> bool:
        if self._stop_by_s is None:
            return False
        return self._outbox.rows == 0 or self._broker_gone or time.monotonic() >= self._stop_by_s

    def _take_events(self) -> None:
        """Wait a turn for something to happen, then take in all that has happened."""
        try:
            event = self._link.events.get(timeout=_TURN_S)
            while True:
                if isinstance(event, Acknowledged):
                    self._sender.acknowledged(event)
                elif isinstance(event, Connected):
                    self._take_connection(event)
                elif isinstance(event, Trouble):
                    self._broker_gone = True
                    _log.warning("%s Alerts wait in the outbox; trying again.", event.sentence)
                event = self._link.events.get_nowait()
        except queue.Empty:
            return

    def _take_connection(self, event: Connected) -> None:
        _log.info("connected to %s:%d with %s", self._mqtt.host, self._mqtt.port, event.protocol)
        self._connected, self._broker_gone = event, False
        self._sender.restart()
        with self._lock:
            self._unsent = set(self._latest)
        self._link.publish(self._status("online", event.connection))

    def _send_latest(self) -> None:
        with self._lock:
            for name in sorted(self._unsent):
                if self._link.publish(self._latest[name]) is None:
                    return
                self._unsent.remove(name)

    def _send_waiting(self) -> None:
        for entry, publication in self._sender.room():
            token = self._link.publish(publication)
            if token is None:
                return
            self._sender.sent(entry, token)

    def _send_health(self) -> None:
        if time.monotonic() < self._health_due_s:
            return
        self._health_due_s = time.monotonic() + _HEALTH_EVERY_S
        assert self._connected is not None
        with self._lock:
            readings = dict(self._readings)
        outbox = {"rows": self._outbox.rows, "bytes": self._outbox.bytes, "evicted": self._outbox.evicted}
        head = {"schema": payloads.SCHEMA, "boot": self._origin.boot, "time": payloads.iso_utc(time.time())}
        mqtt = {"connection": self._connected.connection, "protocol": self._connected.protocol}
        body = {"clock": clock_state(), "outbox": outbox, "mqtt": mqtt, "readings": readings}
        self._link.publish(self._publication("health", head | body))
