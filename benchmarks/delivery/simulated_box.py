"""One simulated box: real payloads on real paho connections, with invented content."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from edge.config import Config
from edge.config.delivery import SummaryConfig
from edge.messages import Alert, Fatigue, Level, Summary
from edge.publish import payloads, publications
from edge.publish.mqtt.client import back_off_s
from edge.publish.mqtt.connection import publish_properties
from edge.publish.mqtt.packets import Publication
from edge.publish.reports import HEALTH_EVERY_S, REFRESH_S, StateTracker
from edge.publish.topics import TOPICS, path_of
from edge.runtime.metrics import RunCounters, StageTime
from edge.status import SystemStatus

ALERT_STEP_S = 72.0
"""50 steps of alerts an hour: the busy bus that the outbox was made for."""
EVERY_S = {"health": HEALTH_EVERY_S, "state": REFRESH_S, "summary": SummaryConfig().every_s, "alert": ALERT_STEP_S}
"""How often a box says what."""
_STAGES = ("vision", "speech", "judgement", "asr", "text", "prosody")
_KEEPALIVE_S = 30
_CLOCK: payloads.ClockState = "synced"

SocketNews: TypeAlias = Callable[["SimulatedBox", Any], None]


class SimulatedBox:
    """Driven from one loop: `handle` when its socket is ready, `publish` when something is due; it has no thread."""

    def __init__(self, number: int, port: int, opened: SocketNews, closed: SocketNews) -> None:
        """`opened` and `closed` are told of the socket to wait on, before it is used and before it goes."""
        site = f"depot-{number % 10}"
        box = {"site": site, "id": f"bus-{number:04d}"}
        mqtt = {"host": "127.0.0.1", "port": port}
        self.config = Config.model_validate({"purpose": "driver-safety", "box": box, "mqtt": mqtt})
        self.accepted_s: float | None = None
        """Monotonic time at which the broker accepted the connection that stands; None without one."""
        self.attempts = 0
        self.unacknowledged: dict[int, dict[str, Any]] = {}
        """Alerts and summaries that the broker has not taken, by their number: sent anew at each connection."""
        self.raised = 0
        self._origin = publications.RunOrigin(f"{box['id']}-0", time.time())
        self._start_s = time.monotonic()
        self._state = StateTracker(self._origin)
        self._failures = 0
        self._packets: dict[int, int] = {}
        self._client: paho.Client | None = None
        self._opened, self._closed = opened, closed

    def connect(self) -> bool:
        """Begin a connection, as `edge.publish.mqtt.connection` does; whether the broker's port answered."""
        mqtt = self.config.mqtt
        assert mqtt is not None
        self.attempts += 1
        client_id = f"{mqtt.base}-{self.config.box.site}-{self.config.box.id}"
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5,
                             reconnect_on_failure=False)  # fmt: skip
        client.on_connect, client.on_publish = self._connected, self._acknowledged
        client.on_socket_open = lambda _client, _data, socket: self._opened(self, socket)
        client.on_socket_close = lambda _client, _data, socket: self._lost(socket)
        will = self._publication(
            "status", publications.encoded(publications.status("offline", self._origin.boot, self.attempts, "1"))
        )
        properties = publish_properties(will, PacketTypes.WILLMESSAGE)
        client.will_set(will.path, will.payload, will.qos, will.retained, properties)
        self._client = client
        try:
            client.connect(mqtt.host, mqtt.port, _KEEPALIVE_S)
        except OSError:
            self._client = None
            return False
        return True

    def handle(self) -> None:
        """Take what has come and send what waits."""
        client = self._client
        if client is not None and client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            client.loop_misc()
            if client.want_write():
                client.loop_write()

    def wait_s(self, connected: bool) -> float:
        """The house's own wait before the next attempt: after a lost connection, or after one that never came."""
        self._failures = 0 if connected else self._failures + 1
        return back_off_s(self._failures)

    def publish(self, name: str) -> bool:
        """Say what is due on `name`; an alert or summary counts until the broker has it, others need a connection."""
        t_s = time.monotonic() - self._start_s
        if name == "alert":
            step = Alert(t_s, f"{self._origin.boot}-{self.raised}", "new", "drowsiness", Level.WARNING, t_s, 0.0, _WHY)
            self._put(publications.alert(step, self._origin), name)
        elif name == "summary":
            perclos = random.betavariate(2, 20)
            period = Summary(t_s, max(0.0, t_s - 300), t_s, {}, None, perclos, {"drowsiness": 4}, 0.93)
            self._put(publications.summary(period, self._origin), name)
        elif self.accepted_s is None:
            return False
        elif name == "state":
            self._send(name, publications.encoded(self._said(t_s)))
        else:
            self._send(name, publications.encoded(self._health()))
        return True

    def _lost(self, socket: Any) -> None:
        self._client, self.accepted_s = None, None
        self._closed(self, socket)

    def _put(self, body: payloads.Payload, name: str) -> None:
        self.raised += 1
        stored = {"name": name, **json.loads(publications.encoded(body))}
        self.unacknowledged[self.raised] = stored
        if self.accepted_s is not None:
            self._post(self.raised, stored)

    def _post(self, seq: int, stored: dict[str, Any]) -> None:
        body = {key: value for key, value in stored.items() if key != "name"}
        packet = self._send(stored["name"], publications.delivered(body, seq, historical=False))
        self._packets[packet] = seq

    def _send(self, name: str, payload: str) -> int:
        publication = self._publication(name, payload)
        properties = publish_properties(publication, PacketTypes.PUBLISH)
        if self._client is None:  # lost while several were being sent
            return 0
        info = self._client.publish(publication.path, payload, publication.qos, publication.retained, properties)
        return info.mid

    def _publication(self, name: str, payload: str) -> Publication:
        topic, mqtt = TOPICS[name], self.config.mqtt
        assert mqtt is not None
        path = path_of(name, mqtt.base, self.config.box)
        return Publication(
            path, payload, topic.qos, topic.retained, topic.expiry_s, (("schema", str(payloads.SCHEMA)),)
        )

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            return
        self.accepted_s, self._failures = time.monotonic(), 0
        self._packets.clear()
        origin = self._origin
        self._send("status", publications.encoded(publications.status("online", origin.boot, self.attempts, "1")))
        self._send("info", publications.encoded(publications.info(self.config, origin.boot, "1", _ABOUT)))
        self._send("state", publications.encoded(self._said(time.monotonic() - self._start_s)))
        for seq, stored in list(self.unacknowledged.items()):
            self._post(seq, stored)

    def _acknowledged(self, _client: Any, _data: Any, packet: int, reason: Any, _properties: Any) -> None:
        seq = self._packets.pop(packet, None)
        if seq is not None and not reason.is_failure:
            self.unacknowledged.pop(seq, None)

    def _said(self, t_s: float) -> payloads.StatePayload:
        fatigue = Fatigue(t_s, 1, Level.NONE, random.betavariate(2, 20), 0.05, 0.95, ())
        state = self._state.observe(fatigue, _CLOCK) or self._state.latest
        assert state is not None
        return state

    def _health(self) -> payloads.HealthPayload:
        stages = {name: StageTime(1000, 21_000.0, 43.0) for name in _STAGES}
        health = RunCounters(frames=54_000, sound_s=1800.0, waiting={"sound": 0, "results": 1}, stages=stages)
        return payloads.HealthPayload(
            boot=self._origin.boot,
            time=publications.iso_utc(time.time()),
            clock=_CLOCK,
            outbox=payloads.OutboxFigures(rows=len(self.unacknowledged), bytes=0, evicted={}),
            mqtt=payloads.ConnectionFigures(connection=self.attempts, protocol="MQTT 5"),
            commands=payloads.CommandFigures(done=0, refused=0, ignored=0),
            readings=health.readings(SystemStatus()),
        )


_WHY = {"track": 1, "causes": ["perclos_warning"], "perclos_60": 0.17, "perclos_180": 0.12, "valid_ratio": 0.94}
_ABOUT = {"bundle": "emvas-default 0.1.0", "provider": "cpu", "models": {"face_mesh": "fp32", "vad": "fp32"}}
