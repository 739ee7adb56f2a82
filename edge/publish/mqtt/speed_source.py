"""The vehicle's speed from a topic of the box's broker."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from edge.capture.speed import payload_kmh
from edge.config.decision import ArmingConfig
from edge.config.delivery import MqttConfig
from edge.messages import SPEED, Source, Speed
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.events import Disconnected, Received, SubscriptionDenied

_PATIENCE_S = 1.0


class MqttSpeed:
    """Reads one topic; retained speeds are old and are ignored."""

    def __init__(self, mqtt: MqttConfig, topic: str, arming: ArmingConfig, now: Callable[[], float]) -> None:
        self._mqtt, self._topic, self._arming, self._now = mqtt, topic, arming, now

    def stream(self, stop: threading.Event) -> Iterator[Speed | Source]:
        """Every speed until `stop` is set; the client reconnects by itself."""
        link = MqttClient(self._mqtt, client_id="", subscribe=[self._topic])
        link.start()
        try:
            while not stop.is_set():
                try:
                    event = link.events.get(timeout=_PATIENCE_S)
                except queue.Empty:
                    continue
                if isinstance(event, Disconnected | SubscriptionDenied):
                    yield Source(self._now(), SPEED, "lost", event.sentence)
                elif isinstance(event, Received) and not event.retained:
                    kmh = payload_kmh(event.payload, self._arming.key, self._arming.unit)
                    if kmh is not None:
                        yield Speed(self._now(), kmh)
        finally:
            link.stop()
