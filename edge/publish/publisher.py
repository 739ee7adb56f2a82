"""The publisher: messages in, MQTT out. Its callers never wait for the network."""

from __future__ import annotations

import logging
import queue
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
from edge.publish import home_assistant, payloads, publications
from edge.publish.commands.idempotency_log import IdempotencyLog
from edge.publish.commands.receiver import CommandReceiver, Executor
from edge.publish.mqtt import connection_errors as errors
from edge.publish.mqtt.client import GuardedThread, MqttClient
from edge.publish.mqtt.flow_control import WINDOW, FlowControl, InFlight
from edge.publish.mqtt.packets import Acknowledged, Connected, Disconnected, Event, Publication, Received, Subscription
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.retained import RetainedMessages
from edge.publish.outbox.sender import Sender, name_on_its_way
from edge.publish.publications import PublicationBuilder
from edge.publish.reports import HealthReport, Presence, StateTracker
from edge.publish.topics import TOPICS, address_of
from edge.run_registry import Start
from edge.status import SystemStatus

_log = logging.getLogger(__name__)

COMMANDS_FILE = "orders.db"
"""The idempotency log, in the folder of the outbox."""
_TURN_S = 1.0
_FLUSH_S = 3.0
"""How long `stop` waits for the outbox to be sent to a connected broker."""


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
        self._origin = publications.RunOrigin(start.name, start.wall_s, start.clock)
        self._software = version("emvas-edge")
        self._builder = PublicationBuilder(self._mqtt.base, config.box, self._origin, self._software)
        self._state = StateTracker(self._origin, status)
        self._outbox = Outbox(outbox_path)
        self._sender = Sender(self._outbox, start, last=frozenset({self._builder.paths["summary"]}))
        self._idempotency_log = IdempotencyLog(outbox_path.with_name(COMMANDS_FILE))
        base, allow, log = self._mqtt.base, config.commands.allow, self._idempotency_log
        self._receiver = CommandReceiver(base, config.box, start.name, allow, self._wake, log)
        self._health = HealthReport(start.name, self._outbox, self._receiver)
        client_id = f"{base}-{config.box.site}-{config.box.id}"
        self._client = MqttClient(self._mqtt, client_id, partial(self._builder.status, "offline"))
        self._lock = threading.Lock()
        self._retained = RetainedMessages()
        self._subscribe()
        self._outbox_paths = {self._builder.paths[name] for name in ("alert", "summary")}
        self._flow = FlowControl(self._client, InFlight(self._outbox_paths), self._mqtt)
        self._presence = Presence(start.name, partial(self._builder.status, "online"))
        self._transient: deque[Publication] = deque(maxlen=64)
        self._connected: Connected | None = None
        self._logged_connection = self._broker_gone = False
        self._stop_by_s: float | None = None
        self._thread = GuardedThread(self._run, "publisher")
        self.describe({})
        self.turn(0.0)  # publishes an unknown level in place of the last run's

    def start(self) -> None:
        """Start to connect and to send; returns at once."""
        self._client.start()
        self._thread.start()

    def write(self, message: Message) -> None:
        """Take one message; alerts and summaries are on disk when this returns. Some kinds have no topic."""
        if isinstance(message, Alert):
            self._post("alert", publications.alert(message, self._origin))
        elif isinstance(message, Summary):
            self._post("summary", publications.summary(message, self._origin))
        elif isinstance(message, Group):
            self._transient.append(self._builder.publication("group", publications.group(message, self._origin)))
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
        body = publications.info(self._config, self._origin.boot, self._software, info)
        self._retained.keep("info", self._builder.publication("info", body))
        if self._mqtt.home_assistant:
            self._retained.keep("home assistant", home_assistant.device(self._mqtt, self._config, self._software))
        self._wake()

    def take_commands(self, execute: Executor) -> None:
        """Execute commands over MQTT by `execute` from now on."""
        self._receiver.execute = execute

    def set_by_commands(self, t_s: float, snoozed_s: Mapping[str, float], sensitivity: Mapping[str, float]) -> None:
        """Publish on `state` which kinds of alert are snoozed, and which settings a command has changed."""
        with self._lock:
            self._keep_state(self._state.set_by_commands(t_s, self._origin.clock, snoozed_s, sensitivity))

    def report(self, so_far: Summary) -> payloads.ReportPayload:
        """The current report; `so_far` is the permitted summary of the current period."""
        with self._lock:
            state = self._state.latest
        period = publications.summary(so_far, self._origin)
        return payloads.ReportPayload(state=state, health=self.health(), summary=period)

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures) for the next `health`."""
        self._health.measure(readings)

    def health(self) -> payloads.HealthPayload:
        """The current `health`."""
        return self._health.health(self._connected)

    @property
    def broken(self) -> str | None:
        """The error that ended publishing; only a restart of the process corrects it."""
        return self._thread.broken or self._client.broken

    def stop(self, failure: str | None = None) -> None:
        """Send for a few seconds, publish `stopped` and close; the remaining rows wait for the next start.

        With `failure`, publish `failed` and this reason instead.
        """
        self._stop_by_s = time.monotonic() + _FLUSH_S
        self._wake()
        self._thread.join(2 * _FLUSH_S)
        self._say_goodbye(failure)
        self._client.stop()
        self._outbox.close()
        self._idempotency_log.close()

    def _say_goodbye(self, failure: str | None) -> None:
        """Publish the end when the broker's limits allow it, or after a second: a clean stop has no will."""
        end_s = time.monotonic() + _TURN_S
        while self._connected is not None and self._flow.connected:
            goodbye = self._builder.goodbye(self._connected.connection, failure)
            if self._flow.offer(goodbye) is not None:
                return
            if time.monotonic() >= end_s:
                self._client.publish(goodbye)
                return
            self._take_events()

    def take_reports(self, t_s: float) -> list[Source]:
        """Reports about the files and refused messages since the last call, with timestamp `t_s`."""
        return self._outbox.take_reports(t_s) + self._sender.take_reports(t_s) + self._idempotency_log.take_reports(t_s)

    def _subscribe(self) -> None:
        """Subscribe to this box's `status`, to commands if any is allowed, and to the start of Home Assistant."""
        self._retained.keep("own status", Subscription(self._builder.paths["status"]))
        if self._config.commands.allow:
            self._retained.keep("commands", Subscription(self._builder.paths["request"]))
        if self._mqtt.home_assistant:
            birth = home_assistant.birth_topic(self._mqtt.discovery_prefix)
            self._retained.keep("home assistant starts", Subscription(birth))

    def _wake(self) -> None:
        self._client.events.put(None)

    def _post(self, name: str, body: payloads.Payload) -> None:
        path, boot = self._builder.paths[name], self._origin.boot
        self._outbox.put(name, TOPICS[name].rank, path, publications.encoded(body), boot, time.monotonic())
        self._wake()

    def _keep_state(self, state: payloads.StatePayload | None) -> None:
        if state is not None:
            self._retained.keep("state", self._builder.publication("state", state))
            self._wake()

    def _run(self) -> None:
        while not self._finished():
            self._take_events()
            self._outbox.mend()
            self._send()

    def _send(self) -> None:
        connected = self._connected is not None and self._flow.connected
        if connected:
            self._sender.settle(at_once=self._stop_by_s is not None)
        else:  # acknowledgements of the last second may be lost with the connection
            self._sender.restart()
        if (start_wall_s := self._sender.correction()) is not None:
            self._origin.set_right(start_wall_s)
        self._transient.extend(self._receiver.answers())
        if not connected:
            self._transient.clear()
            return
        now_s = time.monotonic()
        self._send_waiting()
        if (online := self._presence.due(now_s)) is not None:
            self._retained.keep("status", online)
        self._retained.send(self._flow.offer, now_s)
        while self._transient and self._flow.offer(self._transient[0]):
            self._transient.popleft()
        if self._health.due(now_s) and self._flow.offer(self._builder.publication("health", self.health())):
            self._health.sent(now_s)

    def _finished(self) -> bool:
        if self._stop_by_s is None:
            return False
        return self._outbox.rows == 0 or self._broker_gone or time.monotonic() >= self._stop_by_s

    def _take_events(self) -> None:
        """Wait at most a turn for an event, then take all events that are there."""
        try:
            event = self._client.events.get(timeout=_TURN_S)
            while True:
                if event is not None:
                    self._take(event)
                event = self._client.events.get_nowait()
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
            self._broker_gone, self._logged_connection = True, False
            _log.warning("%s Alerts wait in the outbox; trying again.", event.sentence)

    def _take_connection(self, event: Connected) -> None:
        if not self._logged_connection:  # once, even if short connections repeat
            _log.info("connected to %s:%d with %s", self._mqtt.host, self._mqtt.port, event.protocol)
        self._connected, self._logged_connection, self._broker_gone = event, True, False
        hang_up = self._flow.begin(event)
        if hang_up and hang_up.topic not in self._outbox_paths:
            _log.warning("%s", errors.of_hanging_up(hang_up.topic, self._mqtt))
        elif hang_up and self._sender.hung_up(hang_up):
            self._flow.widen(hang_up)
        self._sender.restart()
        self._retained.renew()
        self._health.renew()
        self._presence.begin(event.connection, time.monotonic())

    def _take_acknowledgement(self, event: Acknowledged) -> None:
        refused = None if self._sender.acknowledged(event) else self._retained.acknowledged(event, time.monotonic())
        freed = self._flow.acknowledged(event.token)
        if freed in self._outbox_paths:
            self._sender.freed(freed)
        if refused is not None and event.refusal is not None:
            of = errors.of_publication if isinstance(refused, Publication) else errors.of_subscription
            _log.warning("%s", of(refused.path, event.refusal, self._mqtt))

    def _take_message(self, event: Received) -> None:
        now_s = time.monotonic()
        if home_assistant.has_started(event, self._mqtt.discovery_prefix):
            self._retained.renew_at(now_s + home_assistant.renewal_delay_s())
        address = address_of(event.path, self._mqtt.base)
        if address is not None and address.name == "request":
            self._receiver.take(event, address, now_s)
        elif event.path == self._builder.paths["status"]:
            self._presence.received(event.payload, now_s)
            if self._presence.is_shared:
                _log.error("%s", errors.of_twin(event.path, self._mqtt))

    def _send_waiting(self) -> None:
        """Send rows of the outbox, up to half a window while other messages wait."""
        most = WINDOW // 2 if self._retained.waits else WINDOW
        for row, publication in self._sender.room(self._flow.held(), self._flow.doubted, most):
            if not self._flow.fits(publication):
                self._sender.skip(row)
                continue
            token = self._flow.offer(publication, name_on_its_way(row))
            if token is None:
                return
            self._sender.sent(row, token)
