"""`emvas analyze`: recordings in, a report of each out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import track

from edge.cli.recordings import Recordings, make_folder, record, stream_options, table, targets_in
from edge.config import load_config
from edge.dashboard.labels import LANGUAGES, Labels, Language
from edge.private import own_files
from edge.runtime.replay import ReplayReport

if TYPE_CHECKING:
    from edge.dashboard.report.subject import Subject
    from edge.dashboard.report.writer import Form

_EXAMPLE = """\b
Example:
  emvas analyze talk.mp4 drive.mp4 --config configs/desk.yaml --out out
"""


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML; see configs/.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Folder of the models; default: the config's.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the reports.")
@stream_options
@click.option("--pdf", is_flag=True, help="Also each page printed on A4; needs Chromium or Chrome.")
@click.option("--csv", is_flag=True, help="Also one row an event; columns: docs/report-columns.md.")
@click.option("--json", "as_json", is_flag=True, help="Print the results, with the reports' figures, as JSON.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the pages.")
def analyze(
    files: tuple[Path, ...],
    config_path: Path,
    bundle: Path | None,
    out: Path,
    picture_stream: int | None,
    sound_stream: int | None,
    pdf: bool,
    csv: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """Run video and sound FILES through the box and write a report of each: replay and report in one.

    The folder gets STEM.html, and STEM.jsonl with all that was found. What the purpose of --config withholds is in
    neither: configs/desk.yaml, research with recorded consent, tells all, words beside the curve included.

    Exit code 0: all files were read; 1: some could not be read whole (the others are done, and the report of such a
    file says what is missing), or configuration, bundle or folder cannot be used; 2: wrong usage.
    """
    from edge.dashboard.report.figures import numbers
    from edge.dashboard.report.writer import write

    console = Console(stderr=True)
    targets = targets_in(out, files)
    own_files()
    config = load_config(config_path)
    make_folder(out)
    recordings = Recordings(config, bundle, console, picture_stream, sound_stream)
    reports = [recordings.replay(path, target) for path, target in targets.items()]
    forms: list[Form] = ["html", *(["pdf"] if pdf else []), *(["csv"] if csv else [])]  # type: ignore[list-item]
    results, pages = [], []
    for report in track(reports, "Reports", console=console, transient=True, disable=not console.is_terminal):
        target = targets[report.path]
        result = record(report, target)
        if report.path.is_file():
            subject = _subject(report, target)
            made = [target.with_suffix(f".{form}") for form in forms]
            for form, page in zip(forms, made, strict=True):
                write(subject, form, page, Labels(lang))
            pages.append(made[0])
            result |= {"pages": [str(page) for page in made], "report": numbers(subject)}
        results.append(result)
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False))
    else:
        console.print(table(reports))
        if pages:
            console.print(f"Next: open in a browser {' '.join(map(str, pages))}", highlight=False, soft_wrap=True)
    if any(report.faults for report in reports):
        raise SystemExit(1)


def _subject(report: ReplayReport, jsonl: Path) -> Subject:
    """What the report of one file is about; where nothing could be read, only that."""
    from edge.dashboard.report.subject import about, of_jsonl
    from edge.messages import Source

    if report.wall_s:
        return of_jsonl(jsonl)
    return about(report.path.stem, [Source(0.0, "file", "lost", fault) for fault in report.faults])
