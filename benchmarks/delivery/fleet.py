"""The load of a fleet on its broker: `python -m benchmarks.delivery.fleet --boxes 1000`.

Simulated boxes with the real payloads and the real wait before reconnecting talk to one Mosquitto, at their own pace
and many times faster; then the broker is killed and started again. One backend listens to all of it through
`edge.client.subscriber` and adds the summaries up. Boxes, broker and backend share this machine.
"""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

from benchmarks.delivery.fleet_page import page
from benchmarks.delivery.fleet_totals import Fleet
from benchmarks.delivery.fleet_worker import Standing, work
from benchmarks.delivery.simulated_box import EVERY_S
from benchmarks.endurance.broker import Mosquitto
from benchmarks.endurance.samples import look
from benchmarks.evidence import write_page
from edge.client.subscriber import BoxMessage, Subscriber
from edge.error import EmvasError
from edge.publish.payloads import AlertPayload
from export.report.machine import machine

_WORKERS = 2
_SPREAD_S = 10.0
_SETTINGS = (
    "max_queued_messages 100000\nmax_inflight_messages 1000\npersistence true\n"
    "persistence_location {folder}/\nautosave_interval 5"
)
"""The backend's session must outlive the broker's restart, else it misses what comes before it is back itself."""
_SETTLE_S = 5.0
_AWAY_S = 20.0
"""How long the broker stays away."""
_BACK_S = 120.0
_MILLI = 1000.0
_HUSH = 1e-6
"""A pace at which nobody says anything more."""
_QUIET_S = 4.0


@dataclass(slots=True)
class Backend:
    """Hears the fleet in a thread of its own."""

    fleet: Fleet = field(default_factory=Fleet)
    heard: int = 0
    delays_ms: list[float] = field(default_factory=list)
    """From an alert's making to its arrival here."""

    def listen(self, inbox: Subscriber) -> None:
        """Until it is stopped."""
        for item in inbox.items():
            self.fleet.take(item)
            if isinstance(item, BoxMessage):
                self.heard += 1
                if isinstance(item.body, AlertPayload):
                    made = datetime.fromisoformat(item.body.start.replace("Z", "+00:00")).timestamp()
                    self.delays_ms.append(_MILLI * (time.time() - made))


class Boxes:
    """The worker processes."""

    def __init__(self, count: int, port: int) -> None:
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        self.count = count
        share = -(-count // _WORKERS)
        for first in range(0, count, share):
            ours, theirs = multiprocessing.Pipe()
            arguments = (first, min(share, count - first), port, _SPREAD_S, theirs)
            process = multiprocessing.get_context("spawn").Process(target=work, args=arguments, daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def tell(self, order: str | float) -> None:
        """All of them."""
        for pipe in self._pipes:
            pipe.send(order)

    def stand(self) -> Standing:
        """All of them together."""
        self.tell("stand")
        found: list[Standing] = [pipe.recv() for pipe in self._pipes]
        accepted = [when_s for one in found for when_s in one.accepted_s]
        sums = {name: sum(getattr(one, name) for one in found) for name in Standing.__slots__ if name != "accepted_s"}
        return Standing(**sums, accepted_s=accepted)

    def end(self) -> None:
        """And wait for them."""
        self.tell("end")
        for process in self._processes:
            process.join(10)


@click.command(epilog="Example: python -m benchmarks.delivery.fleet --boxes 200 --seconds 10 --out build/fleet")
@click.option("--boxes", "count", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--seconds", default=40.0, show_default=True, type=click.FloatRange(5), help="Of each pace.")
@click.option("--pace", "paces", multiple=True, default=(1.0, 3.0, 10.0), show_default=True, type=float)
@click.option("--out", default="docs/evidence", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--work", "folder", default="build/fleet", show_default=True, type=click.Path(path_type=Path))
def main(count: int, seconds: float, paces: tuple[float, ...], out: Path, folder: Path) -> None:
    """Measure the broker under a fleet, and the fleet after a broker's restart."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        report = _measure(count, seconds, paces, folder, Console(stderr=True))
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    out.mkdir(parents=True, exist_ok=True)
    write_page(out, "fleet", report, page(report))
    click.echo(f"{out / 'fleet.md'} and .json written. Next: read the page and commit it.")


def _measure(count: int, seconds: float, paces: tuple[float, ...], folder: Path, console: Console) -> dict[str, Any]:
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder, _SETTINGS.format(folder=folder.resolve())))
        backend = Backend()
        inbox = stack.enter_context(Subscriber("127.0.0.1", port=broker.port, client_id="backend", keep_s=600))
        threading.Thread(target=backend.listen, args=(inbox,), daemon=True).start()
        boxes = Boxes(count, broker.port)
        stack.callback(boxes.end)
        with console.status(f"{count} boxes connect"):
            _until_connected(boxes, count)
        rows = []
        for pace in paces:
            with console.status(f"their words, {pace:g} times as fast"):
                rows.append(_pace(pace, seconds, boxes, backend, broker))
        boxes.tell(1.0)
        with console.status("the broker is killed and comes back"):
            herd = _herd(count, boxes, broker)
        with console.status("the backend takes in the rest"):
            boxes.tell(_HUSH)
            _until_quiet(backend)
        last = boxes.stand()
        fleet = backend.fleet
        sites = {name: {"perclos": site.perclos, "alerts": sum(site.alerts.values())} for name, site in
                 sorted(fleet.sites.items())}  # fmt: skip
        told = {"raised": last.raised, "waiting": last.waiting, "missing": fleet.missing}
        heard = {"alerts": fleet.alerts, "summaries": fleet.summaries}
        return {"machine": machine(), "boxes": count, "paces": rows, "herd": herd, "sites": sites, **told, **heard}


def _until_connected(boxes: Boxes, count: int) -> None:
    until_s = time.monotonic() + 60 + _SPREAD_S
    while (standing := boxes.stand()).connected < count:
        if time.monotonic() > until_s:
            raise EmvasError(
                f"{standing.connected} of {count} boxes are connected: is the limit of open files too low?"
            )
        time.sleep(0.5)


def _until_quiet(backend: Backend) -> None:
    heard = -1
    while heard != backend.heard:
        heard = backend.heard
        time.sleep(_QUIET_S)


def _pace(pace: float, seconds: float, boxes: Boxes, backend: Backend, broker: Mosquitto) -> dict[str, Any]:
    boxes.tell(pace)
    time.sleep(_SETTLE_S)
    backend.delays_ms.clear()
    before, heard, began_s = boxes.stand(), backend.heard, time.monotonic()
    used = look(broker.pid, 0.0, {})
    time.sleep(seconds)
    after, now_used, took_s = boxes.stand(), look(broker.pid, 0.0, {}), time.monotonic() - began_s
    assert used is not None
    assert now_used is not None
    delays = np.array(backend.delays_ms or [np.nan])
    return {
        "pace": pace,
        "asked_hz": boxes.count * pace * sum(1 / every_s for every_s in EVERY_S.values()),
        "published_hz": (after.published - before.published) / took_s,
        "heard_hz": (backend.heard - heard) / took_s,
        "broker_cpu": (now_used.cpu_s - used.cpu_s) / took_s,
        "broker_mb": now_used.rss_bytes / 1e6,
        "delay_p50_ms": float(np.median(delays)),
        "delay_p95_ms": float(np.quantile(delays, 0.95)),
        "connected": after.connected,
    }


def _herd(count: int, boxes: Boxes, broker: Mosquitto) -> dict[str, Any]:
    broker.kill()
    time.sleep(_AWAY_S)
    before = boxes.stand()
    broker.start()
    up_s = time.monotonic()
    while (standing := boxes.stand()).connected < count and time.monotonic() - up_s < _BACK_S:
        time.sleep(0.5)
    used = look(broker.pid, 0.0, {})
    assert used is not None
    back = np.sort(np.array(standing.accepted_s)) - up_s
    a_second = np.histogram(back, bins=np.arange(0, np.ceil(back.max()) + 1))[0] if len(back) else np.zeros(1)
    time.sleep(_SETTLE_S)
    return {
        "away_s": _AWAY_S,
        "settle_s": _SETTLE_S,
        "back": standing.connected,
        "back_50_s": float(np.quantile(back, 0.5)),
        "back_95_s": float(np.quantile(back, 0.95)),
        "back_last_s": float(back.max()),
        "most_a_second": int(a_second.max()),
        "attempts": standing.attempts - before.attempts,
        "broker_cpu_s": used.cpu_s,
        "broker_mb": used.rss_bytes / 1e6,
        "waiting_then": before.waiting,
        "waiting_after": boxes.stand().waiting,
    }


if __name__ == "__main__":
    main()
