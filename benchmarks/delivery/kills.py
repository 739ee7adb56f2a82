"""Whether alerts survive kills of the box and the broker: `python -m benchmarks.delivery.kills`, or `make proof-kills`.

A real Mosquitto and real processes are killed with signal 9 at random moments under load. An alert counts as raised
when it stands in the timeline (anybody at the box can see it) or when `Outlet.write` returned (the box went on).
"""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import yaml
from rich.console import Console
from rich.progress import track

from benchmarks.delivery import alert_raiser
from benchmarks.delivery.kills_page import page
from benchmarks.delivery.witness import Step, Witness, alerts_of, verdict
from benchmarks.endurance.broker import Mosquitto
from benchmarks.evidence import write_json, write_text
from edge.bundle.manifest import Manifest, write_manifest
from edge.store.reader import TimelineReader

_RAISER_HZ = 40.0
_EARLY_SHARE = 0.2
_EARLY_S = (0.1, 1.5)
"""A share of the boxes is killed so soon after launch: while they load, open and recover their files."""
_LIFE_S = (0.0, 2.5)
"""The others this long after their first alert: some before the second that an acknowledgement must outlive."""
_BROKER_LIFE_S = (0.0, 2.5)
"""A broker's life after both sides speak through it again."""
_PATIENCE_S = 60.0
_EMVAS = (sys.executable, "-c", "from edge.cli.main import main; main()")
_BROKER = (
    "persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
    "max_queued_messages 0\nmax_inflight_messages 0"
)
Report = dict[str, Any]


@click.command()
@click.option("--daemon", default=200, show_default=True, help="Kills of the box whose alerts are made up.")
@click.option("--real", default=50, show_default=True, help="Kills of `emvas run`, whose camera is missing.")
@click.option("--broker", default=100, show_default=True, help="Kills of the broker.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures there.")
@click.option("--page", "page_path", type=click.Path(dir_okay=False, path_type=Path), help="And a page about them.")
def main(daemon: int, real: int, broker: int, out: Path | None, page_path: Path | None) -> None:
    """Kill, look, and fail when an alert is missing, doubled or out of order, or a file is damaged."""
    found = {"daemon": kill_daemon(daemon), "real": kill_real(real), "broker": kill_broker(broker)}
    machine = {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": str(len(os.sched_getaffinity(0))),
    }
    report = {"machine": machine, **found}
    Console().print_json(data=report)
    if out is not None:
        write_json(out, report)
    if page_path is not None:
        write_text(page_path, page(report))
    if any(part["faults"] for part in found.values()):
        raise SystemExit(1)


def kill_daemon(times: int) -> Report:
    """Kill a box that raises alerts all the time, and start it anew on the same files."""

    def command(port: int, folder: Path) -> list[str]:
        return [sys.executable, "-m", "benchmarks.delivery.alert_raiser", str(port), str(folder), str(_RAISER_HZ)]

    return _kill_boxes(times, command, "the box")


def kill_real(times: int) -> Report:
    """The same with the whole program, without models, its camera and its microphone missing."""

    def command(port: int, folder: Path) -> list[str]:
        config = alert_raiser.configuration(port).model_dump(mode="json", exclude_unset=True)
        config |= {"camera": {"uri": "http://127.0.0.1:9/"}, "microphone": {"device": "none such"}}
        write_manifest(Manifest(name="empty", version="1", roles={}), folder)
        (folder / "box.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        words = ("run", "--config", str(folder / "box.yaml"), "--bundle", str(folder), "--state", str(folder))
        return [*_EMVAS, *words]

    return _kill_boxes(times, command, "emvas run")


def _kill_boxes(times: int, command: Callable[[int, Path], list[str]], what: str) -> Report:
    raised: set[Step] = set()
    verdicts: list[str] = []
    early = 0
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name), _BROKER.format(folder=name)) as broker:
        folder = Path(name)
        with Witness(broker.port) as witness:
            _wait(lambda: witness.is_connected)
            for _ in track(range(times), f"killing {what}", console=Console(stderr=True)):
                before = _newest(folder)
                raised |= _live(command(broker.port, folder), folder)
                early += _newest(folder) == before
                verdicts += [verdict(file) for file in _files(folder)]
            raised |= set(alerts_of(folder / alert_raiser.TIMELINE))
            _drain(broker.port, folder)
            _settle(witness, raised)
            faults = [*witness.faults(raised), *(word for word in verdicts if word != "ok")]
            figures = {"kills": times, "before_its_first_alert": early, "raised": len(raised)}
            return {**figures, **_heard(witness), "integrity_checks": len(verdicts), "faults": faults}


def kill_broker(times: int) -> Report:
    """Kill the broker under a box that raises alerts all the time."""
    raised: set[Step] = set()
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name), _BROKER.format(folder=name)) as broker:
        folder = Path(name)
        with Witness(broker.port) as witness:
            _wait(lambda: witness.is_connected)
            words = [sys.executable, "-m", "benchmarks.delivery.alert_raiser", str(broker.port), name, str(_RAISER_HZ)]
            box = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            reader = threading.Thread(target=lambda: _follow(box, raised))
            reader.start()
            for _ in track(range(times), "killing the broker", console=Console(stderr=True)):
                _wait(lambda: witness.is_connected)
                so_far = len(raised) + 1
                _wait(lambda so_far=so_far: len(raised) >= so_far)
                time.sleep(random.uniform(*_BROKER_LIFE_S))
                broker.kill()
                broker.start()
            box.kill()
            reader.join()
            raised |= set(alerts_of(folder / alert_raiser.TIMELINE))
            _drain(broker.port, folder)
            _settle(witness, raised)
            verdicts = [verdict(file) for file in _files(folder)]
            faults = [*witness.faults(raised), *(word for word in verdicts if word != "ok")]
            figures = {"kills": times, "raised": len(raised), "integrity_checks": len(verdicts)}
            return {**figures, **_heard(witness), "faults": faults}


def _live(command: list[str], folder: Path) -> set[Step]:
    """Start a box, kill it at a random moment, and return what it said it had raised."""
    before = _newest(folder)
    box = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    told: set[Step] = set()
    reader = threading.Thread(target=lambda: _follow(box, told))
    reader.start()
    if random.random() < _EARLY_SHARE:
        time.sleep(random.uniform(*_EARLY_S))
    else:
        _wait(lambda: _newest(folder) != before)
        time.sleep(random.uniform(*_LIFE_S))
    box.kill()
    reader.join()
    box.wait()
    return told


def _follow(box: subprocess.Popen[str], told: set[Step]) -> None:
    """Add the steps that `alert_raiser` names until it ends; `emvas run` names none in this way."""
    assert box.stdout is not None
    for line in box.stdout:
        words = line.split()
        if line.endswith("\n") and len(words) == 2 and words[1].isdecimal():
            told.add((words[0], int(words[1])))


def _newest(folder: Path) -> object:
    """What tells a timeline's last alert from the one before."""
    newest = TimelineReader(folder / alert_raiser.TIMELINE).latest("alert")
    return newest and (newest["id"], newest["t_s"])


def _files(folder: Path) -> list[Path]:
    return [folder / name for name in (alert_raiser.OUTBOX, alert_raiser.TIMELINE) if (folder / name).exists()]


def _drain(port: int, folder: Path) -> None:
    words = [sys.executable, "-m", "benchmarks.delivery.alert_raiser", str(port), str(folder), "0"]
    subprocess.run(words, check=True)


def _settle(witness: Witness, raised: set[Step]) -> None:
    """Wait until everything has arrived, or no longer than is decent."""
    end_s = time.monotonic() + _PATIENCE_S
    while not raised <= set(witness.steps()) and time.monotonic() < end_s:
        time.sleep(0.2)


def _heard(witness: Witness) -> Report:
    steps = len(witness.steps())
    repeated = witness.arrivals - len(witness.first)
    return {
        "heard": steps,
        "summaries": len(witness.first) - steps,
        "overtaken": witness.overtaken,
        "repeated_and_recognized": repeated,
    }


def _wait(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > end_s:
            raise click.ClickException(f"the other side did not come back within {_PATIENCE_S:g} s")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
