"""`emvas bundle tensorrt`: whether TensorRT accepts the graphs of a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from export.tensorrt.bundle import Judged


@click.command(epilog="Example: emvas bundle tensorrt build/bundle")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--role", "roles", multiple=True, help="Judge only this role.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def tensorrt(folder: Path, roles: tuple[str, ...], as_json: bool) -> None:
    """Lint every graph of the bundle in FOLDER that is meant for TensorRT, and build an engine of it.

    Profiles and verdicts go into the manifest. The engines are deleted: an engine fits one GPU only, and `emvas export
    engine` builds it on the device. Exit code 1 when a graph is not ready.
    """
    from edge.bundle.manifest import read_manifest
    from export.tensorrt.bundle import judge_bundle, judged_graphs

    count = len(list(judged_graphs(read_manifest(folder), roles)))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("building engines", total=count)
        found = judge_bundle(folder, roles, lambda _: progress.advance(task))
    if as_json:
        click.echo(json.dumps([_record(judged) for judged in found]))
    else:
        Console().print(_table(folder, found))
    if not all(judged.verdict.ready for judged in found):
        raise SystemExit(1)
    if not as_json:
        click.echo(f"Next: emvas export report {folder} --out docs/models")


def _record(judged: Judged) -> dict[str, object]:
    named = {"role": judged.role, "graph": judged.graph, "variant": judged.variant}
    return {**named, "ready": judged.verdict.ready, **judged.verdict.model_dump()}


def _table(folder: Path, found: list[Judged]) -> Table:
    table = Table(title=str(folder), title_justify="left", box=None)
    for heading in ("role", "graph", "variant", "engine MB", "s", "verdict"):
        table.add_column(heading, overflow="fold")
    for judged in found:
        verdict, build = judged.verdict, judged.verdict.build
        size = f"{build.engine_bytes / 1e6:.1f}" if build and build.engine_bytes is not None else ""
        reasons = [*verdict.findings, *(build.errors if build else [verdict.not_built])]
        text = "ready" if verdict.ready else "\n".join(reasons)
        table.add_row(judged.role, judged.graph, judged.variant, size, f"{build.seconds:.1f}" if build else "", text)
    return table
