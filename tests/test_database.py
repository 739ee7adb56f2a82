"""Files that are damaged, locked away or not there: the store goes on, says so, and comes back."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.database import Database, StoreEvents

SCHEMA = "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
NOTES = 300


def opened(path: Path, news: StoreEvents | None = None, version: int = 1) -> Database:
    return Database(path, SCHEMA, "FULL", news or StoreEvents("notes"), lambda _: None, version)


def note(database: Database, text: str) -> None:
    database.write(lambda connection: connection.execute("INSERT INTO note (text) VALUES (?)", (text,)))


def notes(database: Database) -> list[str]:
    return [str(text) for (text,) in database.read("SELECT text FROM note ORDER BY id")]


def filled(path: Path) -> Path:
    database = opened(path)
    rows = [(f"{number} {'x' * 200}",) for number in range(NOTES)]
    database.write(lambda connection: connection.executemany("INSERT INTO note (text) VALUES (?)", rows))
    database.close()
    return path


def truncate(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2 + 100)


def tear_pages(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 3 * 4096)


def replace_by_text(path: Path) -> None:
    path.write_text("this is no database\n" * 500)


def empty_of_its_head(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"\0" * 100)


@pytest.mark.parametrize("damage", [truncate, tear_pages, replace_by_text, empty_of_its_head])
def test_a_damaged_file_is_moved_aside_a_new_one_begun_and_that_is_said(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path, news = filled(tmp_path / "notes.db"), StoreEvents("notes")
    damage(path)
    damaged = path.read_bytes()
    database = opened(path, news)
    note(database, "after")
    assert notes(database) == ["after"]
    (said,) = news.take(7.0)
    assert (said.source, said.state, said.t_s) == ("notes", "lost", 7.0)
    assert "notes.db.damaged-1" in said.detail
    assert (tmp_path / "notes.db.damaged-1").read_bytes()[4096:] == damaged[4096:]
    database.close()


def test_damage_that_comes_while_it_is_open_is_met_in_the_same_way(tmp_path: Path) -> None:
    path, news = filled(tmp_path / "notes.db"), StoreEvents("notes")
    database = opened(path, news)
    assert len(notes(database)) == NOTES
    database.connection().execute("PRAGMA cache_size=1")
    tear_pages(path)
    with pytest.raises(sqlite3.DatabaseError):
        database.write(lambda c: c.execute("UPDATE note SET text = text || 'y'").fetchall())
    note(database, "after")
    assert notes(database) == ["after"]
    assert news.is_lost
    database.close()


def test_only_the_last_few_damaged_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    for _ in range(6):
        replace_by_text(path)
        database = opened(path)
        note(database, "a")
        database.close()
    assert sorted(file.name for file in tmp_path.glob("*.damaged-*")) == [f"notes.db.damaged-{n}" for n in (4, 5, 6)]


def test_a_file_of_another_layout_is_kept_beside(tmp_path: Path) -> None:
    path, news = filled(tmp_path / "notes.db"), StoreEvents("notes")
    newer = opened(path, news, version=2)
    note(newer, "of version 2")
    newer.close()
    (said,) = news.take(0.0)
    assert "its layout is 1, this program's 2" in said.detail
    kept = opened(tmp_path / "notes.db.version-1")
    assert len(notes(kept)) == NOTES
    kept.close()


def test_a_place_that_cannot_be_used_is_an_error_each_time_and_works_as_soon_as_it_can(tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("a file where the folder should be")
    database = opened(in_the_way / "notes.db")
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="the folder cannot be made"):
            note(database, "a")
    in_the_way.unlink()
    note(database, "b")
    assert notes(database) == ["b"]
    database.close()


def test_a_file_that_may_only_be_read_is_no_damage(tmp_path: Path) -> None:
    path = filled(tmp_path / "notes.db")
    database = opened(path)
    database.connection().execute("PRAGMA query_only=1")  # answers as a read-only file does: SQLITE_READONLY
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        note(database, "a")
    database.connection().execute("PRAGMA query_only=0")
    note(database, "b")
    assert len(notes(database)) == NOTES + 1
    assert list(tmp_path.glob("*.damaged-*")) == []
    database.close()


def test_the_log_is_cut_back_after_a_long_reader(tmp_path: Path) -> None:
    path = filled(tmp_path / "notes.db")
    database, log = opened(path), Path(f"{path}-wal")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM note").fetchone()
    for _ in range(12):
        note(database, "z" * 1_000_000)
    grown = log.stat().st_size
    assert grown > 10_000_000
    reader.close()
    for _ in range(3):
        note(database, "after")
    assert log.stat().st_size <= 4 << 20
    database.close()


@settings(max_examples=20, deadline=None)
@example(seed=20578, hits=17, cut=False)  # a header with an unknown schema format
@given(seed=st.integers(0, 2**32), hits=st.integers(1, 30), cut=st.booleans())
def test_whatever_happens_to_the_bytes_it_can_be_written_and_read_afterwards(
    tmp_path_factory: pytest.TempPathFactory, seed: int, hits: int, cut: bool
) -> None:
    path = filled(tmp_path_factory.mktemp("damage") / "notes.db")
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(hits):
        start = chance.randrange(len(content))
        content[start : start + chance.choice((1, 16, 512))] = chance.randbytes(chance.choice((1, 16, 512)))
    if cut:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)
    database = opened(path)
    wrote = 0
    for number in range(3):  # a write that meets the damage fails; the next finds a new file
        with contextlib.suppress(sqlite3.DatabaseError):
            note(database, f"after {number}")
            wrote += 1
    assert wrote >= 2
    try:
        found = notes(database)
    except sqlite3.DatabaseError:
        note(database, "after all")
        found = notes(database)
    assert any(text.startswith("after") for text in found)
    database.close()


@pytest.mark.parametrize("damage", [truncate, tear_pages, replace_by_text, empty_of_its_head])
def test_a_damaged_file_on_a_card_that_has_turned_read_only_is_an_error_of_the_store_and_of_nothing_else(
    tmp_path: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, news = filled(tmp_path / "notes.db"), StoreEvents("notes")
    damage(path)

    def refuse(self: Path, *_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    database = opened(path, news)
    with monkeypatch.context() as card:
        card.setattr(Path, "rename", refuse)
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError, match="cannot be moved aside: Read-only file system"):
                note(database, "lost")
            with pytest.raises(sqlite3.OperationalError):
                notes(database)
    note(database, "after")
    assert notes(database) == ["after"]
    database.close()
