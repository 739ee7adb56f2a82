"""`emvas check`: does this machine compute what the bundle's builder computed, with which provider, how fast?"""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from edge.bundle.bundle import Bundle
from edge.bundle.selftest import GraphCheck, self_test
from edge.bundle.session import PROVIDERS, Provider


@click.command(epilog="Example: emvas check --bundle build/bundle")
@click.option("--bundle", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the models.")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), default="cpu", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def check(folder: Path, provider: Provider, as_json: bool) -> None:
    """Run every model of a bundle on its golden inputs, on this machine.

    Exit code 1 when a model's output is further from its golden one than the bundle allows.
    """
    bundle = Bundle(folder, provider)
    with Console(stderr=True).status("running the golden inputs"):
        checks = list(self_test(bundle))
    passed = all(result.passed for result in checks)
    if as_json:
        click.echo(json.dumps({"bundle": str(folder), "passed": passed, "graphs": [_record(item) for item in checks]}))
    else:
        Console().print(_table(bundle, checks))
        if passed:
            click.echo(f"Next: emvas replay clip.mp4 --config configs/desk.yaml --bundle {folder} --out out")
        else:
            click.echo("This machine does not compute what the bundle's builder computed: do not use it.", err=True)
    if not passed:
        raise SystemExit(1)


def _record(result: GraphCheck) -> dict[str, object]:
    return {
        "role": result.role,
        "graph": result.graph,
        "variant": result.variant,
        "provider": result.provider,
        "error": result.error,
        "tolerance": result.tolerance,
        "latency_ms": round(result.latency_ms, 3),
        "passed": result.passed,
    }


def _table(bundle: Bundle, checks: list[GraphCheck]) -> Table:
    manifest = bundle.manifest
    table = Table(title=f"{manifest.name} {manifest.version}, {bundle.threads} thread", title_justify="left", box=None)
    for heading in ("role", "graph", "variant", "provider"):
        table.add_column(heading)
    for heading in ("error", "allowed", "ms"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for result in checks:
        verdict = "[green]ok[/]" if result.passed else "[red]FAILED[/]"
        table.add_row(
            result.role, result.graph, result.variant, result.provider.removesuffix("ExecutionProvider"),
            f"{result.error:.1e}", f"{result.tolerance:.0e}", f"{result.latency_ms:.2f}", verdict,
        )  # fmt: skip
    return table
