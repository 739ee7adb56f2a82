"""The topics `health` (figures of runtime, outbox, connection, commands) and `status` (presence of this box)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from edge.publish import builders, payloads
from edge.publish.commands.receiver import CommandReceiver
from edge.publish.mqtt.events import Connected, Publication
from edge.publish.outbox.outbox import Outbox
from edge.run_registry import clock_state

HEALTH_EVERY_S = 30.0


_HEAR_FIRST_S = 1.0
"""After a lost connection the box reads `status` this long before it publishes: another box may have written it."""
_AGAIN_S = 5.0
"""A client that writes `status` repeatedly is corrected at most this often."""
_STRANGERS = 2
"""A late will of the last run arrives once; `status` of another box with the same name arrives repeatedly."""


class HealthReport:
    """Safe from any thread, except `renew`, `due` and `sent`: the publisher's thread calls them."""

    def __init__(self, boot: str, outbox: Outbox, receiver: CommandReceiver) -> None:
        self._boot, self._outbox, self._receiver = boot, outbox, receiver
        self._lock = threading.Lock()
        self._readings: dict[str, Any] = {}
        self._due_s = 0.0

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures)."""
        with self._lock:
            self._readings = dict(readings)

    def renew(self) -> None:
        """After a new connection `health` is due."""
        self._due_s = 0.0

    def due(self, now_s: float) -> bool:
        """Whether `health` is to be sent now."""
        return now_s >= self._due_s

    def sent(self, now_s: float) -> None:
        """Begin the next wait."""
        self._due_s = now_s + HEALTH_EVERY_S

    def health(self, connected: Connected | None) -> payloads.HealthPayload:
        """The current report, with this connection."""
        with self._lock:
            readings = dict(self._readings)
        outbox = self._outbox
        return payloads.HealthPayload(
            boot=self._boot,
            time=builders.iso_utc(time.time()),
            clock=clock_state(),
            outbox=payloads.OutboxFigures(rows=outbox.rows, bytes=outbox.bytes, evicted=outbox.evicted),
            mqtt=connected and payloads.ConnectionFigures(connection=connected.connection, protocol=connected.protocol),
            commands=self._receiver.figures,
            readings=readings,
        )


class Presence:
    """Decides when to publish `online`, from the messages received on this box's `status`; pure."""

    def __init__(self, boot: str, online: Callable[[int], Publication]) -> None:
        """`online` makes the publication for the connection of this number."""
        self._boot, self._online = boot, online
        self._online_message: Publication | None = None
        self._due_s: float | None = None
        self._right_s = float("-inf")
        self._echoed = False
        self._strangers = 0
        self._named = False

    def begin(self, connection: int, now_s: float) -> None:
        """A new connection was opened."""
        self._due_s = now_s if self._online_message is None else now_s + _HEAR_FIRST_S
        self._online_message = self._online(connection)

    def due(self, now_s: float) -> Publication | None:
        """What to publish on `status` now."""
        if self._due_s is None or now_s < self._due_s:
            return None
        self._due_s = None
        return self._online_message

    def received(self, payload: bytes, now_s: float) -> None:
        """Take a message of `status`; the message of another client is corrected.

        Messages before this run's own are old: a broker keeps the messages of a session over a restart.
        """
        message = _parse(payload)
        if self._online_message is not None and message == json.loads(self._online_message.payload):
            self._echoed = True
            return
        if not self._echoed:
            return
        if message and message.get("boot") != self._boot:
            self._strangers += _STRANGERS if message.get("state") == "online" else 1
        if self._due_s is None and now_s >= self._right_s + _AGAIN_S:
            self._due_s = self._right_s = now_s

    @property
    def is_shared(self) -> bool:
        """Whether another box publishes as this one; True once."""
        shared = self._strangers >= _STRANGERS and not self._named
        self._named |= shared
        return shared


def _parse(payload: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
