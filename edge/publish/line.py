"""The connection with what it takes: the broker's limits are kept, and what it hangs up on is found and held back."""

from __future__ import annotations

import logging
import time

from edge.config.delivery import MqttConfig
from edge.publish.mqtt import connection_errors
from edge.publish.mqtt.client import Link
from edge.publish.mqtt.connection import packet_bytes
from edge.publish.mqtt.events import Connected, Publication, Subscription, Token
from edge.publish.mqtt.flow_control import Blame, Traffic
from edge.publish.outbox.retained import Word

_log = logging.getLogger(__name__)


class Line:
    """Used by the publisher's thread."""

    def __init__(self, link: Link, traffic: Traffic, config: MqttConfig) -> None:
        self._link, self._traffic, self._config = link, traffic, config
        self._told: set[str] = set()

    def begin(self, event: Connected) -> Blame | None:
        """Begin a new connection; return what is held back from now on, as the broker hung up on it."""
        blame = self._traffic.begin(event.limits, time.monotonic())
        return None if blame is None or blame.again else blame

    def held(self) -> frozenset[str]:
        """What is held back now; to be asked while the connection holds."""
        now_s = time.monotonic()
        self._traffic.settle(now_s)
        return self._traffic.held(now_s)

    @property
    def doubted(self) -> frozenset[str]:
        """What goes after the rest."""
        return self._traffic.doubted

    def fits(self, publication: Publication) -> bool:
        """Whether the broker takes a message of this size; a topic on which it does not is named once."""
        size = packet_bytes(publication)
        if self._traffic.fits(size):
            return True
        if publication.path not in self._told:
            self._told.add(publication.path)
            _log.warning("%s", connection_errors.of_size(publication.path, size, self._config))
        return False

    def offer(self, said: Word, name: str | None = None) -> Token | None:
        """Hand to the network what it takes now; None for what has to wait. `name`: the topic, unless given."""
        now_s, topic = time.monotonic(), topic_of(said)
        name = name or topic
        if isinstance(said, Publication) and not self.fits(said):
            return None
        if not self._traffic.takes(name, topic, now_s):
            return None
        token = self._link.subscribe(said) if isinstance(said, Subscription) else self._link.publish(said)
        if token is not None:
            self._traffic.sent(token, name, topic, now_s, isinstance(said, Subscription) or said.qos > 0)
        return token

    def acknowledged(self, token: Token) -> str | None:
        """Note an acknowledgement; return the name of what is no longer held back by it."""
        return self._traffic.acknowledged(token)

    def widen(self, blame: Blame) -> None:
        """It was not one message alone: its topic is held back."""
        self._traffic.widen(blame.name, blame.topic)


def topic_of(said: Word) -> str:
    """What a word is known by in logs and in `Traffic`."""
    return f"a subscription to {said.path}" if isinstance(said, Subscription) else said.path
