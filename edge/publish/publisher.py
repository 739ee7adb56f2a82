"""The publisher: messages in, MQTT out. Its callers never wait for the network."""

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
"""In the folder of the outbox."""
_TURN_S = 1.0
_FLUSH_S = 3.0
"""How long `stop` waits for the outbox to be sent to a connected broker."""
_MOST_PASSING = 64


class Publisher:
    """A sink for permitted messages; `write`, `describe` and `measure` from any thread.

    Alerts and summaries go through the outbox, retained topics through `RetainedMessages`, commands through the
    `CommandReceiver`.
    """

    def __init__(self, config: Config, outbox_path: Path, start: Start, status: SystemStatus | None = None) -> None:
        """`config` must have a section `mqtt`; `start` is when the run began.

        `status` knows the lost components; by default from the messages given to `write`.
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
        self.turn(0.0)  # publishes an unknown level in place of the last run's

    def start(self) -> None:
        """Start to connect and to send; returns at once."""
        self._link.start()
        self._thread.start()

    def write(self, message: Message) -> None:
        """Take one message; alerts and summaries are on disk when this returns. Some kinds have no topic."""
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
        """Let time pass; called about once a second, so that `state` is published even without messages."""
        with self._lock:
            self._keep_state(self._state.turn(t_s, self._origin.clock))

    def describe(self, info: Mapping[str, Any]) -> None:
        """Publish what the box runs (bundle, models, providers) on `info`, with version, purpose and configuration."""
        body = builders.info(self._config, self._origin.boot, self._software, info)
        self._retained.keep("info", self._composer.publication("info", body))
        if self._mqtt.home_assistant:
            self._retained.keep("home assistant", home_assistant.device(self._mqtt, self._config, self._software))
        self._wake()

    def take_commands(self, execute: Executor) -> None:
        """Execute commands over MQTT by `execute` from now on."""
        self._desk.execute = execute

    def ordered(self, t_s: float, snoozed_s: Mapping[str, float], sensitivity: Mapping[str, float]) -> None:
        """Publish on `state` which kinds of alert are snoozed, and which settings a command has changed."""
        with self._lock:
            self._keep_state(self._state.ordered(t_s, self._origin.clock, snoozed_s, sensitivity))

    def report(self, so_far: Summary) -> payloads.ReportPayload:
        """The current report; `so_far` is the permitted summary of the current period."""
        with self._lock:
            state = self._state.latest
        period = builders.summary(so_far, self._origin, self._origin.clock)
        return payloads.ReportPayload(state=state, health=self.health(), summary=period)

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures) for the next `health`."""
        self._vitals.measure(readings)

    def health(self) -> payloads.HealthPayload:
        """The current `health`."""
        return self._vitals.health(self._connected)

    @property
    def broken(self) -> str | None:
        """The error that ended publishing; only a restart of the process corrects it."""
        return self._thread.broken or self._link.broken

    def stop(self, failure: str | None = None) -> None:
        """Send for a few seconds, publish `stopped` and close; the remaining rows wait for the next start.

        With `failure`, publish `failed` and this reason instead.
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
        """Reports about the files and refused messages since the last call, with timestamp `t_s`."""
        return self._outbox.news(t_s) + self._sender.news(t_s) + self._answered.news(t_s)

    def _listen(self) -> None:
        """Subscribe to this box's `status`, to commands if any is allowed, and to the start of Home Assistant."""
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
            except sqlite3.Error as error:  # the outbox cannot be read now; this thread must not end
                _log.error("the outbox cannot be read (%s); trying again", error)
                time.sleep(_TURN_S)

    def _send(self) -> None:
        connected = self._link.connected and self._connected is not None
        if connected:
            self._sender.settle(at_once=self._stop_by_s is not None)
        else:  # acknowledgements of the last second may be lost with the connection
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
        """Wait at most a turn for an event, then take all events that are there."""
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
        if not self._said_connected:  # once, even if short connections repeat
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
        """Send rows of the outbox, up to half a window while other messages wait."""
        most = WINDOW // 2 if self._retained.waits else WINDOW
        for entry, publication in self._sender.room(self._line.held(), self._line.doubted, most):
            if not self._line.fits(publication):
                self._sender.skip(entry)
                continue
            token = self._line.offer(publication, entry.name_on_its_way)
            if token is None:
                return
            self._sender.sent(entry, token)
