"""`emvas evaluate alerts`: false and missed alerts on recordings with a noted truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from edge.cli.box_folders import BUNDLE_HELP, open_bundle
from edge.config import Config, load_config
from edge.config.purpose import Purpose
from edge.evaluation.run import VIEWS

_EXAMPLE = """\b
Example:
  emvas evaluate alerts recordings --truth recordings/truth.json
"""
_ROWS = {
    "false_criticals_per_h": "false critical alerts an hour",
    "false_warnings_per_h": "false warnings or higher an hour",
    "microsleeps_found": "closures of a microsleep's length, found",
    "stretched_found": "stretched closures, found",
    "open_held_for_closed": "share of open time taken for closed",
    "yawns_found": "yawns, found",
    "false_yawns_per_h": "false yawns an hour",
    "looks_found": "looks away, found",
    "unknown": "share of time with unknown eyelids",
}


@click.command(epilog=_EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--truth",
    "truth_path",
    required=True,
    type=click.Path(path_type=Path),
    help="The truth about the recordings; JSON.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="YAML; default: purpose driver-safety with all defaults.",
)
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--view", "views", multiple=True, type=click.Choice(list(VIEWS)), help="Only this view; may be repeated.")
@click.option("--fps", type=click.FloatRange(1, 60), help="Highest frame rate; default: all frames.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def alerts(
    folder: Path,
    truth_path: Path,
    config_path: Path | None,
    bundle: Path | None,
    views: tuple[str, ...],
    fps: float | None,
    as_json: bool,
) -> None:
    """Run the box on the recordings in FOLDER, as filmed and as worse cameras would show them, and count its errors.

    The truth names for each clip its `path` in FOLDER and its `person`, with lists of [start, end, certainty] in
    seconds: `closed`, `unknown`, `yawns` and, where looks were noted, `away`; `stretched` lists [clip, second] of
    closed eyes, each of which is held for 3 s. Every clip starts with nothing learned. Intervals are 95 %, by person.

    Exit code 0: all was measured; 1: a file cannot be used; 2: wrong usage.
    """
    from edge.evaluation.run import RecordingRunner, evaluate
    from edge.evaluation.scores import figures
    from edge.evaluation.truth import load_truth

    truth = load_truth(truth_path, folder)
    defaults = Config(purpose=Purpose.DRIVER_SAFETY)
    config = defaults if config_path is None else load_config(config_path)
    runner, console = RecordingRunner(open_bundle(config, bundle), config), Console(stderr=True)
    with console.status("reading") as status:
        found = evaluate(runner, truth, views or tuple(VIEWS), fps, status.update)
    report = {view: figures(scores) for view, scores in found.items()}
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    Console().print(_table(report))
    for view in report.values():
        for alert in view["false_alerts"]:
            click.echo("false: {view}, {clip} at {t_s} s: {alert}, {level}".format(**alert))
    click.echo("Next: --json gives every figure with its total")


def _table(report: dict[str, Any]) -> Table:
    table = Table("95 % interval by person", *report)
    first = next(iter(report.values()))
    table.add_row("hours of face; people", *(f"{view['face_h']:.2f}; {view['people']}" for view in report.values()))
    for key, words in _ROWS.items():
        if first[key]["value"] is not None:
            table.add_row(words, *(_cell(view[key]) for view in report.values()))
    return table


def _cell(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3g} ({figure['low']:.3g} to {figure['high']:.3g})"
