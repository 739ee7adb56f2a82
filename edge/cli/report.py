"""`emvas report`: a replayed recording as a page to read and keep."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge.dashboard.labels import LANGUAGES, Labels, Language
from edge.dashboard.records import read_jsonl

_EXAMPLE = "\b\nExample:\n  emvas report out/talk.jsonl --out out/talk.html"


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The page; default: STEM.html beside it.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the page.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON; a page is then made only for --out.")
def report(files: tuple[Path, ...], out: Path | None, lang: Language, as_json: bool) -> None:
    """Make a page of each JSONL in FILES that `emvas replay` wrote: state, timeline, shares, alerts, validity.

    The page needs no network and no other file. Exit code 1: a file cannot be read or is damaged.
    """
    from edge.dashboard.digest import digest
    from edge.dashboard.report import numbers, render

    if out is not None and len(files) > 1:
        raise click.UsageError(f"--out takes one file, {len(files)} are given: leave it out for one page beside each")
    figures = []
    for path in files:
        found = digest(read_jsonl(path), start_s=0.0)
        figures.append({"file": str(path), **numbers(found)})
        if out is not None or not as_json:
            target = out or path.with_suffix(".html")
            _write(target, render(found, path.stem, Labels(lang)))
            click.echo(f"{target}: open it in a browser", err=as_json)
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))


def _write(path: Path, page: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(path), f"{error.strerror}: choose a place that can be written") from error
