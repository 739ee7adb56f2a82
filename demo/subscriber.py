"""An MQTT subscriber beside the box: a client of its own that shows and keeps what the broker sends it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any

from rich.text import Text

from edge.cli.message_format import line_of
from edge.config.delivery import MqttConfig
from edge.error import EmvasError
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Connected, Disconnected, Received
from edge.publish.topics import address_of

_CONNECT_S = 15.0
_SHOWN = frozenset({"status", "alert", "summary"})
"""Topics worth a line; states come each second and stand on the screen anyway."""


class SubscriberError(EmvasError):
    """The subscriber gets no connection."""


class Subscriber:
    """Listens to one broker from `with` to its end; `show` is given a line for each message worth one."""

    def __init__(self, config: MqttConfig, show: Callable[[Text], None]) -> None:
        self._config, self._show = config, show
        self._link = MqttClient(config, client_id="", subscribe=[f"{config.base}/#"])
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
        self._connected = threading.Event()
        self._alerts: list[dict[str, Any]] = []
        self._trouble = "the broker does not answer"

    def __enter__(self) -> Subscriber:
        """Connect; SubscriberError when there is no connection within a while."""
        self._link.start()
        self._thread.start()
        if not self._connected.wait(_CONNECT_S):
            self._end()
            raise SubscriberError(f"no MQTT subscription: {self._trouble}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def alerts(self) -> list[dict[str, Any]]:
        """The payloads of all alerts received so far."""
        return list(self._alerts)

    def wait_for(self, count: int, patience_s: float) -> None:
        """Return when this many alert messages have come, or after `patience_s`."""
        until_s = time.monotonic() + patience_s
        while len(self._alerts) < count and time.monotonic() < until_s:
            time.sleep(0.05)

    def _end(self) -> None:
        self._link.stop()
        self._link.events.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (event := self._link.events.get()) is not None:
            if isinstance(event, Connected):
                self._connected.set()
            elif isinstance(event, Disconnected):
                self._trouble = event.sentence
                self._show(Text(event.sentence, style="yellow"))
            elif isinstance(event, Received):
                self._take(event)

    def _take(self, event: Received) -> None:
        address = address_of(event.path, self._config.base)
        if address is None or address.name not in _SHOWN:
            return
        if address.name == "alert":
            self._alerts.append(json.loads(event.payload))
        line = line_of(event, self._config.base, datetime.now().astimezone())
        self._show(Text("mqtt   ", style="blue") + line)
