"""What the files of a killed box hold, looked at in a copy so that the box itself has to recover them."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.delivery.witness import Step
from edge.store.reader import TimelineReader

_EVER_S = 1e11


def verdict(database: Path) -> str:
    """SQLite's own word on the file and its log as they lie there; "ok" when there is no fault."""
    with _copied(database) as copy, contextlib.closing(sqlite3.connect(copy)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def alerts_of(timeline: Path) -> list[Step]:
    """The alerts' steps that stand in a timeline."""
    with _copied(timeline) as copy:
        records = TimelineReader(copy).between("alert", 0.0, _EVER_S)
        return [(record["id"], record["evidence"].get("step", record["type"])) for record in records]


@contextlib.contextmanager
def _copied(database: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            source = Path(f"{database}{suffix}")
            if source.exists():
                shutil.copyfile(source, Path(folder) / source.name)
        yield Path(folder) / database.name
