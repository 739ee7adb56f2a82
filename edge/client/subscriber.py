"""Subscriber for backends: typed messages, each alert and summary once and in order, with gaps reported.

with Subscriber("broker.example", port=8883, tls=True, username="dispatch", password_env="SECRET") as inbox:
    for alert in inbox.alerts():
        print(alert.address.box, alert.body.kind, alert.body.level, alert.body.type)
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator
from typing import Any

from edge.client.box_messages import BoxMessage, Gap, ReorderBuffer, UnknownMessage, read
from edge.client.listener import Listener
from edge.config.delivery import MqttConfig
from edge.publish.mqtt.packets import Connected, Disconnected, Event, Received, SubscriptionDenied
from edge.publish.payloads import AlertPayload, Payload, SummaryPayload

_log = logging.getLogger(__name__)

PATIENCE_S = 0.5
"""How long messages after a missing number are held; brokers keep the order, so this is rarely needed."""

Item = BoxMessage[Payload] | Gap | UnknownMessage | Connected | Disconnected | SubscriptionDenied


class Subscriber(Listener):
    """Connected inside `with`; reconnects with a jittered back-off if the broker is missing or restarts."""

    def __init__(
        self,
        broker: str | MqttConfig = "localhost",
        *,
        client_id: str = "",
        keep_s: int = 0,
        patience_s: float = PATIENCE_S,
        **settings: Any,
    ) -> None:
        """Configure the connection.

        Args:
            broker: Its host, or a whole section `mqtt`.
            client_id: With a name, the broker keeps messages for `keep_s` while this client is away.
            keep_s: Seconds; with MQTT 3.1.1 any value means as long as the broker keeps them.
            patience_s: How long messages wait for a missing one before them.
            settings: Keys of section `mqtt` (port, base, username, password_file, tls, ca_file, ...).

        Raises:
            pydantic.ValidationError: a setting is wrong.
            ValueError: `keep_s` without a `client_id`.
        """
        if keep_s and not client_id:
            raise ValueError("keep_s needs a client_id: a broker keeps messages for a client that it knows by name")
        super().__init__(broker, settings, client_id, lambda base: [f"{base}/#"], keep_s)
        self._reorder_buffer = ReorderBuffer(patience_s)

    def alerts(self, seconds: float | None = None) -> Iterator[BoxMessage[AlertPayload]]:
        """Every step of every alert, until `stop` or for `seconds`; errors and gaps go to the log."""
        for item in self.items(seconds):
            if isinstance(item, BoxMessage):
                if isinstance(item.body, AlertPayload):
                    yield BoxMessage(item.address, item.body, item.event, item.late)
            elif isinstance(item, Gap):
                _log.warning("%s/%s: messages %d to %d are missing", item.site, item.box, item.first, item.last)
            elif isinstance(item, Disconnected | SubscriptionDenied):
                _log.warning("%s", item.sentence)
            elif isinstance(item, UnknownMessage):
                _log.info("%s is not understood: %s", item.event.path, item.why)

    def items(self, seconds: float | None = None) -> Iterator[Item]:
        """Everything: messages, gaps, unknown messages, and events of the connection."""
        until_s = None if seconds is None else time.monotonic() + seconds
        while not self._stopped:
            now_s = time.monotonic()
            if until_s is not None and now_s >= until_s:
                return
            yield from self._reorder_buffer.due(now_s)
            waits = [self._reorder_buffer.wait_s(now_s), None if until_s is None else until_s - now_s]
            try:
                event = self._client.events.get(timeout=min((wait for wait in waits if wait is not None), default=None))
            except queue.Empty:
                continue
            yield from self._items_of(event)

    def _items_of(self, event: Event | None) -> list[Item]:
        if isinstance(event, Connected | Disconnected | SubscriptionDenied):
            return [event]
        if not isinstance(event, Received):
            return []
        message = read(event, self._config.base)
        if isinstance(message, BoxMessage) and isinstance(message.body, AlertPayload | SummaryPayload):
            return [*self._reorder_buffer.take(message, time.monotonic())]
        return [message]
