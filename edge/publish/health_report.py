"""How the box is: the runtime's figures, the outbox, the connection and the orders, as `health` tells them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from edge.publish import builders, payloads
from edge.publish.commands.handler import CommandDesk
from edge.publish.mqtt.events import Connected
from edge.publish.outbox.outbox import Outbox
from edge.run_registry import clock_state

HEALTH_EVERY_S = 30.0


class Vitals:
    """Safe from any thread, but for `renew`, `due` and `sent`, which are the publisher's thread's."""

    def __init__(self, boot: str, outbox: Outbox, desk: CommandDesk) -> None:
        self._boot, self._outbox, self._desk = boot, outbox, desk
        self._lock = threading.Lock()
        self._readings: dict[str, Any] = {}
        self._due_s = 0.0

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures)."""
        with self._lock:
            self._readings = dict(readings)

    def renew(self) -> None:
        """A new connection: `health` is due."""
        self._due_s = 0.0

    def due(self, now_s: float) -> bool:
        """Whether `health` is to be sent now."""
        return now_s >= self._due_s

    def sent(self, now_s: float) -> None:
        """Begin the next wait."""
        self._due_s = now_s + HEALTH_EVERY_S

    def health(self, connected: Connected | None) -> payloads.Health:
        """All of it now, over this connection."""
        with self._lock:
            readings = dict(self._readings)
        outbox = self._outbox
        return payloads.Health(
            boot=self._boot,
            time=builders.iso_utc(time.time()),
            clock=clock_state(),
            outbox=payloads.OutboxFigures(rows=outbox.rows, bytes=outbox.bytes, evicted=outbox.evicted),
            mqtt=connected and payloads.Connection(connection=connected.connection, protocol=connected.protocol),
            commands=self._desk.figures,
            readings=readings,
        )
