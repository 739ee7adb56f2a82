"""`emvas analyze`: replays recordings, and writes a report of each, one page and one table of all.

Purpose research needs consent: it is asked once for a folder of reports and recorded in it.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import track

from edge.cli.box_folders import BUNDLE_HELP
from edge.cli.parallel_replay import ReplayWork, replay_all
from edge.cli.replay import RecordingReplayer, make_folder, record, recordings_of, stream_options, table, targets_in
from edge.config import Config, load_config
from edge.config.decision import AttentionConfig
from edge.config.purpose import Purpose
from edge.i18n.texts import LANGUAGES, Labels, Language
from edge.process import own_files
from edge.runtime.pipeline import ReplayReport

if TYPE_CHECKING:
    from edge.dashboard.report.report_data import ReportData
    from edge.dashboard.report.writer import Form

CONSENT_FILE = "consent.json"
SENTENCE = "Everybody who is seen or heard in these recordings has agreed in writing to this analysis."
_EXAMPLE = """\b
Examples:
  emvas analyze interviews --out out
  emvas analyze talk.mp4 drive.mp4 --config configs/desk.yaml --out out
"""


@click.command(epilog=_EXAMPLE)
@click.argument("places", metavar="FILES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="YAML; default: research, with consent.")
@click.option("--consent", is_flag=True, help="Confirms that all persons in the recordings have agreed in writing.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the reports.")
@click.option(
    "--processes", type=click.IntRange(1, 64), help="Recordings at a time; default: one for each processor core."
)
@stream_options
@click.option("--pdf", is_flag=True, help="Also each page printed on A4; needs Chromium or Chrome.")
@click.option("--csv", is_flag=True, help="Also one row an event; columns: docs/report-columns.md.")
@click.option("--json", "as_json", is_flag=True, help="Print the results, with the reports' figures, as JSON.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the pages.")
def analyze(
    places: tuple[Path, ...],
    config_path: Path | None,
    consent: bool,
    bundle: Path | None,
    out: Path,
    processes: int | None,
    picture_stream: int | None,
    sound_stream: int | None,
    pdf: bool,
    csv: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """Run video and audio FILES, or all in a folder, through the box and write a report of each: replay and report in
    one. For several recordings, index.html lists all, to sort and filter; recordings.xlsx and .csv hold the figures.

    The folder gets STEM.html, and STEM.jsonl with all messages. A second run skips finished recordings. Without
    --config the purpose is research, which reports everything, transcripts included. It needs the consent of all
    persons in the recordings, which is asked once and written to consent.json. With --config, reports hold only what
    its purpose permits.

    Exit code 0: all files were read; 1: some could not be read whole (the others are done, and the report of such a
    file says what is missing), or configuration, bundle or folder cannot be used; 2: wrong usage.
    """
    console = Console(stderr=True)
    targets = targets_in(out, recordings_of(places))
    own_files()
    config = load_config(config_path) if config_path else research_config()
    make_folder(out)
    if config_path is None:
        record_consent(out, consent)
    recordings = RecordingReplayer(config, bundle, console, picture_stream, sound_stream)
    work = ReplayWork(config, recordings.bundle, picture_stream, sound_stream)
    reports = replay_all(recordings, work, targets, processes or os.cpu_count() or 1, console)
    forms: list[Form] = ["html", *(["pdf"] if pdf else []), *(["csv"] if csv else [])]  # type: ignore[list-item]
    subjects = {
        report.path: _subject(report, targets[report.path])
        for report in track(reports, "Reading", console=console, transient=True, disable=not console.is_terminal)
        if report.path.is_file()
    }
    pages = _pages(subjects, targets, forms, Labels(lang), console)
    first = _index(out, reports, subjects, pages, Labels(lang)) if len(subjects) > 1 else None
    if as_json:
        results = [_result(report, targets[report.path], subjects, pages) for report in reports]
        click.echo(json.dumps(results, ensure_ascii=False))
    else:
        console.print(table(reports))
        if subjects:
            shown = [first] if first else [found[0] for found in pages.values()]
            console.print(f"Next: open in a browser {' '.join(map(str, shown))}", highlight=False, soft_wrap=True)
    if any(report.faults for report in reports):
        raise SystemExit(1)


def _result(
    report: ReplayReport, target: Path, subjects: Mapping[Path, ReportData], pages: Mapping[Path, list[Path]]
) -> dict[str, Any]:
    """The result of one recording for `--json`; with pages and figures where it has a report."""
    from edge.dashboard.report.json_data import report_figures

    result: dict[str, Any] = record(report, target)
    if report.path in subjects:
        result["pages"] = [str(page) for page in pages[report.path]]
        result["report"] = report_figures(subjects[report.path])
    return result


def research_config() -> Config:
    """The configuration without --config: everything except attention to the road, which recordings do not show."""
    return Config(purpose=Purpose.RESEARCH, consent="recorded", attention=AttentionConfig(enabled=False))


def record_consent(folder: Path, given: bool) -> None:
    """Ask once for a folder whether all persons have agreed, and record who confirmed it and when.

    `given`: the command line has confirmed it already.

    Raises:
        click.UsageError: there is no terminal to ask on. click.Abort: the answer is no.
    """
    record = folder / CONSENT_FILE
    if record.is_file():
        return
    if not given:
        if not sys.stdin.isatty():
            raise click.UsageError(
                f'there is no terminal to ask on: give --consent to confirm "{SENTENCE}", '
                "or --config YAML of another purpose"
            )
        click.confirm(f"{SENTENCE} Is that so?", abort=True, err=True)
    told = {
        "statement": SENTENCE,
        "said_by": getpass.getuser(),
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    record.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _pages(
    subjects: Mapping[Path, ReportData],
    targets: Mapping[Path, Path],
    forms: Sequence[Form],
    labels: Labels,
    console: Console,
) -> dict[Path, list[Path]]:
    """Write the report of each recording in each form."""
    from edge.dashboard.report.writer import write_report

    made: dict[Path, list[Path]] = {}
    shown = track(subjects.items(), "Reports", console=console, transient=True, disable=not console.is_terminal)
    for path, subject in shown:
        made[path] = [targets[path].with_suffix(f".{form}") for form in forms]
        for form, page in zip(forms, made[path], strict=True):
            write_report(subject, form, page, labels)
    return made


def _index(
    out: Path,
    reports: Sequence[ReplayReport],
    subjects: Mapping[Path, ReportData],
    pages: Mapping[Path, Sequence[Path]],
    labels: Labels,
) -> Path:
    """The page and the tables of all recordings."""
    from edge.dashboard.report.index import recording_entry, render_index
    from edge.dashboard.report.tables import as_csv, as_xlsx, events_table, recordings_table
    from edge.dashboard.report.writer import write_whole

    reported = [report for report in reports if report.path in subjects]
    entries = [recording_entry(subjects[report.path], pages[report.path][0].name, report.faults) for report in reported]
    sheets = {"recordings": recordings_table(entries), "events": events_table(list(subjects.values()))}
    for name, found in sheets.items():
        write_whole(as_csv(found), out / f"{name}.csv")
    write_whole(as_xlsx(sheets), out / "recordings.xlsx")
    write_whole(render_index(entries, labels).encode("utf-8"), out / "index.html")
    return out / "index.html"


def _subject(report: ReplayReport, jsonl: Path) -> ReportData:
    """The subject of one file's report; for a file that could not be read, only its faults."""
    from edge.dashboard.report.report_data import from_jsonl, from_messages
    from edge.messages import Source

    if report.wall_s:
        return from_jsonl(jsonl)
    return from_messages(report.path.stem, [Source(0.0, "file", "lost", fault) for fault in report.faults])
