"""Hours of work with faults injected: `python -m benchmarks.endurance.soak --hours 2`, or `make soak`.

The real box runs as a process of its own against a network camera, a Mosquitto and a small disk that this command
breaks one after the other. Every ten seconds it reads memory, threads, descriptors and queues from outside. It writes
`soak.json`, `soak.md` and `soak.svg` and ends with exit code 1 when the box grew, leaked or ended.
"""

from __future__ import annotations

import platform
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from benchmarks.endurance.box import Box, Ear, configuration
from benchmarks.endurance.broker import Mosquitto
from benchmarks.endurance.camera import LoopCamera, prepare
from benchmarks.endurance.faults import (
    BrokerKilled,
    CameraLost,
    ClockSet,
    DiskFull,
    Fault,
    FramesFrozen,
    Schedule,
    settable_clock,
    small_disk,
)
from benchmarks.endurance.page import page, plot
from benchmarks.endurance.samples import Sample, Verdict, judge, look
from benchmarks.evidence import write_page
from demo.drive import DRIVE_CLIP
from edge.error import EmvasError
from export.report.machine import machine

_TURN_S = 0.5
_PERSISTENT = "persistence true\npersistence_location {folder}/\nautosave_interval 10"


@dataclass(slots=True)
class Run:
    """What became of a run."""

    schedule: Schedule
    left_out: dict[str, str]
    samples: list[Sample] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    stopped_s: float = 0.0
    ear: Ear | None = None


@click.command(epilog="Example: python -m benchmarks.endurance.soak --hours 0.5 --fps 10 --out build/soak")
@click.option("--bundle", default="build/bundle", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--clip", type=click.Path(dir_okay=False, path_type=Path), help="A recording; default: the demo's drive.")
@click.option("--hours", default=2.0, show_default=True, type=click.FloatRange(min=0, min_open=True))
@click.option("--fps", default=10.0, show_default=True, type=click.FloatRange(5, 60), help="Pictures a second.")
@click.option("--fault-every", "every_s", default=120.0, show_default=True, type=click.FloatRange(60), help="Seconds.")
@click.option("--sample-every", "sample_s", default=10.0, show_default=True, type=click.FloatRange(1), help="Seconds.")
@click.option("--warm-up", "warm_up_min", default=10.0, show_default=True, type=click.FloatRange(0), help="Minutes.")
@click.option("--window", "window_min", default=10.0, show_default=True, type=click.FloatRange(0.2), help="Minutes.")
@click.option("--out", default="docs/evidence", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--work", default="build/soak", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def main(
    bundle: Path, clip: Path | None, hours: float, fps: float, every_s: float, sample_s: float, warm_up_min: float,
    window_min: float, out: Path, work: Path,
) -> None:  # fmt: skip
    """Run the box for hours while its world breaks, and say whether it grew."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        clip = clip or DRIVE_CLIP.video
        run = _soak(bundle, clip, work.resolve(), 3600 * hours, fps, every_s, sample_s)
        verdict = judge(run.samples, 60 * warm_up_min, 60 * window_min)
    except (EmvasError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    settings = {"fps": fps, "clip": clip.name, "fault_every_s": every_s, "warm_up_s": 60 * warm_up_min}
    report = _report(run, verdict, settings)
    out.mkdir(parents=True, exist_ok=True)
    write_page(out, "soak", report, page(report))
    plot(report, out / "soak.svg")
    click.echo(f"{out / 'soak.md'}, .json and .svg written; the box's own log is {work / 'box.log'}")
    for fault in report["faults"]:
        click.echo(f"Failed: {fault}", err=True)
    if report["faults"]:
        raise SystemExit(1)
    click.echo(f"It held: memory {verdict.growth:+.2%}. Next: read the page and commit it.")


def _soak(bundle: Path, clip: Path, work: Path, length_s: float, fps: float, every_s: float, sample_s: float) -> Run:
    with ExitStack() as stack:
        camera = stack.enter_context(LoopCamera(*prepare(clip, fps, work)))
        broker = stack.enter_context(Mosquitto(work, _PERSISTENT.format(folder=work)))
        faults: list[Fault] = [CameraLost(camera), BrokerKilled(broker), FramesFrozen(camera)]
        left_out, environment, state = {}, {}, work / "disk"
        try:
            stack.enter_context(small_disk(work / "disk.img", state))
            faults.append(DiskFull(state))
        except OSError as error:
            left_out["disk full"] = str(error)
        try:
            offset, environment = settable_clock(work)
            faults.append(ClockSet(offset))
        except OSError as error:
            left_out["wall clock steps"] = str(error)
        ear = stack.enter_context(Ear(broker.port))
        run = Run(Schedule(faults, every_s), left_out, ear=ear)
        box = stack.enter_context(Box(configuration(camera.uri, fps, broker.port), bundle, work, state, environment))
        _watch(box, run, length_s, sample_s)
        run.schedule.mend()
        if box.exit_code is None:
            run.stopped_s, code = box.stop()
            if code != 0:
                run.faults.append(f"asked to stop, it ended after {run.stopped_s:.0f} s with {code}")
        ear.listen()
        return run


def _watch(box: Box, run: Run, length_s: float, sample_s: float) -> None:
    assert run.ear is not None
    start_s, next_s = time.monotonic(), 0.0
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("soaking", total=length_s)
        while (now_s := time.monotonic() - start_s) < length_s:
            run.ear.listen()
            run.schedule.step(now_s)
            if now_s >= next_s:
                next_s += sample_s
                sample = look(box.pid, now_s, run.ear.waiting)
                if sample is None or box.exit_code is not None:
                    run.faults.append(f"the box ended by itself after {now_s:.0f} s with {box.exit_code}: see its log")
                    return
                run.samples.append(sample)
                bar.update(task, completed=now_s, description=f"soaking, {sample.rss_bytes / 1e6:.0f} MB")
            time.sleep(_TURN_S)


def _report(run: Run, verdict: Verdict, settings: dict[str, Any]) -> dict[str, Any]:
    assert run.ear is not None
    last = run.samples[-1]
    return {
        "machine": {**machine(), "python": platform.python_version()},
        **settings,
        "hours": last.t_s / 3600,
        "faults": [*run.faults, *verdict.faults],
        "verdict": {**asdict(verdict), "growth": verdict.growth},
        "injected": Counter(name for _, name in run.schedule.begun),
        "left_out": run.left_out,
        "begun": run.schedule.begun,
        "cpu_share": last.cpu_s / last.t_s,
        "stopped_s": run.stopped_s,
        "readings": run.ear.readings,
        "heard": dict(sorted(run.ear.heard.items())),
        "samples": [asdict(sample) for sample in run.samples],
    }


if __name__ == "__main__":
    main()
