"""The timeline with real files: what is stored, when it is readable, and what a bad disk or file does to it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from settled import settled

from edge.config.delivery import StoreConfig
from edge.messages import Alert, Blink, Face, Fatigue, Level, Source, Transcript
from edge.run_registry import Clocks, started
from edge.store import Timeline, TimelineReader
from edge.store.timeline import PATIENCE_S

START_S = 1_700_000_000.0


def alert(t_s: float, name: str = "a", note: str = "") -> Alert:
    evidence = {"closure_ms": 1500, "note": note}
    return Alert(t_s, name, "new", "microsleep", Level.CRITICAL, t_s - 1.5, 1.5, evidence)


def at(wall_s: float) -> Clocks:
    return Clocks(wall_s=lambda: wall_s, state=lambda: "synced")


def blink(t_s: float) -> Blink:
    return Blink(t_s, 1, t_s - 0.2, t_s, 200.0, 0.9, 4.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "timeline.db"


def test_an_alert_is_readable_at_once_and_takes_the_telemetry_before_it_along(path: Path) -> None:
    timeline, reader = Timeline(path, started("s", START_S)), TimelineReader(path)
    timeline.write(blink(1.0))
    assert reader.latest("blink") is None
    timeline.write(alert(2.0))
    found = reader.latest("alert")
    assert found is not None
    assert found["level"] == "critical"
    assert found["wall_s"] == START_S + 2.0
    assert reader.latest("blink") is not None
    timeline.close()


def test_what_waits_is_written_in_its_time_though_no_further_message_comes(path: Path) -> None:
    now_s = 100.0
    clocks = Clocks(wall_s=lambda: START_S, mono_s=lambda: now_s, state=lambda: "synced")
    timeline, reader = Timeline(path, started("s", START_S, clocks), clocks=clocks), TimelineReader(path)
    timeline.write(blink(1.0))
    now_s += 1.0
    timeline.turn()
    assert reader.latest("blink") is None, "the flash is spared"
    now_s += 1.1
    timeline.turn()
    assert reader.latest("blink") is not None
    timeline.close()


def test_between_takes_the_start_and_leaves_the_end(path: Path) -> None:
    timeline, reader = Timeline(path, started("s", START_S)), TimelineReader(path)
    for t_s in (1.0, 2.0, 3.0):
        timeline.write(Fatigue(t_s, 1, Level.NONE, 0.0, 0.0, 1.0))
    timeline.close()
    found = reader.between("fatigue", START_S + 1.0, START_S + 3.0)
    assert [record["t_s"] for record in found] == [1.0, 2.0]


@pytest.mark.parametrize("damage", ['{"t_s": 2.0, \x00', "", "null", "{}],[{}", "17", "\x80"])
def test_one_damaged_row_is_left_out_and_counted_and_spoils_no_other(path: Path, damage: str) -> None:
    timeline, reader = Timeline(path, started("s", START_S)), TimelineReader(path)
    for t_s in (1.0, 2.0, 3.0):
        timeline.write(Fatigue(t_s, 1, Level.NONE, 0.25, 0.0, 1.0))
    timeline.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE record SET record = ? WHERE t_s = 2.0", (damage,))
    window = ("fatigue", START_S, START_S + 10)
    assert [record["t_s"] for record in reader.between(*window)] == [1.0, 3.0]
    assert reader.unreadable == 1
    columns = "COUNT(json_extract(record, '$.perclos_60')), SUM(json_extract(record, '$.perclos_60'))"
    assert reader.sums(columns, *window) == [(2, 0.5)]
    assert reader.unreadable == 1, "the same row"


def test_the_newest_readable_record_stands_in_for_a_damaged_one(path: Path) -> None:
    timeline, reader = Timeline(path, started("s", START_S)), TimelineReader(path)
    for t_s in (1.0, 2.0):
        timeline.write(Fatigue(t_s, 1, Level.NONE, 0.25, 0.0, 1.0))
    timeline.close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE record SET record = 'no' WHERE t_s = 2.0")
    found = reader.latest("fatigue")
    assert found is not None
    assert found["t_s"] == 1.0


def test_faces_are_stored_once_a_second_and_person(path: Path) -> None:
    timeline, reader = Timeline(path, started("s", START_S)), TimelineReader(path)
    for index in range(90):
        for track in (1, 2):
            timeline.write(Face(index / 30, track=track, usable=True, reason=None))
    timeline.close()
    assert len(reader.between("face", 0, START_S * 2)) == 2 * 3


@pytest.mark.parametrize("keep", [False, True])
def test_words_are_stored_only_when_the_config_asks(path: Path, keep: bool) -> None:
    timeline = Timeline(path, started("s", START_S), StoreConfig(keep_words=keep))
    timeline.write(Transcript(2.0, 0.0, 1.0, "a secret", "en", 0.9))
    timeline.close()
    assert (TimelineReader(path).latest("transcript") is not None) == keep
    assert (b"a secret" in path.read_bytes()) == keep


def test_what_is_older_than_the_retention_goes(path: Path) -> None:
    old = Timeline(path, started("old", START_S, at(START_S)), clocks=at(START_S))
    old.write(alert(0.0, "old"))
    old.close()
    later_s = START_S + 2 * 86_400
    new = Timeline(path, started("new", later_s, at(later_s)), StoreConfig(retention_days=1), at(later_s))
    new.write(alert(0.0, "new"))
    new.close()
    assert [record["id"] for record in TimelineReader(path).between("alert", 0, START_S * 2)] == ["new"]


def test_the_newest_is_the_newest_though_the_clock_was_set_back(path: Path) -> None:
    for session, start_s in (("first", START_S), ("second", START_S - 500)):
        timeline = Timeline(path, started(session, start_s))
        timeline.write(alert(0.0, session))
        timeline.close()
    latest = TimelineReader(path).latest("alert")
    assert latest is not None
    assert latest["id"] == "second"


def test_a_file_that_is_not_there_reads_as_empty(path: Path) -> None:
    assert TimelineReader(path).latest("alert") is None
    assert TimelineReader(path).between("alert", 0, 1) == []


@pytest.mark.parametrize("damage", ["not a database", "a page torn"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(path: Path, damage: str) -> None:
    timeline = Timeline(path, started("s", START_S))
    for index in range(300):
        timeline.write(alert(float(index), f"a{index}"))
    timeline.close()
    content = bytearray(path.read_bytes())
    if damage == "not a database":
        content[:64] = b"\xff" * 64
    else:
        content[4096:12288] = b"\xff" * 8192
    path.write_bytes(content)
    again = Timeline(path, started("s", START_S))
    again.write(alert(1.0, "after"))
    again.close()
    assert "moved to" in again.take_reports(1.0)[0].detail
    assert len(list(path.parent.glob("timeline.db.damaged-*"))) == 1
    assert [record["id"] for record in TimelineReader(path).between("alert", 0, START_S * 2)] == ["after"]


def test_a_full_disk_costs_telemetry_only_and_is_said_once(path: Path) -> None:
    timeline, reader = Timeline(path, started("s", START_S)), TimelineReader(path)
    timeline.write(Source(0.0, "camera", "ok"))
    full = timeline._database.connection()
    (pages,) = full.execute("PRAGMA page_count").fetchone()
    full.execute(f"PRAGMA max_page_count={pages}")  # SQLite now answers as on a full disk: SQLITE_FULL
    for index in range(400):
        timeline.write(blink(index * 1.0))
    timeline.write(alert(401.0, "while full", "x" * 20_000))
    settled(timeline).write(alert(402.0, "still full"))
    settled(timeline)
    (lost,) = timeline.take_reports(1.0)
    assert "free space" in lost.detail
    assert timeline.dropped == 400
    full.execute("PRAGMA max_page_count=1000000")
    timeline.write(alert(403.0, "after"))
    timeline.close()
    (back,) = timeline.take_reports(2.0)
    assert (back.state, back.detail) == ("ok", "400 records were lost")
    found = reader.between("alert", 0, START_S * 2)
    assert [record["id"] for record in found] == ["while full", "still full", "after"]
    assert reader.latest("blink") is None


def test_a_kill_leaves_a_sound_file_with_every_alert(path: Path) -> None:
    timeline = Timeline(path, started("s", START_S))
    timeline.write(alert(1.0))
    timeline.write(blink(2.0))
    copied = path.parent / "as-after-a-kill.db"  # what the disk holds now, nothing closed
    for suffix in ("", "-wal"):
        Path(f"{copied}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    timeline.close()
    after = TimelineReader(copied)
    assert after.latest("alert") is not None
    assert after.latest("blink") is None
    with sqlite3.connect(copied) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_long_reader_never_holds_the_thread_that_judges(path: Path) -> None:
    """As while somebody draws a report over weeks."""
    timeline = Timeline(path, started("s", START_S))
    for index in range(2000):
        timeline.write(blink(index * 0.1))
    settled(timeline)
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM record").fetchone()
        timeline._housekeeping._due_s = float("-inf")  # the minute is over
        for note in ("one", "two"):
            before_s = time.monotonic()
            timeline.write(alert(1.0, note))
            assert time.monotonic() - before_s < 2 * PATIENCE_S
        before_s = time.monotonic()
        settled(timeline)
        assert time.monotonic() - before_s < 3.0, "and its own thread does not wait for the reader's end"
    timeline.close()
    assert [record["id"] for record in TimelineReader(path).between("alert", 0, START_S * 2)] == ["one", "two"]


def test_a_card_that_takes_seconds_for_each_commit_holds_one_write_for_a_moment_and_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeline = settled(Timeline(path, started("s", START_S)))
    write = timeline._database.write

    def slow(work: Any) -> Any:
        time.sleep(2 * PATIENCE_S)
        return write(work)

    monkeypatch.setattr(timeline._database, "write", slow)
    took_s = []
    for index in range(50):
        before_s = time.monotonic()
        timeline.write(alert(float(index), str(index)))
        took_s.append(time.monotonic() - before_s)
    timeline.close()
    assert sorted(took_s)[-1] < 3 * PATIENCE_S
    assert sum(took_s) < 6 * PATIENCE_S
    ids = [record["id"] for record in TimelineReader(path).between("alert", 0, START_S * 2)]
    assert ids == [str(index) for index in range(50)]
    assert timeline.dropped == 0


def test_equal_faces_of_two_overlapping_runs_are_counted_once_each_over_the_hours(tmp_path: Path) -> None:
    path = tmp_path / "timeline.db"
    for begun_s in (START_S, START_S + 1800.0):  # the second run's clock was set back
        timeline = Timeline(path, started("s", begun_s))
        for second in range(0, 4000, 10):
            timeline.write(Face(float(second), 1, (0.0, 0.0, 9.0, 9.0), second < 3000))
        timeline.close()
    reader, found = TimelineReader(path), Counter[tuple[int, int]]()
    for track, usable, count in reader.counts("face", START_S, START_S + 9000, ("$.track", "$.usable")):
        found[track, usable] += count
    assert found == {(1, 1): 600, (1, 0): 200}
    early = reader.counts("face", START_S + 10, START_S + 1800, ("$.usable",))
    assert sum(count for _, count in early) == 179
