"""Taking the alerts of a fleet into a database: shared by several consumers, killed at any moment, none lost.

with Consumer("broker.example", name="dispatch-1", group="dispatch") as consumer:
    for batch in consumer.batches():
        write(batch.heard)     # idempotent by site, box, boot and seq
        batch.settle()         # only now the broker forgets them

Mosquitto (2.0.11) forgets shared subscriptions when it is started anew, and until the consumers are back what boxes
send goes nowhere: beside it let one more consumer run without a group, which hears all; its repetitions are harmless.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge.client.decoding import BoxMessage, UnknownMessage, read
from edge.config.delivery import MqttConfig
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.events import Disconnected, Event, Received, SubscriptionDenied, Token
from edge.publish.payloads import AlertPayload, SummaryPayload

_log = logging.getLogger(__name__)

KEEP_S = 86_400
"""How long the broker keeps what waits for a consumer that is away: as long as alerts live at a broker (MQTT 5)."""
MOST = 20
"""Messages of a batch: what brokers have on their way to one client by default, before it acknowledges any."""
_LINGER_S = 0.05
"""How long a batch waits for more."""

AlertOrSummary = BoxMessage[AlertPayload] | BoxMessage[SummaryPayload]


@dataclass(frozen=True, slots=True)
class MessageBatch:
    """Alerts and summaries in the order in which they came; some may have come before."""

    heard: Sequence[AlertOrSummary]
    _tokens: Sequence[Token]
    _link: MqttClient

    def settle(self) -> None:
        """They are written down: let the broker forget them. Without it they come again."""
        for token in self._tokens:
            self._link.settle(token)


class Consumer:
    """One of a group; connected from `with` to its end, a broker that goes is tried again."""

    def __init__(
        self,
        broker: str | MqttConfig = "localhost",
        *,
        name: str,
        group: str | None,
        keep_s: int = KEEP_S,
        **settings: Any,
    ) -> None:
        """Say where to listen, and with whom to share.

        Args:
            broker: Its host, or a whole section `mqtt`.
            name: Of this consumer, one of a kind at the broker; after a restart it takes up what it had not settled.
            group: All consumers of a group share the messages: each goes to one of them (MQTT 5, 4.8.2). None: it
                hears all.
            keep_s: How long the broker keeps what waits for this consumer while it is away.
            settings: Of section `mqtt` (port, base, username, password_file, tls, ca_file, ...).

        Raises:
            pydantic.ValidationError: a setting is wrong.
            ValueError: `name` or `group` is empty, or `group` holds a sign of MQTT's own.
        """
        if not name or group == "" or set(group or "") & set("/+#"):
            raise ValueError("a consumer needs a name and a group, one word without / + #, or None for no group")
        self._config = broker if isinstance(broker, MqttConfig) else MqttConfig(host=broker, **settings)
        share = "" if group is None else f"$share/{group}/"
        topics = [f"{share}{self._config.base}/+/+/+/{kind}" for kind in ("alert", "summary")]
        self._link = MqttClient(self._config, name, subscribe=topics, keep_s=keep_s, owner_settles=True)
        self._stopped = False

    def __enter__(self) -> Consumer:
        self._link.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._link.stop()

    def stop(self) -> None:
        """End `batches`; for another thread or a signal handler."""
        self._stopped = True
        self._link.events.put(None)

    def batches(self, seconds: float | None = None) -> Iterator[MessageBatch]:
        """Every batch until `stop` or, with `seconds`, for so long; troubles go to the log.

        What is not understood is settled and logged: it would come for ever.
        """
        until_s = None if seconds is None else time.monotonic() + seconds
        while not self._stopped and (until_s is None or time.monotonic() < until_s):
            heard: list[AlertOrSummary] = []
            tokens: list[Token] = []
            for event in self._events(until_s):
                item, token = self._taken(event)
                tokens += [token] if token is not None else []
                heard += [item] if item is not None else []
            if tokens:
                batch = MessageBatch(heard, tokens, self._link)
                if heard:
                    yield batch
                else:
                    batch.settle()

    def _events(self, until_s: float | None) -> Iterator[Event]:
        """What comes together, at most a batch."""
        wait_s = 1.0 if until_s is None else max(0.0, min(1.0, until_s - time.monotonic()))
        for _ in range(MOST):
            try:
                event = self._link.events.get(timeout=wait_s)
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
        heard = read(event, self._config.base)
        if isinstance(heard, UnknownMessage):
            _log.warning("%s is not understood: %s", event.path, heard.why)
            return None, event.token
        if isinstance(heard.body, AlertPayload):
            return BoxMessage(heard.address, heard.body, event), event.token
        if isinstance(heard.body, SummaryPayload):
            return BoxMessage(heard.address, heard.body, event), event.token
        return None, event.token
