"""Consumer of a fleet's alerts for a database: several share the work, and a kill at any moment loses none.

with Consumer("broker.example", name="dispatch-1", group="dispatch") as consumer:
    for batch in consumer.batches():
        write(batch.messages)  # idempotent by site, box, boot and seq
        batch.settle()         # only now the broker deletes them

Mosquitto (2.0.11) loses shared subscriptions at a restart, and messages until the consumers reconnect are lost. There,
run one more consumer without a group, which receives all messages; its repetitions are harmless.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge.client.box_messages import BoxMessage, UnknownMessage, read
from edge.client.listener import Listener
from edge.config.delivery import MqttConfig
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Disconnected, Event, Received, SubscriptionDenied, Token
from edge.publish.payloads import AlertPayload, SummaryPayload

_log = logging.getLogger(__name__)

KEEP_S = 86_400
"""How long the broker keeps messages for a consumer that is away: the expiry of alerts (MQTT 5)."""
MOST = 20
"""Messages of a batch: by default brokers send this many to one client before it acknowledges any."""
_LINGER_S = 0.05
"""How long a batch waits for more."""

AlertOrSummary = BoxMessage[AlertPayload] | BoxMessage[SummaryPayload]


@dataclass(frozen=True, slots=True)
class MessageBatch:
    """Alerts and summaries in the order of arrival; some may be repetitions."""

    messages: Sequence[AlertOrSummary]
    _tokens: Sequence[Token]
    _client: MqttClient

    def settle(self) -> None:
        """Acknowledge them after they are stored; otherwise the broker sends them again."""
        for token in self._tokens:
            self._client.settle(token)


class Consumer(Listener):
    """One consumer of a group; connected inside `with`, reconnects by itself."""

    def __init__(
        self,
        broker: str | MqttConfig = "localhost",
        *,
        name: str,
        group: str | None,
        keep_s: int = KEEP_S,
        **settings: Any,
    ) -> None:
        """Configure the connection and the group.

        Args:
            broker: Its host, or a whole section `mqtt`.
            name: Unique name of this consumer at the broker; after a restart it continues with unsettled messages.
            group: The consumers of a group share the messages: each goes to one of them (MQTT 5, 4.8.2). None: it
                receives all.
            keep_s: How long the broker keeps messages while this consumer is away.
            settings: Keys of section `mqtt` (port, base, username, password_file, tls, ca_file, ...).

        Raises:
            pydantic.ValidationError: a setting is wrong.
            ValueError: `name` or `group` is empty, or `group` holds a sign of MQTT's own.
        """
        if not name or group == "" or set(group or "") & set("/+#"):
            raise ValueError("a consumer needs a name and a group, one word without / + #, or None for no group")
        share = "" if group is None else f"$share/{group}/"

        def topics(base: str) -> list[str]:
            return [f"{share}{base}/+/+/+/{kind}" for kind in ("alert", "summary")]

        super().__init__(broker, settings, name, topics, keep_s, owner_settles=True)

    def batches(self, seconds: float | None = None) -> Iterator[MessageBatch]:
        """Every batch until `stop` or for `seconds`; errors go to the log.

        An unknown message is logged and settled, as it would otherwise come again without end.
        """
        until_s = None if seconds is None else time.monotonic() + seconds
        while not self._stopped and (until_s is None or time.monotonic() < until_s):
            messages: list[AlertOrSummary] = []
            tokens: list[Token] = []
            for event in self._events(until_s):
                item, token = self._taken(event)
                tokens += [token] if token is not None else []
                messages += [item] if item is not None else []
            if tokens:
                batch = MessageBatch(messages, tokens, self._client)
                if messages:
                    yield batch
                else:
                    batch.settle()

    def _events(self, until_s: float | None) -> Iterator[Event]:
        """Events that arrive together, at most a batch."""
        wait_s = 1.0 if until_s is None else max(0.0, min(1.0, until_s - time.monotonic()))
        for _ in range(MOST):
            try:
                event = self._client.events.get(timeout=wait_s)
            except queue.Empty:
                return
            if event is not None:
                yield event
            wait_s = _LINGER_S

    def _taken(self, event: Event) -> tuple[AlertOrSummary | None, Token | None]:
        if isinstance(event, Disconnected | SubscriptionDenied):
            _log.warning("%s", event.sentence)
        if not isinstance(event, Received):
            return None, None
        message = read(event, self._config.base)
        if isinstance(message, UnknownMessage):
            _log.warning("%s is not understood: %s", event.path, message.why)
            return None, event.token
        if isinstance(message.body, AlertPayload):
            return BoxMessage(message.address, message.body, event), event.token
        if isinstance(message.body, SummaryPayload):
            return BoxMessage(message.address, message.body, event), event.token
        return None, event.token
