"""`emvas replay`: recordings in, one JSONL of messages each."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from edge.cli.recordings import Recordings, expect_once, make_folder, record, stream_options, table, targets_in
from edge.cli.setup import BUNDLE_HELP
from edge.config import load_config
from edge.process import own_files

_EXAMPLE = """\b
Example:
  emvas replay clip.mp4 --config configs/desk.yaml --bundle build/bundle --out out
"""


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML; see configs/.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for one STEM.jsonl a file.")
@click.option("--jsonl", type=click.Path(path_type=Path), help="Write here instead; for a single file.")
@stream_options
@click.option("--realtime", is_flag=True, help="Take as long as the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def replay(
    files: tuple[Path, ...],
    config_path: Path,
    bundle: Path | None,
    out: Path | None,
    jsonl: Path | None,
    picture_stream: int | None,
    sound_stream: int | None,
    realtime: bool,
    as_json: bool,
) -> None:
    """Run video and sound FILES through the box, as fast as it goes, and write what it finds.

    Exit code 0: all files were read; 1: some could not be read whole (the others are done), or configuration, bundle
    or folder cannot be used; 2: wrong usage.
    """
    console = Console(stderr=True)
    targets = _targets(files, out, jsonl)
    own_files()
    config = load_config(config_path)
    make_folder(targets[files[0]].parent)
    recordings = Recordings(config, bundle, console, picture_stream, sound_stream)
    reports = [recordings.replay(path, target, realtime) for path, target in targets.items()]
    if as_json:
        click.echo(json.dumps([record(report, targets[report.path]) for report in reports], ensure_ascii=False))
    else:
        console.print(table(reports))
        written = [str(targets[report.path]) for report in reports if report.wall_s]
        if written:
            console.print(f"Next: emvas report {' '.join(written)}", highlight=False, soft_wrap=True)
    if any(report.faults for report in reports):
        raise SystemExit(1)


def _targets(files: tuple[Path, ...], out: Path | None, jsonl: Path | None) -> dict[Path, Path]:
    """Where each file's messages go."""
    if (out is None) == (jsonl is None):
        raise click.UsageError("say where to write: --out DIR for one STEM.jsonl a file, or --jsonl FILE for one file")
    if out is not None:
        return targets_in(out, files)
    assert jsonl is not None
    expect_once(files)
    if len(files) > 1:
        raise click.UsageError(f"--jsonl takes one file, {len(files)} are given: use --out DIR")
    return {files[0]: jsonl}
