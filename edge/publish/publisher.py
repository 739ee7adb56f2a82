"""The publisher: messages in, MQTT out. Nothing that calls it ever waits for the network."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.config import Config
from edge.messages import Alert, Fatigue, Group, Message, Source, Summary
from edge.publish import builders, home_assistant, payloads
from edge.publish.builders import PublicationBuilder
from edge.publish.commands.idempotency_log import IdempotencyLog
from edge.publish.commands.receiver import CommandReceiver, Executor
from edge.publish.health_report import HealthReport, Presence
from edge.publish.mqtt import connection_errors
from edge.publish.mqtt.client import GuardedThread, MqttClient
from edge.publish.mqtt.events import Acknowledged, Connected, Disconnected, Event, Publication, Received, Subscription
from edge.publish.mqtt.flow_control import WINDOW, FlowControl, InFlight
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.retained import RetainedMessages
from edge.publish.outbox.sender import Sender
from edge.publish.state_report import StateTracker
from edge.publish.topics import TOPICS, address_of
from edge.run_registry import Start
from edge.status import SystemStatus

_log = logging.getLogger(__name__)

ORDERS_FILE = "orders.db"
"""Stands beside the outbox."""
_TURN_S = 1.0
_FLUSH_S = 3.0
"""How long `stop` gives the outbox to empty itself into a broker that is there."""
_MOST_PASSING = 64


class Publisher:
    """A sink for the messages that a purpose permits; `write`, `describe` and `measure` from any thread.

    Alerts and summaries go through the outbox, retained topics through `RetainedMessages`, commands through the
    `CommandReceiver`.
    """

    def __init__(self, config: Config, outbox_path: Path, start: Start, status: SystemStatus | None = None) -> None:
        """`config` must have a section `mqtt`; `start` is when the run began.

        `status` knows what is lost; by default what `write` is told of it.
        """
        if config.mqtt is None:
            raise ValueError("the configuration has no section `mqtt`: there is no broker to publish to")
        self._config, self._mqtt = config, config.mqtt
        self._origin = builders.RunOrigin(start.name, start.wall_s, start.clock)
        self._software = version("emvas-edge")
        self._composer = PublicationBuilder(self._mqtt.base, config.box, self._origin, self._software)
        self._state = StateTracker(self._origin, status)
        self._outbox = Outbox(outbox_path)
        last = frozenset({self._composer.path("summary")})
        self._sender = Sender(self._outbox, start, last=last)
        self._answered = IdempotencyLog(outbox_path.with_name(ORDERS_FILE))
        allow = config.commands.allow
        self._desk = CommandReceiver(self._mqtt.base, config.box, start.name, allow, self._wake, self._answered)
        self._vitals = HealthReport(start.name, self._outbox, self._desk)
        client_id = f"{self._mqtt.base}-{config.box.site}-{config.box.id}"
        self._link = MqttClient(self._mqtt, client_id, partial(self._composer.status, "offline"))
        self._lock = threading.Lock()
        self._retained = RetainedMessages()
        self._listen()
        self._outboxed = {self._composer.path(name) for name in ("alert", "summary")}
        self._line = FlowControl(self._link, InFlight(self._outboxed), self._mqtt)
        self._presence = Presence(start.name, partial(self._composer.status, "online"))
        self._passing: deque[Publication] = deque(maxlen=_MOST_PASSING)
        self._connected: Connected | None = None
        self._said_connected = self._broker_gone = False
        self._renew_due_s: float | None = None
        self._stop_by_s: float | None = None
        self._thread = GuardedThread(self._run, "publisher")
        self.describe({})
        self.turn(0.0)  # unknown; not what the run before said

    def start(self) -> None:
        """Begin to connect and to send; returns at once."""
        self._link.start()
        self._thread.start()

    def write(self, message: Message) -> None:
        """Take one message; an alert or a summary is on disk when this returns. Some kinds have no topic."""
        if isinstance(message, Alert):
            self._post("alert", builders.alert(message, self._origin, self._origin.clock))
        elif isinstance(message, Summary):
            self._post("summary", builders.summary(message, self._origin, self._origin.clock))
        elif isinstance(message, Group):
            body = builders.group(message, self._origin, self._origin.clock)
            self._passing.append(self._composer.publication("group", body))
            self._wake()
        elif isinstance(message, Fatigue | Source):
            with self._lock:
                self._keep_state(self._state.observe(message, self._origin.clock))

    def turn(self, t_s: float) -> None:
        """Let time pass; to be called about once a second: `state` is said again though no message comes."""
        with self._lock:
            self._keep_state(self._state.turn(t_s, self._origin.clock))

    def describe(self, info: Mapping[str, Any]) -> None:
        """Say what the box runs (bundle, models, providers): retained on `info` with version, purpose and config."""
        body = builders.info(self._config, self._origin.boot, self._software, info)
        self._retained.keep("info", self._composer.publication("info", body))
        if self._mqtt.home_assistant:
            self._retained.keep("home assistant", home_assistant.device(self._mqtt, self._config, self._software))
        self._wake()

    def take_commands(self, execute: Executor) -> None:
        """From now on orders over MQTT are carried out by `execute`."""
        self._desk.execute = execute

    def ordered(self, t_s: float, snoozed_s: Mapping[str, float], sensitivity: Mapping[str, float]) -> None:
        """Say on `state` which kinds of alert are silent until when, and which settings a command has moved."""
        with self._lock:
            self._keep_state(self._state.ordered(t_s, self._origin.clock, snoozed_s, sensitivity))

    def report(self, so_far: Summary) -> payloads.ReportPayload:
        """How things are now; `so_far` is what the purpose permits of the period that goes on."""
        with self._lock:
            state = self._state.latest
        period = builders.summary(so_far, self._origin, self._origin.clock)
        return payloads.ReportPayload(state=state, health=self.health(), summary=period)

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures); they go out with the next `health`."""
        self._vitals.measure(readings)

    def health(self) -> payloads.HealthPayload:
        """How the box is now, as it is published."""
        return self._vitals.health(self._connected)

    @property
    def broken(self) -> str | None:
        """What ended the delivery though nobody asked it to; only a new start of the process mends that."""
        return self._thread.broken or self._link.broken

    def stop(self, failure: str | None = None) -> None:
        """Send what can be sent in a few seconds, say `stopped` and close; the rest waits for the next start.

        A box that ends though nobody asked it to says `failed` instead, and why: its `failure`.
        """
        self._stop_by_s = time.monotonic() + _FLUSH_S
        self._wake()
        self._thread.join(2 * _FLUSH_S)
        if self._connected:
            self._link.publish(self._composer.goodbye(self._connected.connection, failure))
        self._link.stop()
        self._outbox.close()
        self._answered.close()

    def news(self, t_s: float) -> list[Source]:
        """What there is to tell about the files and the broker's refusals since the last call, stamped with `t_s`."""
        return self._outbox.news(t_s) + self._sender.news(t_s) + self._answered.news(t_s)

    def _listen(self) -> None:
        """What the box hears: its own `status`, orders, where it takes any, and the start of Home Assistant."""
        self._retained.keep("own status", Subscription(self._composer.path("status")))
        if self._config.commands.allow:
            self._retained.keep("orders", Subscription(self._composer.path("request")))
        if self._mqtt.home_assistant:
            birth = home_assistant.birth_topic(self._mqtt.discovery_prefix)
            self._retained.keep("home assistant starts", Subscription(birth))

    def _wake(self) -> None:
        self._link.events.put(None)

    def _post(self, name: str, body: payloads.Payload) -> None:
        path, boot = self._composer.path(name), self._origin.boot
        self._outbox.put(name, TOPICS[name].rank, path, body.encoded(), boot, time.monotonic())
        self._wake()

    def _keep_state(self, state: payloads.StatePayload | None) -> None:
        if state is not None:
            self._retained.keep("state", self._composer.publication("state", state))
            self._wake()

    def _run(self) -> None:
        while not self._finished():
            self._take_events()
            try:
                self._outbox.mend()
                self._send()
            except sqlite3.Error as error:  # the outbox cannot be read now; a delivery thread must not end on that
                _log.error("the outbox cannot be read (%s); trying again", error)
                time.sleep(_TURN_S)

    def _send(self) -> None:
        connected = self._link.connected and self._connected is not None
        if connected:
            self._sender.settle(at_once=self._stop_by_s is not None)
        else:  # what it acknowledged in its last second may be lost with it
            self._sender.restart()
        if (start_wall_s := self._sender.correction()) is not None:
            self._origin.set_right(start_wall_s)
        self._passing.extend(self._desk.answers())
        if not connected:
            self._passing.clear()
            return
        now_s = time.monotonic()
        self._send_waiting()
        if self._renew_due_s is not None and now_s >= self._renew_due_s:
            self._renew_due_s = None
            self._retained.renew()
        if (online := self._presence.due(now_s)) is not None:
            self._retained.keep("status", online)
        self._retained.send(self._line.offer, now_s)
        while self._passing and self._line.offer(self._passing[0]):
            self._passing.popleft()
        if self._vitals.due(now_s) and self._line.offer(self._composer.publication("health", self.health())):
            self._vitals.sent(now_s)

    def _finished(self) -> bool:
        if self._stop_by_s is None:
            return False
        return self._outbox.rows == 0 or self._broker_gone or time.monotonic() >= self._stop_by_s

    def _take_events(self) -> None:
        """Wait a turn for something to happen, then take in all that has happened."""
        try:
            event = self._link.events.get(timeout=_TURN_S)
            while True:
                if event is not None:
                    self._take(event)
                event = self._link.events.get_nowait()
        except queue.Empty:
            return

    def _take(self, event: Event) -> None:
        if isinstance(event, Acknowledged):
            self._take_acknowledgement(event)
        elif isinstance(event, Connected):
            self._take_connection(event)
        elif isinstance(event, Received):
            self._take_message(event)
        elif isinstance(event, Disconnected):
            self._broker_gone, self._said_connected = True, False
            _log.warning("%s Alerts wait in the outbox; trying again.", event.sentence)

    def _take_connection(self, event: Connected) -> None:
        if not self._said_connected:  # once, though connections that die at once come again and again
            _log.info("connected to %s:%d with %s", self._mqtt.host, self._mqtt.port, event.protocol)
        self._connected, self._said_connected, self._broker_gone = event, True, False
        blamed = self._line.begin(event)
        if blamed and blamed.topic not in self._outboxed:
            _log.warning("%s", connection_errors.of_hanging_up(blamed.topic, self._mqtt))
        elif blamed and self._sender.blamed(blamed):
            self._line.widen(blamed)
        self._sender.restart()
        self._retained.renew()
        self._vitals.renew()
        self._presence.begin(event.connection, time.monotonic())

    def _take_acknowledgement(self, event: Acknowledged) -> None:
        self._sender.acknowledged(event)
        refused = self._retained.acknowledged(event, time.monotonic())
        freed = self._line.acknowledged(event.token)
        if freed in self._outboxed:
            self._sender.freed(freed)
        if refused is not None and event.refusal is not None:
            of = (
                connection_errors.of_publication
                if isinstance(refused, Publication)
                else connection_errors.of_subscription
            )
            _log.warning("%s", of(refused.path, event.refusal, self._mqtt))

    def _take_message(self, event: Received) -> None:
        now_s = time.monotonic()
        if home_assistant.has_started(event, self._mqtt.discovery_prefix):
            self._renew_due_s = now_s + home_assistant.renewal_delay_s()
        address = address_of(event.path, self._mqtt.base)
        if address is not None and address.name == "request":
            self._desk.take(event, address, now_s)
        elif event.path == self._composer.path("status"):
            self._presence.heard(event.payload, now_s)
            if self._presence.is_shared:
                _log.error("%s", connection_errors.of_twin(event.path, self._mqtt))

    def _send_waiting(self) -> None:
        """Send what the outbox has, up to half a window while there is something else to say."""
        most = WINDOW // 2 if self._retained.waits else WINDOW
        for entry, publication in self._sender.room(self._line.held(), self._line.doubted, most):
            if not self._line.fits(publication):
                self._sender.skip(entry)
                continue
            token = self._line.offer(publication, entry.name_on_its_way)
            if token is None:
                return
            self._sender.sent(entry, token)
