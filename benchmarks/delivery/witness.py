"""The evidence of a kill: what a subscriber received, and what the files hold, read in a copy."""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import shutil
import sqlite3
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from edge.config.delivery import MqttConfig
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Connected, Received
from edge.store.reader import TimelineReader

Step = tuple[str, int | str]
"""An alert's id and which of its steps: a number, or its type where the box is the real one."""

_KEEP_S = 86_400


_EVER_S = 1e11


class Witness:
    """Hears every alert and summary of one broker, also those of the time in which it was away."""

    def __init__(self, port: int) -> None:
        config = MqttConfig(host="127.0.0.1", port=port)
        topics = ["emvas/+/+/+/alert", "emvas/+/+/+/summary"]
        self._link = MqttClient(config, "witness", subscribe=topics, keep_s=_KEEP_S)
        self._thread = threading.Thread(target=self._listen, name="witness", daemon=True)
        self.connections = 0
        self.arrivals = 0
        self.first: dict[tuple[str, int], Step | None] = {}
        """Each (boot, seq) in order of first arrival; None is a summary."""
        self.historical: set[tuple[str, int]] = set()
        """Those that told of the past when they first came."""
        self.changed: list[str] = []
        """Repeated (boot, seq) that said something else than before."""

    def __enter__(self) -> Witness:
        self._link.start()
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._link.stop()
        self._link.events.put(None)
        self._thread.join()

    @property
    def is_connected(self) -> bool:
        """Whether it hears the broker now."""
        return self._link.connected

    def steps(self) -> list[Step]:
        """The alerts' steps in order of first arrival, each (boot, seq) once."""
        return [step for step in list(self.first.values()) if step is not None]

    @property
    def overtaken(self) -> int:
        """How many messages came after one with a higher number: of the past, or summaries, after alerts of now."""
        highest, found = 0, 0
        for _, seq in list(self.first):
            found += seq < highest
            highest = max(highest, seq)
        return found

    def faults(self, raised: Iterable[Step]) -> list[str]:
        """What of the promise was not kept for alerts that were raised; empty when all was."""
        heard = self.steps()
        arrived = set(heard)
        missing = [step for step in raised if step not in arrived]
        found = [f"{len(missing)} raised steps never arrived, {missing[0]} first"] if missing else []
        if len(heard) != len(arrived):
            found.append(f"{len(heard) - len(arrived)} steps stand under two numbers")
        orders: dict[tuple[bool, bool], list[int]] = defaultdict(list)
        for key, step in list(self.first.items()):
            orders[step is None, key in self.historical].append(key[1])
        backwards = sum(later <= earlier for order in orders.values() for earlier, later in itertools.pairwise(order))
        if backwards:
            found.append(f"{backwards} first arrivals came out of order")
        if self.changed:
            found.append(f"{len(self.changed)} repeated numbers said something else")
        return found

    def _listen(self) -> None:
        while True:
            try:
                event = self._link.events.get(timeout=1.0)
            except queue.Empty:
                continue
            if event is None:
                return
            if isinstance(event, Connected):
                self.connections += 1
            elif isinstance(event, Received):
                self._take(event)

    def _take(self, event: Received) -> None:
        payload = json.loads(event.payload)
        number = (payload["boot"], payload["seq"])
        step = None
        if event.path.endswith("/alert"):
            step = (payload["id"], payload["evidence"].get("step", payload["type"]))
        self.arrivals += 1
        if number not in self.first and payload["historical"]:
            self.historical.add(number)
        if self.first.setdefault(number, step) != step:
            self.changed.append(f"{number}")


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
