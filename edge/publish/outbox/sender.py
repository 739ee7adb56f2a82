"""Sends the outbox over a connection: a bounded number in flight, each deleted only after its acknowledgement.

An acknowledgement counts when its connection lasts for a moment after it. A broker that is killed may have acknowledged
messages that it had neither forwarded nor stored; these are sent again.

Messages are sent in order, historical ones at a limited rate, so that a fleet that reconnects does not overload its
broker. The limit does not apply to a backlog before a current alert. If that backlog is long, the alert overtakes it.

A message that the broker refuses is held back, with all that follow on its topic, and tried again (`TopicHold`). So is
a message on which it hangs up (`InFlight`). The order then holds for each topic; across topics only `seq` gives it.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection

from edge.database import StoreEvents
from edge.i18n.texts import Sentence
from edge.messages import Source
from edge.publish.mqtt.flow_control import WINDOW, HangUp, TopicHold
from edge.publish.mqtt.packets import Acknowledged, Publication, Token
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.rows import OutboxRow
from edge.publish.payloads import SCHEMA
from edge.publish.publications import corrected, delivered, is_sendable
from edge.publish.topics import TOPICS
from edge.run_registry import SYSTEM, Clocks, Start, Sync

_log = logging.getLogger(__name__)

HISTORICAL_S = 60.0
"""A message that waited longer than this is marked `historical`."""
HISTORICAL_HZ = 20.0
"""Historical messages per second: 1000 boxes that reconnect together send 20 000, which one broker can take."""
SHORT_BACKLOG = 1000
"""A current alert waits for a backlog up to this size, which is sent at once: 50 windows, 5 s over a mobile network
with 100 ms round trip. A bus with 50 alert steps an hour has this backlog after 20 h without a broker."""
_SETTLED_S = 1.0
"""How long a connection must last after an acknowledgement. A broker that stores its changes does so within
milliseconds, and its connections break at once when it dies."""
_URGENT = max(topic.rank for topic in TOPICS.values())


def name_on_its_way(row: OutboxRow) -> str:
    """Name of a row in `edge.publish.mqtt.flow_control`."""
    return f"{row.path} #{row.seq}"


def _seqs(names: Collection[str]) -> set[int]:
    """The rows among these names."""
    return {int(name.rpartition("#")[2]) for name in names if "#" in name}


class Sender:
    """Chooses the next rows of the outbox and tracks those in flight; used only by the publisher's thread."""

    def __init__(
        self, outbox: Outbox, start: Start, clocks: Clocks = SYSTEM, last: frozenset[str] = frozenset()
    ) -> None:
        """`last` are topics that can wait for others."""
        self._last = last
        self._outbox, self._start, self._clocks = outbox, start, clocks
        self._sync = Sync(clocks, waiting=start.clock == "unsynced")
        self._in_flight: dict[Token, OutboxRow] = {}
        self._sent_upto = self._fresh_upto = 0
        self._held: frozenset[str] = frozenset()
        self._good: set[str] = set()
        self._unfit: set[int] = set()
        self._topic_hold = TopicHold()
        self._trying: set[int] = set()
        self._overtaking: set[int] = set()
        self._store_events = StoreEvents("delivery")
        self._done: dict[int, float] = {}
        self._allowance = WINDOW * 1.0
        self._allowed_at_s = clocks.mono_s()
        outbox.begin(start)

    def restart(self) -> None:
        """The connection is lost or new: nothing is in flight, and all waiting messages are sent again."""
        self._in_flight.clear()
        self._done.clear()
        self._unfit.clear()
        self._from_the_beginning()
        self._topic_hold.restart(self._clocks.mono_s())

    def hung_up(self, hang_up: HangUp) -> bool:
        """Report what the broker hangs up on; return whether the whole topic is held: no other message was accepted."""
        if hang_up.topic in self._good:
            self._good.discard(hang_up.topic)  # after another one, the whole topic counts
            _log.error("the broker hangs up on message %s: it is tried again later, what follows goes on", hang_up.name)
            return False
        self._store_events.lost(Sentence("topic_hang_up", topic=hang_up.topic))
        return True

    def freed(self, path: str) -> None:
        """The broker accepts this topic again: held messages are sent from the oldest on."""
        self._held -= {path}
        self._go_on()

    def room(
        self, held: frozenset[str] = frozenset(), doubted: frozenset[str] = frozenset(), most: int = WINDOW
    ) -> list[tuple[OutboxRow, Publication]]:
        """The rows to send now, in order, up to `most` in flight.

        Rows of `held` topics wait. Rows of `doubted` topics, except alerts, are sent when there are no others: an alert
        does not wait for the result of a summary. After a disk that could not be read, the oldest messages come first.
        """
        now_s = self._clocks.mono_s()
        if self._outbox.take_unread():
            self._from_the_beginning()
        busy = {row.seq for row in self._in_flight.values()} | self._done.keys() | self._unfit
        most -= len(self._in_flight)
        if most <= 0:
            return []
        trials = [row for row in self._trials(busy, now_s) if row.path not in held]
        self._trying = {row.seq for row in trials}
        last = doubted & self._last
        busy |= _seqs(held)
        chosen = [*trials, *self._without(held | last, busy, most, now_s)]
        if last and not chosen:
            chosen = self._without(held, busy, most, now_s)
        made = [(row, self._publication(row, now_s)) for row in chosen]
        return [(row, publication) for row, publication in made if publication is not None]

    def _without(self, held: frozenset[str], busy: Collection[int], most: int, now_s: float) -> list[OutboxRow]:
        """The next rows while these topics wait; a topic that no longer waits starts from its oldest row."""
        if self._held - held:
            self._from_the_beginning()
        self._held = held
        return self._chosen(busy, most, {*self._topic_hold.paths, *held}, now_s)

    def skip(self, row: OutboxRow) -> None:
        """It is too large for this broker: it waits for another connection."""
        self._unfit.add(row.seq)

    def sent(self, row: OutboxRow, token: Token) -> None:
        """Note that a row of `room` was sent."""
        self._in_flight[token] = row
        if row.seq in self._trying:
            self._topic_hold.tried(row.path, row.seq)
        elif row.seq in self._overtaking:
            self._fresh_upto = max(self._fresh_upto, row.seq)
        else:
            self._sent_upto = max(self._sent_upto, row.seq)
        if self._is_historical(row, self._clocks.mono_s()):
            self._allowance -= 1

    def acknowledged(self, event: Acknowledged) -> bool:
        """Note the broker's acknowledgement of a row; False: it is of a retained topic or of an old connection."""
        row = self._in_flight.pop(event.token, None)
        if row is None:
            return False
        if event.refusal is None:
            self._done[row.seq] = self._clocks.mono_s()
            self._good.add(row.path)
            if self._topic_hold.taken(row.path, row.seq):
                self._go_on()
        elif self._topic_hold.refused(row.path, row.seq, self._clocks.mono_s()):
            self._store_events.lost(Sentence("topic_refused", topic=row.path, reason=event.refusal))
        return True

    def take_reports(self, t_s: float) -> list[Source]:
        """Reports about refused messages since the last call, with timestamp `t_s`; from any thread."""
        return self._store_events.take(t_s)

    def settle(self, at_once: bool = False) -> None:
        """Delete, in one transaction, the rows acknowledged long enough ago, or all of them (`at_once`)."""
        until_s = self._clocks.mono_s() - (0.0 if at_once else _SETTLED_S)
        settled = [seq for seq, acknowledged_s in self._done.items() if acknowledged_s <= until_s]
        if settled:
            self._outbox.acknowledge(settled)
            self._done = {seq: done_s for seq, done_s in self._done.items() if done_s > until_s}

    def correction(self) -> float | None:
        """The Unix time at this run's `t_s` 0, once, when the clock was synchronized. Corrects the waiting rows."""
        offset_s = self._sync.offset_s()
        if offset_s is None:
            return None
        self._outbox.set_right(self._start.boot, offset_s)
        return self._start.mono_s + offset_s

    def _trials(self, busy: Collection[int], now_s: float) -> list[OutboxRow]:
        """The oldest row of each refused topic that is due for a trial."""
        found = []
        for path in self._topic_hold.due(now_s):
            try:
                oldest = self._outbox.oldest(path)
            except sqlite3.Error:  # reported by the outbox
                break
            if oldest is None:  # evicted meanwhile
                self._topic_hold.free(path)
                self._go_on()
            elif oldest.seq not in busy:
                found.append(oldest)
        return found

    def _go_on(self) -> None:
        """A topic is free again: its rows are sent from the oldest on."""
        self._from_the_beginning()
        if not self._topic_hold.paths and not self._held:
            self._store_events.works()

    def _from_the_beginning(self) -> None:
        self._sent_upto = self._fresh_upto = 0

    def _chosen(self, busy: Collection[int], most: int, held: Collection[str], now_s: float) -> list[OutboxRow]:
        """The next rows in order of `seq`, with current alerts before a long backlog."""
        rows = self._outbox.pending(self._sent_upto, most + len(busy), held)
        free = [row for row in rows if row.seq not in busy][:most]
        self._overtaking = set()
        if not free or not self._is_historical(free[0], now_s):
            return self._in_time(free, now_s)
        since_s = now_s - HISTORICAL_S
        fresh = self._outbox.fresh(_URGENT, self._start.name, since_s, self._fresh_upto, most + len(busy), held)
        fresh = [row for row in fresh if row.seq not in busy][:most]
        if not fresh:
            return self._in_time(free, now_s)
        if self._outbox.rows_before(fresh[0].seq, SHORT_BACKLOG + 1) <= SHORT_BACKLOG:
            return free
        self._overtaking = {row.seq for row in fresh}
        others = [row for row in free if row.seq not in self._overtaking]
        return [*fresh, *self._in_time(others[: most - len(fresh)], now_s)]

    def _in_time(self, rows: list[OutboxRow], now_s: float) -> list[OutboxRow]:
        """As many of the next rows as the rate limit of historical messages allows."""
        self._allowance = min(WINDOW, self._allowance + HISTORICAL_HZ * (now_s - self._allowed_at_s))
        self._allowed_at_s = now_s
        chosen: list[OutboxRow] = []
        left = int(self._allowance)
        for row in rows:
            past = self._is_historical(row, now_s)
            left -= past
            if past and left < 0:
                break
            chosen.append(row)
        return chosen

    def _is_historical(self, row: OutboxRow, now_s: float) -> bool:
        return row.boot != self._start.name or not 0 <= now_s - row.put_mono_s <= HISTORICAL_S

    def _publication(self, row: OutboxRow, now_s: float) -> Publication | None:
        """The message as it is sent; None for a damaged row, which is deleted."""
        historical = self._is_historical(row, now_s)
        try:
            topic, content = TOPICS[row.name], json.loads(row.payload)
            if not is_sendable(row.path):
                raise ValueError(f"its topic is {row.path!r}")
            stored = corrected(content, self._outbox.corrected.get(row.boot))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            _log.error("message %d of the outbox is damaged and given up: %s", row.seq, error)
            self._outbox.give_up(row)
            return None
        properties = (("schema", str(SCHEMA)), ("historical", str(historical).lower()))
        payload = delivered(stored, row.seq, historical)
        return Publication(row.path, payload, topic.qos, topic.retained, topic.expiry_s, properties)
