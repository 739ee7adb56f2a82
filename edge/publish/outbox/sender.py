"""Emptying the outbox into a connection: a bounded number in flight, forgotten only when acknowledged.

An acknowledgement counts once its connection has outlived it for a moment: a broker that is killed may have
acknowledged what it had neither passed on nor written down, and that is sent again.

It goes in the order in which it was put, and what tells of the past at a limited rate, so that a fleet that comes back
does not drown its broker. An alert of now lifts that limit until it is out; where a long backlog waits before it, it
overtakes, and the backlog follows.

A message that the broker refuses is held back, with all that follow on its topic, and tried again (`TopicHold`). So is
a message on which it hangs up (`InFlight`). The order then holds for each topic; across topics only `seq` gives it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection

from edge.database import StoreEvents
from edge.i18n.sentence import Sentence
from edge.messages import Source
from edge.publish.builders import corrected, delivered
from edge.publish.mqtt.events import Acknowledged, Publication, Token
from edge.publish.mqtt.flow_control import WINDOW, HangUp
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.rows import OutboxRow
from edge.publish.outbox.topic_hold import TopicHold
from edge.publish.payloads import SCHEMA
from edge.publish.topics import TOPICS, is_sendable
from edge.run_registry import SYSTEM, Clocks, Start, Sync

_log = logging.getLogger(__name__)

HISTORICAL_S = 60.0
"""A message that waited longer than this is marked `historical`: it tells of the past, not of now."""
HISTORICAL_HZ = 20.0
"""Messages of the past a second: 1000 boxes that come back at once make 20 000 a second, which one broker takes."""
SHORT_BACKLOG = 1000
"""So many messages before an alert of now are sent before it, at once: 50 windows, 5 s over a mobile line with 100 ms
there and back. A bus that raises 50 steps an hour has them after 20 h without a broker; what less leaves arrives in
order."""
_SETTLED_S = 1.0
"""How long a connection must outlive an acknowledgement: a broker that is told to write what changes does so within
milliseconds, and when it dies its connections break at once."""
_URGENT = max(topic.rank for topic in TOPICS.values())


class Sender:
    """Knows which entries of the outbox are on their way; used by the publisher's thread alone."""

    def __init__(
        self, outbox: Outbox, start: Start, clocks: Clocks = SYSTEM, last: frozenset[str] = frozenset()
    ) -> None:
        """`last` are the topics that can wait for others."""
        self._last = last
        self._outbox, self._start, self._clocks = outbox, start, clocks
        self._sync = Sync(clocks, waiting=start.clock == "unsynced")
        self._in_flight: dict[Token, OutboxRow] = {}
        self._sent_upto = self._fresh_upto = 0
        self._held: frozenset[str] = frozenset()
        self._good: set[str] = set()
        self._unfit: set[int] = set()
        self._refused = TopicHold()
        self._trying: set[int] = set()
        self._overtaking: set[int] = set()
        self._news = StoreEvents("delivery")
        self._done: dict[int, float] = {}
        self._allowance = WINDOW * 1.0
        self._allowed_at_s = clocks.mono_s()
        outbox.begin(start)

    def restart(self) -> None:
        """The connection is lost or a new one: nothing is in flight, and all that waits is sent again."""
        self._in_flight.clear()
        self._done.clear()
        self._unfit.clear()
        self._from_the_beginning()
        self._refused.restart(self._clocks.mono_s())

    def blamed(self, blame: HangUp) -> bool:
        """Say what the broker hangs up on; return whether it is the whole topic: it took no other message of it."""
        if blame.topic in self._good:
            self._good.discard(blame.topic)  # another one, and it is the topic
            _log.error("the broker hangs up on message %s: it is tried again later, what follows goes on", blame.name)
            return False
        self._news.lost(Sentence("topic_hang_up", topic=blame.topic))
        return True

    def freed(self, path: str) -> None:
        """The broker takes messages on this topic after all: what was held back goes out from its beginning."""
        self._held -= {path}
        self._go_on()

    def room(
        self, held: frozenset[str] = frozenset(), doubted: frozenset[str] = frozenset(), most: int = WINDOW
    ) -> list[tuple[OutboxRow, Publication]]:
        """The entries to send now, in order, up to `most` in flight.

        Those on topics that are `held` wait; those on `doubted` ones, but for alerts, go when there are no others: an
        alert does not wait to see whether the broker hangs up on a summary.
        sqlite3.Error: the outbox cannot be read now.
        """
        now_s = self._clocks.mono_s()
        busy = {entry.seq for entry in self._in_flight.values()} | self._done.keys() | self._unfit
        most -= len(self._in_flight)
        if most <= 0:
            return []
        trials = [entry for entry in self._trials(busy, now_s) if entry.path not in held]
        self._trying = {entry.seq for entry in trials}
        last = doubted & self._last
        busy |= {int(name.rpartition("#")[2]) for name in held if "#" in name}
        chosen = [*trials, *self._without(held | last, busy, most, now_s)]
        if last and not chosen:
            chosen = self._without(held, busy, most, now_s)
        made = [(entry, self._publication(entry, now_s)) for entry in chosen]
        return [(entry, publication) for entry, publication in made if publication is not None]

    def _without(self, held: frozenset[str], busy: Collection[int], most: int, now_s: float) -> list[OutboxRow]:
        """What goes next where these topics wait; a topic that waits no longer begins anew."""
        if self._held - held:
            self._from_the_beginning()
        self._held = held
        return self._chosen(busy, most, {*self._refused.paths, *held}, now_s)

    def skip(self, entry: OutboxRow) -> None:
        """It is larger than this broker takes: it waits for a connection on which it fits."""
        self._unfit.add(entry.seq)

    def sent(self, entry: OutboxRow, token: Token) -> None:
        """Note that an entry of `room` is on its way."""
        self._in_flight[token] = entry
        if entry.seq in self._trying:
            self._refused.tried(entry.path, entry.seq)
        elif entry.seq in self._overtaking:
            self._fresh_upto = max(self._fresh_upto, entry.seq)
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
            self._good.add(entry.path)
            if self._refused.taken(entry.path, entry.seq):
                self._go_on()
        elif self._refused.refused(entry.path, entry.seq, self._clocks.mono_s()):
            self._news.lost(Sentence("topic_refused", topic=entry.path, reason=event.refusal))

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

    def _trials(self, busy: Collection[int], now_s: float) -> list[OutboxRow]:
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
        self._from_the_beginning()
        if not self._refused.paths and not self._held:
            self._news.works()

    def _from_the_beginning(self) -> None:
        self._sent_upto = self._fresh_upto = 0

    def _chosen(self, busy: Collection[int], most: int, held: Collection[str], now_s: float) -> list[OutboxRow]:
        """What goes next: in order of number, but the alerts of now before the past."""
        entries = self._outbox.pending(self._sent_upto, most + len(busy), held)
        free = [entry for entry in entries if entry.seq not in busy][:most]
        self._overtaking = set()
        if not free or not self._is_historical(free[0], now_s):
            return self._in_time(free, now_s)
        since_s = now_s - HISTORICAL_S
        fresh = self._outbox.fresh(_URGENT, self._start.name, since_s, self._fresh_upto, most + len(busy), held)
        fresh = [entry for entry in fresh if entry.seq not in busy][:most]
        if not fresh:
            return self._in_time(free, now_s)
        if self._outbox.rows_before(fresh[0].seq, SHORT_BACKLOG + 1) <= SHORT_BACKLOG:
            return free
        self._overtaking = {entry.seq for entry in fresh}
        others = [entry for entry in free if entry.seq not in self._overtaking]
        return [*fresh, *self._in_time(others[: most - len(fresh)], now_s)]

    def _in_time(self, entries: list[OutboxRow], now_s: float) -> list[OutboxRow]:
        """As many of the next entries as may go now: all, unless they are of the past."""
        self._allowance = min(WINDOW, self._allowance + HISTORICAL_HZ * (now_s - self._allowed_at_s))
        self._allowed_at_s = now_s
        chosen: list[OutboxRow] = []
        left = int(self._allowance)
        for entry in entries:
            past = self._is_historical(entry, now_s)
            left -= past
            if past and left < 0:
                break
            chosen.append(entry)
        return chosen

    def _is_historical(self, entry: OutboxRow, now_s: float) -> bool:
        return entry.boot != self._start.name or not 0 <= now_s - entry.put_mono_s <= HISTORICAL_S

    def _publication(self, entry: OutboxRow, now_s: float) -> Publication | None:
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
