"""Flow control: the broker's limits, the messages in flight, and the messages that the broker does not accept.

A broker that forbids a message may refuse it (MQTT 5), may acknowledge and drop it (3.1.1), or may close the connection
without a reason, as AWS IoT Core does. A refused message holds its topic back (`TopicHold`).

After a closed connection only the messages in flight are known. So each of them is sent alone until the broker has
accepted it. A message is held back when it was in flight at three such ends, the last time alone, and was not accepted
in between. It is tried again, alone, after a growing wait. Two ends may be a bad line or a dying broker.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from edge.config.delivery import MqttConfig
from edge.publish.mqtt import connection_errors
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.connection import packet_bytes
from edge.publish.mqtt.packets import Connected, Limits, Outgoing, Publication, Subscription, Token

WINDOW = 20
"""Messages sent and not yet acknowledged: paho's own window, and Mosquitto's."""
_CUTS = 3
_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0
"""For topics that must arrive: people correct an ACL. One trial of each topic a minute is a small load, even where it
costs a connection of some seconds."""
_LONGEST_OPTIONAL_WAIT_S = 3600.0
SILENT_S = 2.0
"""A message without acknowledgement (QoS 0) counts as taken if the connection lasts this long after it."""
_SUSPECT_S = 10.0
"""A suspect that is not sent again (a response to a command) is forgotten after a connection of this length."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HangUp:
    """A message on which the broker hung up."""

    name: str
    topic: str
    again: bool
    """Whether it was held back before for the same reason."""


@dataclass(frozen=True, slots=True)
class _Sent:
    name: str
    topic: str
    settles_s: float | None
    """When it counts as taken without an acknowledgement."""


@dataclass(frozen=True, slots=True)
class _Held:
    wait_s: float
    due_s: float


class InFlight:
    """The messages in flight, and those held back; used by the publisher's thread.

    A repeated message is identified by its topic; a message of the outbox also has a name of its own.
    """

    def __init__(self, important: Collection[str]) -> None:
        """`important` topics are tried again within a minute."""
        self._important = important
        self._limits = Limits()
        self._sent: dict[Token, _Sent] = {}
        self._suspects: dict[str, str] = {}
        self._suspects_until_s = 0.0
        self._cuts: Counter[str] = Counter()
        self._held_back: dict[str, _Held] = {}

    def begin(self, limits: Limits, now_s: float) -> HangUp | None:
        """Begin a new connection; return the message that ended the last one, if it is known now."""
        self._limits = limits
        flight = {sent.name: sent.topic for sent in self._sent.values()}
        self._sent.clear()
        self._suspects |= flight
        self._suspects_until_s = now_s + _SUSPECT_S
        self._cuts.update(flight.keys())
        if len(flight) != 1:
            return None
        ((name, topic),) = flight.items()
        name_held = topic if topic in self._held_back else name
        again = name_held in self._held_back
        if self._cuts[name] < _CUTS and not again:
            return None
        del self._suspects[name]
        longest_s = _LONGEST_WAIT_S if topic in self._important else _LONGEST_OPTIONAL_WAIT_S
        wait_s = min(longest_s, 2 * self._held_back[name_held].wait_s) if again else _FIRST_WAIT_S
        self._held_back[name_held] = _Held(wait_s, now_s + wait_s)
        return HangUp(name, topic, again)

    def widen(self, name: str, topic: str) -> None:
        """Hold back the whole topic, not this message alone."""
        self._held_back[topic] = self._held_back.pop(name)

    def fits(self, packet_bytes: int) -> bool:
        """Whether the broker takes a packet of this size."""
        return self._limits.packet_bytes is None or packet_bytes <= self._limits.packet_bytes

    @property
    def doubted(self) -> frozenset[str]:
        """Topics of messages in flight at two cuts: they are sent after the others."""
        return frozenset(topic for name, topic in self._suspects.items() if self._cuts[name] == _CUTS - 1)

    def held(self, now_s: float) -> frozenset[str]:
        """Topics and names that are held back now."""
        return frozenset(name for name, held in self._held_back.items() if now_s < held.due_s)

    def takes(self, name: str, topic: str, now_s: float) -> bool:
        """Whether this may be sent now."""
        if now_s >= self._suspects_until_s:
            self._suspects.clear()
        if {name, topic} & self.held(now_s) or any(
            self._goes_alone(sent.name, sent.topic) for sent in self._sent.values()
        ):
            return False
        if self._goes_alone(name, topic):
            return not self._sent
        return len(self._sent) < min(WINDOW, self._limits.in_flight)

    def sent(self, token: Token, name: str, topic: str, now_s: float, answered: bool = True) -> None:
        """Note a sent message; `answered`: the broker will acknowledge it."""
        self._sent[token] = _Sent(name, topic, None if answered else now_s + SILENT_S)

    def acknowledged(self, token: Token) -> str | None:
        """Note an acknowledgement; return the topic that is no longer held back."""
        sent = self._sent.get(token)
        if sent is None or sent.settles_s is not None:
            return None
        return self._taken(token, sent)

    def settle(self, now_s: float) -> None:
        """Note, while the connection lasts, the messages that count as taken without an acknowledgement."""
        for token, sent in list(self._sent.items()):
            if sent.settles_s is not None and now_s >= sent.settles_s:
                self._taken(token, sent)

    def _goes_alone(self, name: str, topic: str) -> bool:
        return name in self._suspects or name in self._held_back or topic in self._held_back

    def _taken(self, token: Token, sent: _Sent) -> str | None:
        del self._sent[token]
        self._cuts.pop(sent.name, None)
        self._suspects.pop(sent.name, None)
        self._held_back.pop(sent.name, None)
        return sent.topic if self._held_back.pop(sent.topic, None) else None


class FlowControl:
    """Sends what the broker accepts now; used by the publisher's thread."""

    def __init__(self, client: MqttClient, in_flight: InFlight, config: MqttConfig) -> None:
        self._client, self._in_flight, self._config = client, in_flight, config
        self._connection = 0
        self._reported_paths: set[str] = set()

    def begin(self, event: Connected) -> HangUp | None:
        """Begin a new connection; return what is newly held back because the broker hung up on it."""
        self._connection = event.connection
        hang_up = self._in_flight.begin(event.limits, time.monotonic())
        return None if hang_up is None or hang_up.again else hang_up

    @property
    def connected(self) -> bool:
        """Whether the connection of `begin` is still up."""
        return self._client.is_up(self._connection)

    def held(self) -> frozenset[str]:
        """What is held back now; call it while connected."""
        now_s = time.monotonic()
        self._in_flight.settle(now_s)
        return self._in_flight.held(now_s)

    @property
    def doubted(self) -> frozenset[str]:
        """Topics that are sent after the others."""
        return self._in_flight.doubted

    def fits(self, publication: Publication) -> bool:
        """Whether the broker accepts a message of this size; a topic above the limit is logged once."""
        size = packet_bytes(publication)
        if self._in_flight.fits(size):
            return True
        if publication.path not in self._reported_paths:
            self._reported_paths.add(publication.path)
            _log.warning("%s", connection_errors.of_size(publication.path, size, self._config))
        return False

    def offer(self, item: Outgoing, name: str | None = None) -> Token | None:
        """Send if the broker accepts it now over the connection of `begin`, else return None.

        `name` is the topic unless given.
        """
        now_s, topic = time.monotonic(), topic_of(item)
        name = name or topic
        if isinstance(item, Publication) and not self.fits(item):
            return None
        if not self._in_flight.takes(name, topic, now_s):
            return None
        if isinstance(item, Subscription):
            token = self._client.subscribe(item, self._connection)
        else:
            token = self._client.publish(item, self._connection)
        if token is not None:
            self._in_flight.sent(token, name, topic, now_s, isinstance(item, Subscription) or item.qos > 0)
        return token

    def acknowledged(self, token: Token) -> str | None:
        """Note an acknowledgement; return the topic that is no longer held back."""
        return self._in_flight.acknowledged(token)

    def widen(self, hang_up: HangUp) -> None:
        """Hold back the whole topic."""
        self._in_flight.widen(hang_up.name, hang_up.topic)


def topic_of(item: Outgoing) -> str:
    """Its name in logs and in `InFlight`."""
    return f"a subscription to {item.path}" if isinstance(item, Subscription) else item.path


@dataclass(slots=True)
class _HeldTopic:
    wait_s: float
    due_s: float
    trial: int | None = None
    """The `seq` of the message that is sent as a trial."""


class TopicHold:
    """Holds back a refused message and all later messages of its topic, so that the topic's order holds.

    Only the oldest is tried again, each time after twice the wait; when it is accepted, the others follow. Other topics
    are not affected: an ACL that forbids summaries must not stop an alert.
    """

    def __init__(self) -> None:
        self._held: dict[str, _HeldTopic] = {}

    @property
    def paths(self) -> Collection[str]:
        """The topics that are held back."""
        return self._held.keys()

    def due(self, now_s: float) -> list[str]:
        """The topics to try again now."""
        return [path for path, held in self._held.items() if held.trial is None and now_s >= held.due_s]

    def tried(self, path: str, seq: int) -> None:
        """A message of a held topic was sent as a trial."""
        self._held[path].trial = seq

    def refused(self, path: str, seq: int, now_s: float) -> bool:
        """The broker refused a message; return whether its topic is newly held."""
        held = self._held.get(path)
        if held is None:
            self._held[path] = _HeldTopic(_FIRST_WAIT_S, now_s + _FIRST_WAIT_S)
            return True
        if held.trial == seq:
            wait_s = min(_LONGEST_WAIT_S, 2 * held.wait_s)
            self._held[path] = _HeldTopic(wait_s, now_s + wait_s)
        return False

    def taken(self, path: str, seq: int) -> bool:
        """The broker accepted a message; return whether its topic is free again."""
        held = self._held.get(path)
        if held is None or held.trial != seq:
            return False
        self.free(path)
        return True

    def free(self, path: str) -> None:
        """Stop holding the topic."""
        del self._held[path]

    def restart(self, now_s: float) -> None:
        """A new connection may have other rights: each held topic is tried at once."""
        for held in self._held.values():
            held.due_s, held.trial = now_s, None
