"""Every alert of a fleet once in a database: `python -m benchmarks.delivery.fleet_database --boxes 200`.

So many real publishers with their outboxes, one Mosquitto, one PostgreSQL, two consumers in one group and one that
hears all, each a process that runs docs/examples/alerts_to_postgresql.py. Consumers and broker are killed (signal 9) at
random moments while boxes raise alerts; at the end every step of every alert must stand in the table once. The broker
writes each change; its files and the outboxes lie in memory, since processes die here and not the power.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psycopg

from benchmarks.delivery.fleet_publishers import Publishers
from benchmarks.delivery.postgresql import postgresql
from benchmarks.endurance.broker import Mosquitto
from benchmarks.evidence import write_json
from edge.error import EmvasError
from export.report.machine import machine

_ROOT = Path(__file__).resolve().parents[2]
_EXAMPLE = _ROOT / "docs" / "examples" / "alerts_to_postgresql.py"
_MEMORY = Path("/dev/shm")
"""Files that outlive a killed process, not the power: 200 outboxes and a broker that writes each change would measure
the disk that they share here."""
_BROKER = (
    "persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
    "max_queued_messages 0\n"
)
_CONSUMERS: dict[str, tuple[str, ...]] = {"dispatch-1": ("dispatch",), "dispatch-2": ("dispatch",), "dispatch-all": ()}
"""Two of a group, and the one that hears all, because Mosquitto forgets shared subscriptions at its restart."""
_PATIENCE_S = 120.0
_SETTLE_S = 3.0
_BATCH = 5
"""Alerts that each box raises between two kills."""
_KILL_AFTER_S = (0.2, 2.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run gave."""

    boxes: int
    raised: int
    """Steps of alerts that the boxes put into their outboxes."""
    stored: int
    """Rows in the table."""
    missing: int
    consumers_killed: int
    broker_killed: int
    by_consumer: dict[str, int]
    """Rows that each of them wrote."""
    seconds: float


def trial(boxes: int, rounds: int, seed: int = 1) -> Trial:
    """Run the fleet for so many kills of each kind.

    Raises:
        EmvasError: Mosquitto or PostgreSQL is not installed.
    """
    chance, began_s = random.Random(seed), time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)))
        (probe := folder / "probe").mkdir()
        database = stack.enter_context(postgresql())
        broker = stack.enter_context(Mosquitto(folder, _BROKER.format(folder=folder)))
        consumers = stack.enter_context(_consumers(broker.port, database, folder))
        with Publishers(1, broker.port, probe) as one:
            _until_all_listen(one, database)
        fleet = stack.enter_context(Publishers(boxes, broker.port, folder))
        raised = 0
        for number in range(rounds):
            raised += fleet.raise_alerts(_BATCH)
            time.sleep(chance.uniform(*_KILL_AFTER_S))
            if number % 2:
                broker.kill()
                time.sleep(chance.uniform(*_KILL_AFTER_S))
                broker.start()
            else:
                consumers.kill(chance.choice(list(_CONSUMERS)))
        stored, by_consumer = _settled(database, raised)
    seconds = round(time.monotonic() - began_s, 1)
    return Trial(
        boxes, raised, stored, raised - stored, consumers.killed, rounds // 2, by_consumer, seconds
    )  # fmt: skip


class _Consumers:
    """The example as processes, which may be killed and are started again."""

    def __init__(self, port: int, database: str, folder: Path) -> None:
        self.killed = 0
        self._environment = {
            **os.environ, "DATABASE_URL": database, "MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(port),
            "PYTHONPATH": str(_ROOT),
        }  # fmt: skip
        self._folder = folder
        self._processes = {name: self._start(name) for name in _CONSUMERS}

    def kill(self, name: str) -> None:
        """Signal 9, and start it again."""
        self._processes[name].kill()
        self._processes[name].wait()
        self.killed += 1
        self._processes[name] = self._start(name)

    def end(self) -> None:
        """All of them."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def said(self) -> str:
        """What the last of them said at last."""
        return "".join((self._folder / f"{name}.log").read_text()[-400:] for name in _CONSUMERS)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(_EXAMPLE), name, *_CONSUMERS[name]], env=self._environment, stdout=log, stderr=log
            )


@contextmanager
def _consumers(port: int, database: str, folder: Path) -> Iterator[_Consumers]:
    consumers = _Consumers(port, database, folder)
    try:
        yield consumers
    finally:
        consumers.end()


def _until_all_listen(probe: Publishers, database: str) -> None:
    """Raise alerts until each of the group has written one, and all is written: before, the broker knows no session.

    The one that hears all began at the same time; it is given a while longer, since whoever is later writes nothing.
    """
    until_s = time.monotonic() + _PATIENCE_S
    while not {name for name, group in _CONSUMERS.items() if group} <= _rows(database).keys():
        if time.monotonic() > until_s:
            raise EmvasError("the consumers do not come to work")
        probe.raise_alerts(1)
        time.sleep(0.2)
    time.sleep(_SETTLE_S)
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM alert")


def _settled(database: str, raised: int) -> tuple[int, dict[str, int]]:
    """The table, once all is there, or nothing has come for as long as patience lasts."""
    before, until_s = -1, time.monotonic() + _PATIENCE_S
    while (stored := sum((rows := _rows(database)).values())) < raised and time.monotonic() < until_s:
        until_s = time.monotonic() + _PATIENCE_S if stored > before else until_s
        before = stored
        time.sleep(0.5)
    return stored, rows


def _rows(database: str) -> dict[str, int]:
    with psycopg.connect(database) as connection:
        if connection.execute("SELECT to_regclass('alert')").fetchone() == (None,):
            return {}
        found = connection.execute("SELECT written_by, count(*) FROM alert GROUP BY written_by").fetchall()
    return {str(name): int(count) for name, count in found}


@click.command()
@click.option("--boxes", default=200, show_default=True, type=click.IntRange(1))
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1), help="Kills, of consumers and broker.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="File for the figures.")
def main(boxes: int, rounds: int, out: Path | None) -> None:
    """Kill consumers and broker under a fleet, and fail when an alert is missing."""
    try:
        found = trial(boxes, rounds)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    report = {"machine": machine(), **asdict(found)}
    click.echo(json.dumps(report, indent=1))
    if out is not None:
        write_json(out, report)
    if found.missing:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
