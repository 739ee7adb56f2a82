"""The sender with a clock of the test's: the pace of the past, and that an alert of now does not wait for it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.publish.mqtt.packets import Acknowledged, Token
from edge.publish.outbox import sender
from edge.publish.outbox.outbox import Outbox
from edge.publish.outbox.sender import HISTORICAL_HZ, HISTORICAL_S, Sender
from edge.publish.topics import TOPICS
from edge.run_registry import Clocks, Start


@dataclass
class Line:
    """A sender over a connection that acknowledges when it is told to."""

    folder: Path
    now_s: float = 1000.0
    packets: int = 0

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.folder / "outbox.db")
        self.outbox._database.connection().execute("PRAGMA synchronous=OFF")  # these tests are not about the disk
        self.sender = Sender(self.outbox, Start("now", "k", 0.0, 0.0, "synced"), Clocks(mono_s=lambda: self.now_s))

    def put(self, count: int, name: str = "alert", boot: str = "before") -> None:
        for _ in range(count):
            self.outbox.put(name, TOPICS[name].rank, f"emvas/{name}", "{}", boot, self.now_s)

    def turn(
        self, refusal: str | None = None, of: tuple[str, ...] | None = None, settled: bool = True
    ) -> list[dict[str, object]]:
        """Send what may go, and let the broker answer; it refuses all, or what is `of` some topics."""
        sent, room = [], self.sender.room()
        for index, (entry, _) in enumerate(room, self.packets + 1):
            self.sender.sent(entry, Token(1, index))
        for entry, publication in room:
            self.packets += 1
            refused = refusal if of is None or entry.name in of else None
            self.sender.acknowledged(Acknowledged(Token(1, self.packets), refused))
            sent.append(json.loads(publication.payload) | {"taken": refused is None, "topic": entry.name})
        if settled:
            self.sender.settle(at_once=True)
        return sent


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def test_the_past_is_sent_oldest_first_at_a_limited_rate(line: Line) -> None:
    line.put(300)
    start_s, sent = line.now_s, []
    while len(sent) < 300:
        found = line.turn()
        assert all(payload["historical"] for payload in found)
        sent += found
        line.now_s += 0.05
    assert [payload["seq"] for payload in sent] == list(range(1, 301))
    assert 300 / (line.now_s - start_s) == pytest.approx(HISTORICAL_HZ, rel=0.15)


def test_an_alert_of_now_lifts_the_limit_until_it_is_out(line: Line) -> None:
    line.put(100)
    line.put(1, boot="now")
    line.put(100, "summary", boot="before")
    turns, sent = 0, []
    while not any(not payload["historical"] for payload in sent):
        sent += line.turn()
        turns += 1
        assert turns < 10, "the clock stands still: only the window bounds it"
    assert [payload["seq"] for payload in sent] == sorted(payload["seq"] for payload in sent)  # type: ignore[type-var]
    for _ in range(10):
        line.turn()
    assert line.outbox.rows > 60, "behind it the limit holds again"


def test_alerts_of_now_overtake_a_long_backlog_in_their_own_order_and_it_follows(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "SHORT_BACKLOG", 100)
    line.put(300)
    first = line.turn()
    assert [payload["seq"] for payload in first] == list(range(1, 21))
    for _ in range(3):
        line.put(1, boot="now")
        line.put(1, "summary", boot="now")
    assert [payload["seq"] for payload in line.turn()] == [301, 303, 305], "the window has room, the rate has none"
    arrived = []
    while line.outbox.rows:
        line.now_s += 0.5
        arrived += [payload["seq"] for payload in line.turn()]
    assert arrived == [*range(21, 301), 302, 304, 306], "the past in order, each once"


def test_a_summary_of_now_lifts_nothing(line: Line) -> None:
    line.put(200)
    line.put(1, "summary", boot="now")
    assert sum(len(line.turn()) for _ in range(20)) <= 20


def test_what_is_of_now_has_no_limit(line: Line) -> None:
    line.put(500, boot="now")
    assert sum(len(line.turn()) for _ in range(26)) == 500


def test_what_has_waited_for_a_minute_is_of_the_past(line: Line) -> None:
    line.put(1, boot="now")
    line.now_s += HISTORICAL_S + 1
    line.put(1, boot="now")
    assert [payload["historical"] for payload in line.turn()] == [True, False]


@pytest.mark.parametrize(
    "damage",
    [
        "path = 'emvas/+'",
        "path = x'00'",
        "payload = '[1]'",
        "payload = '{\"id\": 1'",
        "payload = CAST(x'7b22ff227d' AS TEXT)",
        "name = 'alarm'",
    ],
)
def test_a_message_that_the_file_no_longer_holds_whole_is_given_up_and_bars_no_other(line: Line, damage: str) -> None:
    line.put(3, boot="now")
    line.outbox._database.connection().execute(f"UPDATE outbox SET {damage} WHERE seq = 2")
    sent = [payload["seq"] for payload in line.turn()]
    assert sent == [1, 3]
    assert line.outbox.rows == 0
    assert sum(line.outbox.evicted.values()) == 1


@pytest.mark.parametrize("damage", ["put_mono_s = 'x'", "rank = 'x'", "boot = x'00'", "bytes = 'x'"])
def test_a_message_whose_circumstances_are_damaged_is_sent_all_the_same(line: Line, damage: str) -> None:
    line.put(3, boot="now")
    line.outbox._database.connection().execute(f"UPDATE outbox SET {damage} WHERE seq = 2")
    assert [payload["seq"] for payload in line.turn()] == [1, 2, 3]
    assert line.outbox.rows == 0


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(["now", "before"]), st.floats(0.0, 90.0), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_is_put_when_and_however_often_the_line_breaks_first_arrivals_are_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, float, bool]]
) -> None:
    line = Line(tmp_path_factory.mktemp("line"))
    arrived: list[object] = []
    for count, boot, pause_s, breaks in steps:
        line.put(count, boot=boot)
        if breaks:
            arrived += [json.loads(publication.payload)["seq"] for _, publication in line.sender.room()]
            line.sender.restart()  # sent, heard, and the answer lost
        arrived += [payload["seq"] for payload in line.turn()]
        line.now_s += pause_s
    for _ in range(1000):
        if line.outbox.rows == 0:
            break
        arrived += [payload["seq"] for payload in line.turn()]
        line.now_s += 0.5
    assert list(dict.fromkeys(arrived)) == list(range(1, sum(count for count, *_ in steps) + 1))
    line.outbox.close()


def test_a_refused_topic_waits_alone_is_tried_with_growing_waits_and_told_once(line: Line) -> None:
    for _ in range(30):
        line.put(1, "alert", "now")
        line.put(1, "summary", "now")
    tries, taken = [], []
    for _ in range(1800):
        found = line.turn("Not authorized", ("summary",))
        tries += [line.now_s for sent in found if not sent["taken"]]
        taken += [sent["seq"] for sent in found if sent["taken"]]
        line.now_s += 0.1
    assert taken == list(range(1, 60, 2)), "the alerts, in order, at once"
    waits_s = [round(b - a) for a, b in pairwise(tries) if b - a > 1]
    assert waits_s == [5, 10, 20, 40, 60], "one message a time"
    assert len(tries) <= 20 + len(waits_s)
    (told,) = line.sender.take_reports(1.0)
    assert (told.source, told.state) == ("delivery", "lost")
    assert "emvas/summary (Not authorized)" in told.detail
    freed = []
    for _ in range(700):
        freed += [sent["seq"] for sent in line.turn()]
        line.now_s += 0.1
    assert freed == list(range(2, 61, 2)), "from the beginning, in order, each once"
    assert [source.state for source in line.sender.take_reports(2.0)] == ["ok"]
    assert line.outbox.rows == 0


def test_when_rights_change_while_messages_are_in_flight_only_those_overtake_the_refused_one(line: Line) -> None:
    line.put(60, boot="now")
    room = line.sender.room()
    for index, (entry, _) in enumerate(room):
        line.sender.sent(entry, Token(1, index))
    taken = []
    for index, (entry, _) in enumerate(room):
        line.sender.acknowledged(Acknowledged(Token(1, index), "Not authorized" if entry.seq in (5, 9) else None))
        assert line.sender.room() == [] or entry.seq < 5, "what was not sent yet waits behind the refused one"
        taken += [entry.seq] if entry.seq not in (5, 9) else []
    line.sender.settle(at_once=True)
    for _ in range(200):
        taken += [sent["seq"] for sent in line.turn()]
        line.now_s += 0.1
    assert taken == [*(number for number in range(1, 21) if number not in (5, 9)), 5, 9, *range(21, 61)]


def test_what_a_broker_acknowledged_just_before_it_died_is_sent_again(line: Line) -> None:
    line.put(3, boot="now")
    first = line.turn(settled=False)
    line.now_s += 0.9
    second = line.turn(settled=False)
    line.put(1, boot="now")
    third = line.turn(settled=False)
    line.now_s += 0.2
    line.sender.settle()
    assert line.outbox.rows == 1, "those of more than a second ago are the broker's"
    line.sender.restart()
    again = line.turn(settled=False)
    assert [[payload["seq"] for payload in part] for part in (first, second, third, again)] == [[1, 2, 3], [], [4], [4]]
    line.now_s += 1.1
    line.sender.settle()
    assert line.outbox.rows == 0


def test_what_waits_to_be_forgotten_holds_nothing_up(line: Line) -> None:
    line.put(500, boot="now")
    assert sum(len(line.turn(settled=False)) for _ in range(26)) == 500
    assert line.outbox.rows == 500


def fail(line: Line, failing: bool) -> None:
    """The card answers neither reads nor writes."""
    database = line.outbox._database
    if failing:
        error = sqlite3.OperationalError("disk I/O error")
        database.read = database.write = Mock(side_effect=error)  # type: ignore[method-assign]
    else:
        del database.read, database.write


def test_messages_on_a_card_that_answered_nothing_for_a_while_follow_over_the_same_connection(line: Line) -> None:
    line.put(2, boot="now")
    fail(line, True)
    line.put(1, boot="now")
    assert [payload["seq"] for payload in line.turn()] == [3], "an alert in memory does not wait for the card"
    assert line.turn() == []
    line.put(1, boot="now")
    assert [payload["seq"] for payload in line.turn(settled=False)] == [4]
    fail(line, False)
    assert [payload["seq"] for payload in line.turn(settled=False)] == [1, 2], "each once"
    assert line.turn() == []
    line.outbox.mend()
    assert line.outbox.rows == 0
    lost, works = line.outbox.take_reports(0.0)
    assert (lost.state, works.state) == ("lost", "ok"), "one report of each"
    assert "disk I/O error" in lost.detail


def test_a_refused_topic_stays_held_while_the_card_cannot_be_read(line: Line) -> None:
    line.put(1, "summary", boot="now")
    line.turn(refusal="Not authorized", of=("summary",))
    fail(line, True)
    line.put(1, "summary", boot="now")
    line.put(1, boot="now")
    line.now_s += 3600
    assert [payload["topic"] for payload in line.turn()] == ["alert"]
    fail(line, False)
    assert [payload["seq"] for payload in [*line.turn(), *line.turn()]] == [1, 2], "the older summary first"


def test_a_card_that_can_only_be_written_is_told_and_told_again_when_it_reads(line: Line) -> None:
    line.put(1, boot="now")
    line.outbox._database.read = Mock(side_effect=sqlite3.OperationalError("disk I/O error"))  # type: ignore[method-assign]
    for _ in range(3):
        assert line.turn() == []
        line.put(1, boot="now")
        line.outbox.mend()
    (lost,) = line.outbox.take_reports(0.0)
    assert "cannot be read (disk I/O error)" in lost.detail
    del line.outbox._database.read
    line.outbox.mend()
    assert [source.state for source in line.outbox.take_reports(0.0)] == ["ok"]
    assert [payload["seq"] for payload in line.turn()] == [1, 2, 3, 4]


def test_a_new_connection_tries_what_was_refused_at_once(line: Line) -> None:
    line.put(30, boot="now")
    line.turn("Not authorized")
    assert line.turn() == []
    line.sender.restart()
    sent = [sent["seq"] for _ in range(4) for sent in line.turn()]
    assert sent == list(range(1, 31))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["alert", "summary"]), st.sets(st.sampled_from(["alert", "summary"])),
                          st.floats(0.0, 30.0), st.booleans()), max_size=25))  # fmt: skip
def test_whatever_is_refused_when_each_topic_arrives_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, set[str], float, bool]]
) -> None:
    line, arrived = Line(tmp_path_factory.mktemp("line")), []
    for name, refused, wait_s, breaks in steps:
        line.put(3, name, "now")
        arrived += [sent for sent in line.turn("Not authorized", tuple(refused)) if sent["taken"]]
        line.now_s += wait_s
        if breaks:
            line.sender.restart()
    for _ in range(400):
        if line.outbox.rows == 0:
            break
        arrived += line.turn()
        line.now_s += 1.0
    assert line.outbox.rows == 0
    for name in ("alert", "summary"):
        numbers = [sent["seq"] for sent in arrived if sent["topic"] == name]
        assert numbers == sorted(numbers), "in order"
    assert len(arrived) == len({sent["seq"] for sent in arrived}) == 3 * len(steps)
    line.outbox.close()
