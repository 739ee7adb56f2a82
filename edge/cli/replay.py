"""`emvas replay`: recordings in, one JSONL of messages each."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.bundle.bundle import Bundle
from edge.capture import CaptureError
from edge.capture.media import MediaFile
from edge.cli.setup import open_bundle
from edge.config import Config, load_config
from edge.runtime.pipeline import Pipeline
from edge.runtime.replay import ReplayReport, replay_file, session_of
from edge.runtime.senses import Words
from edge.runtime.sinks import JsonlSink

_EXAMPLE = """\b
Example:
  emvas replay clip.mp4 --config configs/desk.yaml --bundle build/bundle --out out
"""


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML; see configs/.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Folder of the models; default: the config's.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for one STEM.jsonl a file.")
@click.option("--jsonl", type=click.Path(path_type=Path), help="Write here instead; for a single file.")
@click.option("--realtime", is_flag=True, help="Take as long as the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def replay(
    files: tuple[Path, ...],
    config_path: Path,
    bundle: Path | None,
    out: Path | None,
    jsonl: Path | None,
    realtime: bool,
    as_json: bool,
) -> None:
    """Run video and sound FILES through the box, as fast as it goes, and write what it finds.

    Exit code 0: all files were read; 1: some could not be read whole (the others are done), or configuration, bundle
    or folder cannot be used; 2: wrong usage.
    """
    console = Console(stderr=True)
    targets = _targets(files, out, jsonl)
    config = load_config(config_path)
    _make(targets[files[0]].parent)
    opened = open_bundle(config, bundle)
    words = Words(opened, config)
    if not config.allowance.words:
        console.print(
            f"Purpose {config.purpose.value} withholds words: no transcript is written. Purpose research, with "
            "recorded consent, writes them (configs/desk.yaml).",
            soft_wrap=True,
        )
    reports = []
    for path, target in targets.items():
        try:
            reports.append(_replay(path, target, opened, config, words, realtime, console))
        except (CaptureError, OSError) as error:
            reports.append(ReplayReport(path, faults=[str(error)]))
        for fault in reports[-1].faults:
            console.print(f"[red]{path.name}[/]: {fault}", soft_wrap=True, highlight=False)
    if as_json:
        click.echo(json.dumps([_record(report, targets[report.path]) for report in reports], ensure_ascii=False))
    else:
        console.print(_table(reports))
        written = [str(targets[report.path]) for report in reports if report.wall_s]
        if written:
            console.print(f"Next: emvas report {' '.join(written)}", highlight=False, soft_wrap=True)
    if any(report.faults for report in reports):
        raise SystemExit(1)


def _targets(files: tuple[Path, ...], out: Path | None, jsonl: Path | None) -> dict[Path, Path]:
    """Where each file's messages go."""
    if (out is None) == (jsonl is None):
        raise click.UsageError("say where to write: --out DIR for one STEM.jsonl a file, or --jsonl FILE for one file")
    if len(set(files)) < len(files):
        raise click.UsageError("a file is given twice")
    if jsonl is not None:
        if len(files) > 1:
            raise click.UsageError(f"--jsonl takes one file, {len(files)} are given: use --out DIR")
        return {files[0]: jsonl}
    assert out is not None
    stems = Counter(path.stem for path in files)
    named = {path: out / f"{path.stem if stems[path.stem] == 1 else path.name}.jsonl" for path in files}
    if len(set(named.values())) < len(files):
        raise click.UsageError("two files of the same name would overwrite each other's output: replay them apart")
    return named


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.FileError(str(folder), f"{error.strerror}: choose a folder that can be written") from error


def _replay(
    path: Path, target: Path, bundle: Bundle, config: Config, words: Words, realtime: bool, console: Console
) -> ReplayReport:
    length_s = MediaFile(path).duration_s
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.1f} s"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task(path.name, total=length_s)
        pipeline = Pipeline(bundle, config, session_of(path), words)
        with JsonlSink(target) as sink:
            return replay_file(path, pipeline, [sink], realtime, lambda t_s: progress.update(bar, completed=t_s))


def _table(reports: list[ReplayReport]) -> Table:
    table = Table("file", "frames", "with a face", "utterances", "alerts", "speed", box=None)
    for report in reports:
        share = "-" if report.face_share is None else f"{report.face_share:.0%}"
        counts = (str(report.frames), share, str(report.utterances), str(report.alerts))
        table.add_row(report.path.name, *counts, f"{report.speed:.1f} x real time")
    return table


def _record(report: ReplayReport, target: Path) -> dict[str, object]:
    return {
        "file": str(report.path),
        "jsonl": str(target) if report.wall_s else None,
        "length_s": round(report.length_s, 3),
        "wall_s": round(report.wall_s, 3),
        "frames": report.frames,
        "face_share": report.face_share,
        "sound_s": round(report.sound_s, 3),
        "utterances": report.utterances,
        "alerts": report.alerts,
        "faults": report.faults,
    }
