"""The outbox: order, bounds, acknowledgement, and what a kill, a full disk or a damaged file does to it."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.publish.outbox.outbox import Outbox

RANKS = {"health": 0, "summary": 1, "alert": 2}


def put(outbox: Outbox, name: str = "alert", payload: str = "{}") -> int:
    return outbox.put(name, RANKS[name], f"emvas/{name}", payload, "boot", 0.0)


class OutboxModel(RuleBasedStateMachine):
    """Against a list: whatever is put, acknowledged and reopened, the same messages wait in the same order."""

    most_rows, most_bytes = 5, 60

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "outbox.db"
        self.outbox = Outbox(self.path, self.most_rows, self.most_bytes)
        self.waiting: list[tuple[int, str, str]] = []
        self.evicted: dict[str, int] = {}
        self.last_seq = self.crashes = 0

    @rule(name=st.sampled_from(sorted(RANKS)), payload=st.text("ab€", max_size=12))
    def put(self, name: str, payload: str) -> None:
        seq = put(self.outbox, name, payload)
        assert seq == self.last_seq + 1
        self.last_seq = seq
        self.waiting.append((seq, name, payload))
        while len(self.waiting) > self.most_rows or self.size() > self.most_bytes:
            lost = min(self.waiting, key=lambda item: (RANKS[item[1]], item[0]))
            self.waiting.remove(lost)
            self.evicted[lost[1]] = self.evicted.get(lost[1], 0) + 1

    @rule(seqs=st.lists(st.integers(1, 40), max_size=4))
    def acknowledge(self, seqs: list[int]) -> None:
        self.outbox.acknowledge(seqs)
        self.waiting = [item for item in self.waiting if item[0] not in seqs]

    @rule()
    def reopen(self) -> None:
        self.outbox.close()
        self.outbox = Outbox(self.path, self.most_rows, self.most_bytes)

    @rule()
    def crash(self) -> None:
        """The files as they lie there, nothing closed: what a kill leaves."""
        self.crashes += 1
        after = self.path.with_name(f"outbox-{self.crashes}.db")
        for suffix in ("", "-wal"):
            if Path(f"{self.path}{suffix}").exists():
                Path(f"{after}{suffix}").write_bytes(Path(f"{self.path}{suffix}").read_bytes())
        self.outbox.close()
        self.path = after
        self.outbox = Outbox(self.path, self.most_rows, self.most_bytes)
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    @rule(after=st.integers(0, 40), most=st.integers(1, 10))
    def read_a_part(self, after: int, most: int) -> None:
        found = [entry.seq for entry in self.outbox.pending(after, most)]
        assert found == [seq for seq, _, _ in self.waiting if seq > after][:most]

    @invariant()
    def same_as_the_list(self) -> None:
        found = [(entry.seq, entry.name, entry.payload) for entry in self.outbox.pending(0, 100)]
        assert found == self.waiting
        assert (self.outbox.rows, self.outbox.bytes) == (len(self.waiting), self.size())
        assert self.outbox.evicted == self.evicted

    def size(self) -> int:
        return sum(len(payload.encode()) for _, _, payload in self.waiting)

    def teardown(self) -> None:
        self.outbox.close()
        self.folder.cleanup()


TestOutboxModel = OutboxModel.TestCase
TestOutboxModel.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_telemetry_goes_before_summaries_and_alerts_last(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", most_rows=3)
    for name in ("alert", "summary", "health", "alert", "alert"):
        put(outbox, name)
    assert [entry.name for entry in outbox.pending(0, 10)] == ["alert", "alert", "alert"]
    assert outbox.evicted == {"health": 1, "summary": 1}
    assert "given up" in outbox.take_reports(1.0)[0].detail
    outbox.close()


_WRITER = """
import sys, time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from edge.publish.outbox.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
while True:
    seq = outbox.put("alert", 2, "emvas/alert", "{}", "boot", 0.0)
    print(seq, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_a_process_killed_while_it_writes_loses_no_alert_that_it_had_put(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "outbox.db"
    child = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    put_before = [int(child.stdout.readline()) for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    put_before += [int(line) for line in child.stdout.read().split()]
    child.wait()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    outbox = Outbox(path)
    found = [entry.seq for entry in outbox.pending(0, 1_000_000)]
    assert found[: len(put_before)] == put_before
    assert len(found) - len(put_before) in {0, 1}  # one may be on disk that the child had no time to tell
    assert put(outbox) == found[-1] + 1
    outbox.close()


def test_numbers_are_never_used_twice_though_everything_was_delivered(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.db")
    first.acknowledge([put(first), put(first)])
    first.close()
    second = Outbox(tmp_path / "outbox.db")
    assert put(second) == 3
    second.close()


def test_on_a_full_disk_alerts_wait_in_memory_and_are_written_when_there_is_room(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    put(outbox)
    disk = outbox._database.connection()
    (pages,) = disk.execute("PRAGMA page_count").fetchone()
    disk.execute(f"PRAGMA max_page_count={pages}")  # SQLite now answers as on a full disk: SQLITE_FULL
    put(outbox, payload="x" * 9000)
    put(outbox, payload="y" * 9000)
    assert [entry.seq for entry in outbox.pending(0, 10)] == [1, 2, 3]
    (lost,) = outbox.take_reports(1.0)
    assert "wait in memory" in lost.detail
    outbox.acknowledge([2])
    disk.execute("PRAGMA max_page_count=1000000")
    outbox.mend()
    assert [source.state for source in outbox.take_reports(2.0)] == ["ok"], "though no message came"
    put(outbox)
    outbox.close()
    again = Outbox(tmp_path / "outbox.db")
    assert [entry.seq for entry in again.pending(0, 10)] == [1, 3, 4]
    again.close()


def test_a_damaged_outbox_is_moved_aside_and_said_so(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"\x00not a database" * 1000)
    outbox = Outbox(path)
    put(outbox)
    assert outbox.rows == 1
    assert "moved to" in outbox.take_reports(1.0)[0].detail
    outbox.close()
    assert list(tmp_path.glob("outbox.db.damaged-*"))


def refuse(outbox: Outbox, refused: bool) -> None:
    """The disk answers as a read-only one does: SQLITE_READONLY."""
    outbox._database.connection().execute(f"PRAGMA query_only={int(refused)}")


def test_while_the_disk_refuses_what_is_delivered_is_not_given_out_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    seqs = [put(outbox) for _ in range(3)]
    refuse(outbox, True)
    seqs.append(put(outbox))
    outbox.acknowledge(seqs[:2] + seqs[3:])
    assert [entry.seq for entry in outbox.pending(0, 10)] == [seqs[2]]
    assert outbox.rows == 1
    refuse(outbox, False)
    put(outbox)
    outbox.close()
    again = Outbox(tmp_path / "outbox.db")
    assert [entry.seq for entry in again.pending(0, 10)] == [3, 5]
    again.close()


def test_a_commit_that_the_disk_refuses_counts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    first, second = put(outbox), put(outbox)

    def refused_at_the_commit(work: Callable[[sqlite3.Connection], object]) -> NoReturn:
        connection = outbox._database.connection()
        for _ in range(2):  # as `Database.write`: once more after the log was emptied
            connection.execute("BEGIN IMMEDIATE")
            work(connection)
            connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as full:
        full.setattr(outbox._database, "write", refused_at_the_commit)
        outbox.acknowledge([first])
        third = put(outbox)
        assert outbox.rows == 2
    outbox.acknowledge([second, third])
    assert outbox.rows == 0
    outbox.close()


def test_memory_is_bounded_too_and_gives_up_the_lowest_rank_first(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    refuse(outbox, True)
    for number in range(1100):
        put(outbox, "summary" if number % 4 == 0 else "alert")
    assert outbox.rows == 1000
    assert outbox.evicted == {"summary": 100}
    alerts = [entry for entry in outbox.pending(0, 2000) if entry.name == "alert"]
    assert len(alerts) == 825
    refuse(outbox, False)
    put(outbox)
    lost, back = outbox.take_reports(5.0)
    assert (lost.state, back.state) == ("lost", "ok")
    assert "100 messages were given up" in back.detail
    outbox.close()


def test_a_full_outbox_is_told_once_and_again_when_it_has_emptied(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", most_rows=10)
    seqs = [put(outbox) for _ in range(15)]
    (lost,) = outbox.take_reports(1.0)
    assert (lost.source, lost.state) == ("outbox", "lost")
    assert "it is full" in lost.detail
    outbox.acknowledge(seqs[:10])
    (back,) = outbox.take_reports(2.0)
    assert back.state == "ok"
    assert "5 messages were given up" in back.detail
    outbox.close()


def test_what_can_be_read_of_a_damaged_outbox_is_kept_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    payloads = {put(outbox, payload=f'{{"n": "{number}{"x" * 400}"}}'): number for number in range(200)}
    outbox.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 2 * 4096] = b"\xff" * 2 * 4096
    path.write_bytes(content)
    again = Outbox(path)
    found = again.pending(0, 1000)
    assert 150 < len(found) < 200
    assert all(f'"{payloads[entry.seq]}x' in entry.payload for entry in found)
    assert put(again) == 201
    assert [entry.seq for entry in again.pending(0, 1000)] == sorted(entry.seq for entry in again.pending(0, 1000))
    again.close()


def test_without_a_place_on_disk_alerts_go_out_from_memory_and_are_written_later(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    outbox = Outbox(folder / "outbox.db")
    put(outbox)
    assert [entry.seq for entry in outbox.pending(0, 10)] == [1]
    folder.unlink()
    put(outbox)
    outbox.close()
    again = Outbox(folder / "outbox.db")
    assert [entry.seq for entry in again.pending(0, 10)] == [1, 2]
    again.close()
