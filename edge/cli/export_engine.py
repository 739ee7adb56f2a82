"""`emvas export engine`: builds the TensorRT engines of this machine ahead of time, and tests them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from edge.bundle.bundle import Bundle
from edge.bundle.engines import Need, build_engines, engines_needed, out_of_date
from edge.bundle.selftest import GraphCheck
from edge.bundle.tensorrt import this_machine


@click.command(epilog="Example: emvas export engine build/bundle --role asr")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--role", "roles", multiple=True, help="Build only this role's engines.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder of the engines.")
@click.option("--prune", is_flag=True, help="Delete engines that this bundle does not need here.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def engine(folder: Path, roles: tuple[str, ...], cache: Path | None, prune: bool, as_json: bool) -> None:
    """Build and keep the TensorRT engines of the bundle in FOLDER for this machine's GPU.

    Each engine is then tested with its golden input. It is built again only when its graph, its profile, onnxruntime,
    TensorRT or the GPU has changed. Exit code 1 when an engine computes something else than the bundle's builder.
    """
    machine = this_machine()
    bundle = Bundle(folder, "tensorrt", engines=cache)
    needed = engines_needed(bundle, machine, roles)
    old = out_of_date(bundle.engines, machine, engines_needed(bundle, machine))
    checks = _build(bundle, needed)
    for unused in old if prune else []:
        shutil.rmtree(unused)
    failed = [check for check in checks if not check.passed]
    if as_json:
        click.echo(json.dumps(_record(machine.folder, needed, checks)))
    else:
        _print(machine.folder, needed, checks, [] if prune else old)
    if failed:
        raise SystemExit(1)
    if not as_json:
        click.echo(f"Next: emvas check --bundle {folder} --provider tensorrt")


def _build(bundle: Bundle, needed: list[Need]) -> list[GraphCheck]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    missing = sum(not need.engine.proven for need in needed)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"building {missing} engines, minutes each", total=None)

        def report(need: Need, check: GraphCheck) -> None:
            progress.console.print(
                f"{need.role} {need.graph} {need.variant}: "
                f"{'ok' if check.passed else 'FAILED'}, error {check.error:.1e}, {check.latency_ms:.2f} ms"
            )
            progress.advance(task)

        return build_engines(bundle, needed, report)


def _record(machine: str, needed: list[Need], checks: list[GraphCheck]) -> dict[str, object]:
    return {
        "machine": machine,
        "engines": [
            {"role": need.role, "graph": need.graph, "variant": need.variant, "folder": str(need.engine.folder)}
            for need in needed
        ],
        "checked": [
            {"role": item.role, "graph": item.graph, "error": item.error, "ms": item.latency_ms, "passed": item.passed}
            for item in checks
        ],
    }


def _print(machine: str, needed: list[Need], checks: list[GraphCheck], old: list[Path]) -> None:
    built = sum(check.passed for check in checks)
    click.echo(f"{machine}: {built} engines built and proven, {len(needed) - len(checks)} existed already")
    if old:
        click.echo(f"{len(old)} folders of engines are not needed by this bundle here; --prune deletes them")
    for check in checks:
        if not check.passed:
            click.echo(
                f"{check.role} {check.graph}: error {check.error:.1e}, allowed {check.tolerance:.0e}; deleted: "
                "run this role on another provider, and report GPU and versions to us",
                err=True,
            )
