"""Emptying the outbox into a connection: oldest first, a bounded number in flight, forgotten only when acknowledged.

An acknowledgement counts once its connection has outlived it for a moment: a broker that is killed may have
acknowledged what it had neither passed on nor written down, and that is sent again.

Order within the box's source is kept whatever happens, so an alert of now waits for all that was put before it. What
tells of the past is sent at a limited rate, so that a fleet that comes back does not drown its broker; but as soon as
an alert of now waits behind it, the limit is lifted until that alert is out. (The retained state, sent before all of
this at each connection, tells the level of now in any case.)

What the broker refuses is held back with all that follows on its topic, told once, and tried again (`Refused`): then
the order holds on each topic, and across topics only the numbers tell it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection

from edge.clock import SYSTEM, Clocks, Sync
from edge.messages import Source
from edge.news import News
from edge.publish.clock import corrected
from edge.publish.entries import Entry
from edge.publish.events import Acknowledged, Publication, Token
from edge.publish.models import SCHEMA
from edge.publish.outbox import Outbox
from edge.publish.payloads import delivered
from edge.publish.refused import Refused
from edge.publish.topics import TOPICS, is_sendable
from edge.sessions import Start

_log = logging.getLogger(__name__)

_WINDOW = 20
"""Messages sent and not yet acknowledged: paho's own window, and Mosquitto's."""
HISTORICAL_S = 60.0
"""A message that waited longer than this is marked `historical`: it tells of the past, not of now."""
HISTORICAL_HZ = 20.0
"""Messages of the past a second: 1000 boxes that come back at once make 20 000 a second, which one broker takes."""
_SETTLED_S = 1.0
"""How long a connection must outlive an acknowledgement: a broker that is told to write what changes does so within
milliseconds, and when it dies its connections break at once."""
_URGENT = max(topic.rank for topic in TOPICS.values())


class Sender:
    """Knows which entries of the outbox are on their way; used by the publisher's thread alone."""

    def __init__(self, outbox: Outbox, start: Start, clocks: Clocks = SYSTEM) -> None:
        self._outbox, self._start, self._clocks = outbox, start, clocks
        self._sync = Sync(clocks, waiting=start.clock == "unsynced")
        self._in_flight: dict[Token, Entry] = {}
        self._sent_upto = 0
        self._refused = Refused()
        self._trying: set[int] = set()
        self._news = News("delivery")
        self._done: dict[int, float] = {}
        self._allowance = _WINDOW * 1.0
        self._allowed_at_s = clocks.mono_s()
        outbox.begin(start)

    def restart(self) -> None:
        """The connection is lost or a new one: nothing is in flight, and all that waits is sent again."""
        self._in_flight.clear()
        self._done.clear()
        self._sent_upto = 0
        self._refused.restart(self._clocks.mono_s())

    def room(self) -> list[tuple[Entry, Publication]]:
        """The entries to send now, oldest first. sqlite3.Error: the outbox cannot be read now."""
        now_s = self._clocks.mono_s()
        busy = {entry.seq for entry in self._in_flight.values()} | self._done.keys()
        held, most = self._refused.paths, _WINDOW - len(self._in_flight)
        entries = self._outbox.pending(self._sent_upto, most + len(busy), held) if most > 0 else []
        free = [entry for entry in entries if entry.seq not in busy][:most]
        trials = self._trials(busy, now_s)
        self._trying = {entry.seq for entry in trials}
        made = [(entry, self._publication(entry, now_s)) for entry in [*trials, *self._in_time(free, now_s)]]
        return [(entry, publication) for entry, publication in made if publication is not None]

    def sent(self, entry: Entry, token: Token) -> None:
        """Note that an entry of `room` is on its way."""
        self._in_flight[token] = entry
        if entry.seq in self._trying:
            self._refused.tried(entry.path, entry.seq)
        else:
            self._sent_upto = max(self._sent_upto, entry.seq)
        if self._is_historical(entry, self._clocks.mono_s()):
            self._allowance -= 1

    def acknowledged(self, event: Acknowledged) -> None:
        """Note the broker's answer; what answers something else (a retained topic, an old connection) is ignored."""
        entry = self._in_flight.pop(event.token, None)
        if entry is None:
            return
        if event.refusal is None:
            self._done[entry.seq] = self._clocks.mono_s()
            if self._refused.taken(entry.path, entry.seq):
                self._go_on()
        elif self._refused.refused(entry.path, entry.seq, self._clocks.mono_s()):
            said = f"the broker refuses messages on {entry.path} ({event.refusal})"
            self._news.lost(f"{said}: do its ACL and quota allow this box? They wait in the outbox")

    def news(self, t_s: float) -> list[Source]:
        """What there is to tell about the broker's refusals since the last call, stamped with `t_s`; any thread."""
        return self._news.take(t_s)

    def settle(self, at_once: bool = False) -> None:
        """Forget what was acknowledged long enough ago, or `at_once` all that was, in one transaction."""
        until_s = self._clocks.mono_s() - (0.0 if at_once else _SETTLED_S)
        settled = [seq for seq, acknowledged_s in self._done.items() if acknowledged_s <= until_s]
        if settled:
            self._outbox.acknowledge(settled)
            self._done = {seq: done_s for seq, done_s in self._done.items() if done_s > until_s}

    def correction(self) -> float | None:
        """The Unix time at this run's `t_s` 0, once: when the clock has just become trusted. Puts right what waits."""
        offset_s = self._sync.offset_s()
        if offset_s is None:
            return None
        self._outbox.set_right(self._start.boot, offset_s)
        return self._start.mono_s + offset_s

    def _trials(self, busy: Collection[int], now_s: float) -> list[Entry]:
        """The oldest message of each refused topic that is to be tried again."""
        found = []
        for path in self._refused.due(now_s):
            oldest = self._outbox.oldest(path)
            if oldest is None:  # given up meanwhile
                self._refused.free(path)
                self._go_on()
            elif oldest.seq not in busy:
                found.append(oldest)
        return found

    def _go_on(self) -> None:
        """A topic is free again: what was held back goes out from its beginning."""
        self._sent_upto = 0
        if not self._refused.paths:
            self._news.works()

    def _in_time(self, entries: list[Entry], now_s: float) -> list[Entry]:
        """As many of the next entries as may go now: all, unless they are of the past and nothing urgent waits."""
        self._allowance = min(_WINDOW, self._allowance + HISTORICAL_HZ * (now_s - self._allowed_at_s))
        self._allowed_at_s = now_s
        past = sum(self._is_historical(entry, now_s) for entry in entries)
        if past <= self._allowance or self._urgent_waits(now_s):
            return entries
        chosen: list[Entry] = []
        left = int(self._allowance)
        for entry in entries:
            left -= self._is_historical(entry, now_s)
            if left < 0:
                break
            chosen.append(entry)
        return chosen

    def _urgent_waits(self, now_s: float) -> bool:
        newest = self._outbox.newest(_URGENT)
        if newest is None or newest.path in self._refused.paths:
            return False
        return newest.seq > self._sent_upto and not self._is_historical(newest, now_s)

    def _is_historical(self, entry: Entry, now_s: float) -> bool:
        return entry.boot != self._start.name or not 0 <= now_s - entry.put_mono_s <= HISTORICAL_S

    def _publication(self, entry: Entry, now_s: float) -> Publication | None:
        """The message as it is sent; None for one that the file no longer holds whole: it is given up."""
        historical = self._is_historical(entry, now_s)
        try:
            topic, content = TOPICS[entry.name], json.loads(entry.payload)
            if not is_sendable(entry.path):
                raise ValueError(f"its topic is {entry.path!r}")
            stored = corrected(content, self._outbox.corrected.get(entry.boot))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            _log.error("message %d of the outbox is damaged and given up: %s", entry.seq, error)
            self._outbox.give_up(entry)
            return None
        properties = (("schema", str(SCHEMA)), ("historical", str(historical).lower()))
        payload = delivered(stored, entry.seq, historical)
        return Publication(entry.path, payload, topic.qos, topic.retained, topic.expiry_s, properties)
