"""Every question about speed, one after the other: `python -m benchmarks.speed.performance`, or `make bench`.

Each question is a module of its own, run in its own process; its figures stay in `build/bench`. The page, its plot and
all figures together go to `--out`, where the figures of other machines stay. What has no answer is
on the page with its reason.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from benchmarks.evidence import write_page
from benchmarks.speed.page import SECTIONS, page, plot
from edge.bundle.bundle import Bundle
from edge.error import EmvasError
from export.report.machine import machine

_WORK = Path("build/bench")
_PATIENCE_S = 3600
_CLIPS = ("talking/face_1.mp4", "grid/bbaf2n.mpg", "cab/cab_1.avi")
_DRIVE = "cab/cab_1.avi"


@dataclass(frozen=True, slots=True)
class Question:
    """One command: its name in performance.json and its arguments."""

    name: str
    arguments: tuple[str, ...]
    takes_bundle: bool = True


def questions(clips: Path, data: Path, quick: bool) -> list[Question]:
    """In the order in which they are asked; `quick` asks each of less material."""
    most = "60" if quick else "300"
    some = [str(clips / name) for name in (_CLIPS[:1] if quick else _CLIPS)]
    drive = str(clips / _DRIVE)
    return [
        Question("limit", ()),
        Question("frame_path", (*some, "--frames", most)),
        Question("face_mesh", (*some, "--turns", "10" if quick else "120")),
        Question("faces", (str(clips / "grid/bbaf2n.mpg"), "--frames", "30" if quick else "75")),
        Question("rates", (drive, "--frames", most)),
        Question("cameras", (drive, "--config", "configs/bus-cab.yaml")),
        Question("whole_box", (drive, "--config", "configs/bus-cab.yaml")),
        Question("power", (drive, "--config", "configs/bus-cab.yaml")),
        Question("alert_latency", ("--closures", "2" if quick else "100")),
        Question("asr_aishell", ("--data", str(data), "--every", "40" if quick else "4")),
        Question("published", (str(clips / "grid/bbaf2n.mpg"),)),
        Question("tfn_memory", ("--batch", "1"), takes_bundle=False),
        Question("dashboard_day", ("--rounds", "1" if quick else "3"), takes_bundle=False),
        Question("dashboard_months", ("--days", "8" if quick else "63"), takes_bundle=False),
    ]


def ask(question: Question, bundle: Path) -> dict[str, Any]:
    """Its figures, or `{"not_measured": why}`, and when they were asked for."""
    return {"when": datetime.now(timezone.utc).isoformat(timespec="minutes")} | _asked(question, bundle)


def _asked(question: Question, bundle: Path) -> dict[str, Any]:
    out = _WORK / f"{question.name}.json"
    out.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        f"benchmarks.{SECTIONS[question.name].module}",
        *question.arguments,
        "--json",
        str(out),
    ]
    if question.takes_bundle:
        command += ["--bundle", str(bundle)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return {"not_measured": f"it took longer than {_PATIENCE_S} s"}
    if done.returncode or not out.is_file():
        lines = done.stderr.strip().splitlines() or ["it ended without figures"]
        return {"not_measured": lines[-1].removeprefix("Error: ")}
    return {"figures": json.loads(out.read_text(encoding="utf-8"))}


def answers(asked: Iterable[Question], bundle: Path, console: Console) -> dict[str, Any]:
    """The figures of each question by its name."""
    found = {}
    asked = list(asked)
    with Progress(console=console) as bar:
        task = bar.add_task("questions", total=len(asked))
        for question in asked:
            bar.update(task, description=question.name)
            found[question.name] = ask(question, bundle)
            bar.advance(task)
    return found


def reports_of(file: Path) -> list[dict[str, Any]]:
    """What earlier runs found, a report for each machine."""
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["reports"] if file.is_file() else []
    return found


def same_machine(report: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both were measured on machines of one kind."""
    return all(report["machine"][key] == other["machine"][key] for key in ("cpu", "cores", "architecture"))


@click.command(epilog="Example: python -m benchmarks.speed.performance --quick --out build/bench")
@click.option("--bundle", default="build/bundle", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--data", default="../shared/data", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--out", default="docs", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--quick", is_flag=True, help="Less material: minutes instead of half an hour, figures less sure.")
@click.option(
    "--only",
    "wanted",
    multiple=True,
    help="Ask this question only and keep this machine's other answers; may be repeated.",
)
def main(bundle: Path, data: Path, out: Path, quick: bool, wanted: tuple[str, ...]) -> None:
    """Measure the box's speed and write performance.md, .json and .svg."""
    asked = questions(data / "clips", data, quick)
    if unknown := set(wanted) - {question.name for question in asked}:
        raise click.UsageError(f"no question {', '.join(unknown)}; there are {', '.join(q.name for q in asked)}")
    try:
        manifest = Bundle(bundle).manifest
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    _WORK.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {
        "machine": machine() | {"python": platform.python_version()},
        "bundle": f"{manifest.name} {manifest.version}",
        "quick": quick,
    }
    earlier = reports_of(out / "performance.json")
    mine = next((place for place, other in enumerate(earlier) if same_machine(report, other)), len(earlier))
    kept = earlier[mine]["answers"] if wanted and mine < len(earlier) else {}
    found = kept | answers((q for q in asked if not wanted or q.name in wanted), bundle, Console(stderr=True))
    report["answers"] = {q.name: found[q.name] for q in asked if q.name in found}
    reports = [*earlier[:mine], report, *earlier[mine + 1 :]]
    out.mkdir(parents=True, exist_ok=True)
    plot(reports, out / "performance.svg")
    write_page(out, "performance", {"reports": reports}, page(reports))
    click.echo((out / "performance.md").read_text(encoding="utf-8"))
    click.echo(f"{out / 'performance.md'}, .json and .svg written. Next: read the page and commit it.")


if __name__ == "__main__":
    main()
