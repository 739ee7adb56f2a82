"""`emvas report`: a recording, or a span of a box's timeline, as a page, a PDF, a table or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from edge.cli.box_folders import state_folder
from edge.config import Config, load_config
from edge.dashboard.data.calendar import EXAMPLES, EnteredTime, parse_time, report_range
from edge.dashboard.data.deserialize import RecordError
from edge.i18n.texts import LANGUAGES, Labels, Language
from edge.process import as_owner_of, own_files

if TYPE_CHECKING:
    from edge.dashboard.report.report_data import ReportData
    from edge.dashboard.report.writer import Form

_EXAMPLE = """\b
Example:
  emvas report out/talk.jsonl --html --csv
  emvas report --config configs/bus-cab.yaml --from 22:00 --to 06:00 --pdf --out night.pdf
  emvas report --config configs/bus-cab.yaml --trip last
"""


def _moment(_: click.Context, option: click.Parameter, text: str | None) -> EnteredTime | None:
    """The time in an option. Raises click.BadParameter if it is not a time."""
    try:
        return None if text is None else parse_time(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from error


def _which(_: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """The number of a trip, 1 for the last. Raises click.BadParameter if it is not a number."""
    if text is None:
        return None
    if text != "last" and not (text.isdecimal() and int(text)):
        raise click.BadParameter("give last, or a number: 1 is the last trip, 2 the one before", param=option)
    return 1 if text == "last" else int(text)


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="Report this box, as far as its purpose permits."
)
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the box's timeline; default: as `emvas run`.")
@click.option(
    "--from",
    "since",
    metavar="TIME",
    callback=_moment,
    help=f"Start in a timeline, as local time of the box or with an offset: {EXAMPLES}.",
)
@click.option(
    "--to",
    "until",
    metavar="TIME",
    callback=_moment,
    help="End in a timeline; default: the newest record. Without --from, 24 h are shown.",
)
@click.option(
    "--trip",
    metavar="WHICH",
    callback=_which,
    help="A trip of a timeline instead of --from and --to: last, or 2 for the one before it, and so on.",
)
@click.option("--html", is_flag=True, help="A page with charts, in one file; the default.")
@click.option("--pdf", is_flag=True, help="The page printed on A4; needs Chromium or Chrome.")
@click.option("--csv", is_flag=True, help="One row for each event; columns: docs/report-columns.md.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON; a page is made only with --html.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file; default: STEM.html beside FILE."
)
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the page.")
def report(
    files: tuple[Path, ...],
    config_path: Path | None,
    state: Path | None,
    since: EnteredTime | None,
    until: EnteredTime | None,
    trip: int | None,
    html: bool,
    pdf: bool,
    csv: bool,
    as_json: bool,
    out: Path | None,
    lang: Language,
) -> None:
    """Report FILES, each a JSONL of `emvas replay` or a timeline: state, curve, transcripts, alerts, validity.

    With --config and without FILES, the timeline of that box. Content that the purpose of --config does not permit is
    left out. A page needs no network and no other file. Exit code 1: a file cannot be read, is damaged or cannot be
    written.
    """
    from edge.dashboard.report.json_data import report_figures
    from edge.dashboard.report.writer import write_report

    own_files()
    config = load_config(config_path) if config_path else None
    if not files:
        if config is None:
            raise click.UsageError("say what to report: FILES, or --config YAML for the timeline of a box")
        files = ((state or state_folder()) / config.store.path,)
    forms = _forms(html, pdf, csv, as_json, out)
    if out is not None and (len(files) > 1 or len(forms) > 1):
        raise click.UsageError(
            "--out takes one FILE in one form: leave it out for STEM.html, .pdf and .csv beside each"
        )
    figures = []
    for path in files:
        with Console(stderr=True).status(f"Reading {path.name}"), as_owner_of(path.parent):
            subject = _subject(path, config, since, until, trip)
        figures.append({"file": str(path), **report_figures(subject)})
        for form in forms:
            target = out or _target(path, config, subject, form)
            write_report(subject, form, target, Labels(lang))
            click.echo(f"{target}: {'open it in a browser' if form == 'html' else 'written'}", err=as_json)
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))


def _forms(html: bool, pdf: bool, csv: bool, as_json: bool, out: Path | None) -> list[Form]:
    """The forms to write of each subject; a page by default."""
    asked: dict[Form, bool] = {"html": html, "pdf": pdf, "csv": csv}
    forms = [form for form, wanted in asked.items() if wanted]
    return forms or ([] if as_json and out is None else ["html"])


def _target(path: Path, config: Config | None, subject: ReportData, form: Form) -> Path:
    """The path beside the reported file; for a box it names the box and the day."""
    begun = subject.moment(subject.found.start_s)
    if config is None or begun is None:
        return path.with_suffix(f".{form}")
    return path.with_name(f"{config.box.site}-{config.box.id}-{begun:%Y-%m-%dT%H%M}.{form}")


def _subject(
    path: Path, config: Config | None, since: EnteredTime | None, until: EnteredTime | None, trip: int | None
) -> ReportData:
    from edge.dashboard.report.report_data import from_jsonl, from_timeline, is_timeline, newest_record_s, trips_in

    allowance, name = (config.allowance, config.box.place) if config else (None, "")
    if trip and (since or until):
        raise click.UsageError("--trip sets both ends: leave out --from and --to")
    if not is_timeline(path):
        if since or until or trip:
            raise click.UsageError(f"--from, --to and --trip are for a timeline database; {path} is not one")
        return from_jsonl(path, allowance)
    newest = newest_record_s(path)
    if newest is None:
        raise RecordError(f"{path}: the timeline is empty: `emvas run` writes it")
    if trip:
        known = trips_in(path)
        if trip > len(known):
            raise click.UsageError(f"{path} has {len(known)} trips: there is no trip {trip}")
        chosen = known[trip - 1]
        return from_timeline(path, chosen.start_s, chosen.end_s + 1.0, allowance, name)
    start_s, end_s = report_range(newest, since, until)
    if start_s >= end_s:
        raise click.UsageError("--from must come before --to")
    return from_timeline(path, start_s, end_s, allowance, name)
