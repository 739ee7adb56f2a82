"""The order of first arrivals at a broker that dies again and again in the middle of everything."""

from __future__ import annotations

import json
import random
import tempfile
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.publish.mqtt.flow_control import InFlight
from edge.publish.mqtt.packets import Acknowledged, Limits, Publication, Token
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.rows import OutboxRow
from edge.publish.outbox.sender import Sender, name_on_its_way
from edge.publish.topics import TOPICS
from edge.run_registry import Clocks, Start

ALERT, SUMMARY = "emvas/alert", "emvas/summary"


@dataclass
class Line:
    """A box's outbox, and a broker that takes some of what is on its way before it dies."""

    folder: Path
    now_s: float = 1000.0
    connection: int = 0
    packets: int = 0
    arrived: list[int] = field(default_factory=list)
    flight: list[tuple[Token, OutboxRow, Publication]] = field(default_factory=list)
    alerts: set[int] = field(default_factory=set)
    historical: set[int] = field(default_factory=set)
    """Those that had the mark at their first arrival."""
    blamed: bool = False

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.folder / "outbox.db")
        self.outbox._database.connection().execute("PRAGMA synchronous=OFF")  # this is about the order, not the disk
        clocks = Clocks(mono_s=lambda: self.now_s)
        start = Start("now", "k", 0.0, 0.0, "synced")
        self.sender = Sender(self.outbox, start, clocks, last=frozenset({SUMMARY}))
        self.traffic = InFlight({ALERT, SUMMARY})
        self.connect()

    def put(self, name: str, boot: str = "now") -> None:
        seq = self.outbox.put(name, TOPICS[name].rank, f"emvas/{name}", "{}", boot, self.now_s)
        self.alerts |= {seq} if name == "alert" else set()

    def connect(self) -> None:
        self.connection += 1
        self.flight.clear()
        blame = self.traffic.begin(Limits(), self.now_s)
        if blame and not blame.again:
            self.blamed = True
            if self.sender.hung_up(blame):
                self.traffic.widen(blame.name, blame.topic)
        self.sender.restart()

    def send(self) -> None:
        self.traffic.settle(self.now_s)
        self.sender.settle()
        for entry, publication in self.sender.room(self.traffic.held(self.now_s), self.traffic.doubted):
            if not self.traffic.takes(name_on_its_way(entry), entry.path, self.now_s):
                return
            self.packets += 1
            token = Token(self.connection, self.packets)
            self.traffic.sent(token, name_on_its_way(entry), entry.path, self.now_s)
            self.sender.sent(entry, token)
            self.flight.append((token, entry, publication))

    def answer(self, arrived: int, acknowledged: int) -> None:
        """The first of what is on its way arrive, and some of these are acknowledged."""
        for number, (token, entry, publication) in enumerate(self.flight[:arrived]):
            if entry.seq not in self.arrived:
                self.arrived.append(entry.seq)
                self.historical |= {entry.seq} if json.loads(publication.payload)["historical"] else set()
            if number < acknowledged:
                self.sender.acknowledged(Acknowledged(token, None))
                freed = self.traffic.acknowledged(token)
                if freed:
                    self.sender.freed(freed)
        self.flight = self.flight[acknowledged:]


def night(line: Line, chance: random.Random, cuts: int, cut_share: float) -> int:
    """Alerts and summaries go out while the broker dies `cuts` times; return how many there were."""
    for name in ("alert", "summary"):
        line.put(name)
    line.send()
    line.answer(2, 2)  # both are allowed
    count = 2
    while cuts or line.outbox.rows:
        for _ in range(chance.randrange(3) if cuts else 0):
            line.put("summary" if chance.random() < 0.3 else "alert")
            count += 1
        line.now_s += chance.choice((0.001, 0.01, 0.1))
        line.send()
        arrived = chance.randrange(len(line.flight) + 1)
        if cuts and chance.random() < cut_share:
            line.answer(arrived, chance.randrange(arrived + 1))
            line.now_s += chance.uniform(0.5, 6.0)
            line.connect()
            cuts -= 1
        else:
            line.answer(arrived, arrived)
    return count


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.floats(0.05, 0.6))
def test_however_often_the_broker_dies_each_topic_arrives_in_order_unless_a_message_is_blamed_for_it(
    seed: int, cuts: int, cut_share: float
) -> None:
    """And an alert waits for no alert and no summary that follows it: only a summary is ever overtaken."""
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder))
        count = night(line, random.Random(seed), cuts, cut_share)
        assert sorted(line.arrived) == list(range(1, count + 1)), "each arrives"
        if not line.blamed:
            for alerts in (True, False):
                own = [seq for seq in line.arrived if (seq in line.alerts) == alerts]
                assert own == sorted(own)
            late = {seq for place, seq in enumerate(line.arrived) if seq < max(line.arrived[: place + 1])}
            assert not late & line.alerts


def tunnels(line: Line, chance: random.Random, count: int) -> int:
    """A box with a backlog of an earlier run drives through tunnels and raises up to 40 alerts a second."""
    total = chance.randrange(80)
    for _ in range(total):
        line.put("alert", "before")
    for _ in range(count):
        outage_s, alerts_hz = chance.choice((3.0, 50.0, 61.0, 90.0)), chance.choice((0.2, 5.0, 40.0))
        for _ in range(int(outage_s * alerts_hz)):
            line.now_s += 1 / alerts_hz
            line.put("summary" if chance.random() < 0.1 else "alert")
            total += 1
        line.connect()
        for _ in range(chance.randrange(40)):
            line.now_s += chance.choice((0.002, 0.02, 0.2))
            line.put("alert")
            total += 1
            line.send()
            arrived = chance.randrange(len(line.flight) + 1)
            line.answer(arrived, arrived)
    line.connect()
    while line.outbox.rows:
        line.now_s += 0.5
        line.send()
        line.answer(len(line.flight), len(line.flight))
    return total


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_only_a_message_that_is_marked_historical_is_ever_overtaken_on_its_topic(seed: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch("edge.publish.outbox.sender.SHORT_BACKLOG", 50):
        line = Line(Path(folder))
        total = tunnels(line, random.Random(seed), count)
        assert sorted(line.arrived) == list(range(1, total + 1)), "each arrives"
        for alerts in (True, False):
            own = [seq for seq in line.arrived if (seq in line.alerts) == alerts]
            past = [seq for seq in own if seq in line.historical]
            assert past == sorted(past)
            late = {seq for seq, highest in zip(own, accumulate(own, max), strict=True) if seq < highest}
            assert late <= line.historical


def test_alerts_go_before_a_summary_that_was_on_its_way_at_two_cuts(tmp_path: Path) -> None:
    line = Line(tmp_path)
    for name in ("alert", "summary"):
        line.put(name)
    line.send()
    line.answer(2, 2)
    line.now_s += 2.0
    line.send()
    line.put("summary")
    for _ in range(2):
        line.send()
        line.now_s += 3.0
        line.connect()
    line.put("alert")
    line.send()
    assert [entry.path for _, entry, _ in line.flight] == [ALERT]
    line.answer(1, 1)
    line.send()
    line.answer(1, 1)
    assert line.arrived == [1, 2, 4, 3]


def test_a_topic_that_is_forbidden_in_the_middle_is_held_back_whole_at_its_second_message(tmp_path: Path) -> None:
    """The first is one message that the broker may not bear; the second says that it is the topic."""
    line = Line(tmp_path)
    for name in ("alert", "summary"):
        line.put(name)
    line.send()
    line.answer(2, 2)
    line.now_s += 2.0
    line.send()
    cuts = 0
    for _ in range(4):
        line.put("summary")
    while cuts < 20 and SUMMARY not in line.traffic.held(line.now_s):
        line.send()
        assert line.flight
        cuts += 1
        line.now_s += 0.5
        line.connect()
    assert cuts <= 6
