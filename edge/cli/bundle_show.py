"""`emvas bundle show`: what the manifest says."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from edge.bundle.manifest import Manifest, Role, read_manifest


@click.command(epilog="Example: emvas bundle show build/bundle")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest as JSON.")
def show(folder: Path, as_json: bool) -> None:
    """Show what the bundle in FOLDER holds, where it came from and what was measured."""
    manifest = read_manifest(folder)
    if as_json:
        click.echo(manifest.model_dump_json(indent=2))
        return
    console = Console()
    console.print(_table(manifest))
    for name, role in manifest.roles.items():
        for note in role.not_checked:
            console.print(f"{name}: not checked: {note}", markup=False, highlight=False)
    click.echo(f"Next: emvas bundle verify {folder}")


def _table(manifest: Manifest) -> Table:
    table = Table(title=f"{manifest.name} {manifest.version}", title_justify="left", box=None)
    for heading in ("role", "variant", "MB", "ms, 1 thread", "licence", "from"):
        table.add_column(heading, overflow="fold")
    for name, role in manifest.roles.items():
        licences, archives = _origin(role)
        for variant, described in role.variants.items():
            size = sum(graph.bytes for graph in described.graphs.values()) / 1e6
            latency = described.measured.get("latency_ms_1_thread", {})
            times = "\n".join(f"{graph} {value:g}" for graph, value in latency.items())
            mark = " (cpu)" if role.default["cpu"] == variant else ""
            table.add_row(name, variant + mark, f"{size:.1f}", times, licences, archives)
    return table


def _origin(role: Role) -> tuple[str, str]:
    """Licences and archives, each once."""
    licences = dict.fromkeys(source.licence for source in role.sources)
    archives = dict.fromkeys(source.archive for source in role.sources)
    return ", ".join(licences), "\n".join(archives)
