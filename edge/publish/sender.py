"""Emptying the outbox into a connection: oldest first, a bounded number in flight, forgotten only when acknowledged."""

from __future__ import annotations

import logging
import time

from edge.publish.events import Acknowledged, Publication, Token
from edge.publish.models import SCHEMA
from edge.publish.outbox import Entry, Outbox
from edge.publish.payloads import delivered
from edge.publish.topics import TOPICS

_log = logging.getLogger(__name__)

_WINDOW = 20
"""Messages sent and not yet acknowledged: paho's own window, and Mosquitto's."""
_RETRY_S = 60.0
"""A message that the broker refused (an ACL, a quota) is tried again after this long."""
HISTORICAL_S = 60.0
"""A message that waited longer than this is marked `historical`: it tells of the past, not of now."""


class Sender:
    """Knows which entries of the outbox are on their way; used by the publisher's thread alone."""

    def __init__(self, outbox: Outbox, boot: str) -> None:
        self._outbox = outbox
        self._boot = boot
        self._in_flight: dict[Token, int] = {}
        self._sent_upto = 0
        self._retry_at_s: float | None = None
        self._done: list[int] = []

    def restart(self) -> None:
        """A new connection: nothing is in flight, and all that waits is sent again."""
        self._in_flight.clear()
        self._sent_upto = 0
        self._retry_at_s = None

    def room(self) -> list[tuple[Entry, Publication]]:
        """The entries to send now, oldest first."""
        if self._retry_at_s is not None and time.monotonic() >= self._retry_at_s:
            self._sent_upto, self._retry_at_s = 0, None
        busy = set(self._in_flight.values())
        entries = self._outbox.pending(self._sent_upto, _WINDOW) if len(busy) < _WINDOW else []
        free = [entry for entry in entries if entry.seq not in busy][: _WINDOW - len(busy)]
        now_s = time.monotonic()
        return [(entry, self._publication(entry, now_s)) for entry in free]

    def sent(self, entry: Entry, token: Token) -> None:
        """Note that an entry of `room` is on its way."""
        self._in_flight[token] = entry.seq
        self._sent_upto = max(self._sent_upto, entry.seq)

    def acknowledged(self, event: Acknowledged) -> None:
        """Note the broker's answer; what answers something else (a retained topic, an old connection) is ignored."""
        seq = self._in_flight.pop(event.token, None)
        if seq is None:
            return
        if event.refusal is None:
            self._done.append(seq)
        elif self._retry_at_s is None:
            self._retry_at_s = time.monotonic() + _RETRY_S
            _log.warning("the broker refuses messages (%s): do its ACL and quota allow this box?", event.refusal)

    def settle(self) -> None:
        """Forget what was acknowledged since the last call, in one transaction."""
        if self._done:
            self._outbox.acknowledge(self._done)
            self._done = []

    def _publication(self, entry: Entry, now_s: float) -> Publication:
        waited_s = now_s - entry.put_mono_s
        historical = entry.boot != self._boot or not 0 <= waited_s <= HISTORICAL_S
        topic = TOPICS[entry.name]
        properties = (("schema", str(SCHEMA)), ("historical", str(historical).lower()))
        payload = delivered(entry.payload, entry.seq, historical)
        return Publication(entry.path, payload, topic.qos, topic.retained, topic.expiry_s, properties)
