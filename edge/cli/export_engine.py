"""`emvas export engine`: finds the TensorRT engines that a bundle needs on this machine, builds and tests them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import VariantName
from edge.bundle.selftest import GraphCheck, check_variant
from edge.bundle.session import PROVEN_FILE, Engine, Machine, engine_of, this_machine


@dataclass(frozen=True, slots=True)
class Need:
    """One graph that the box would run through TensorRT, and its engine."""

    role: str
    graph: str
    variant: VariantName
    engine: Engine


def engines_needed(bundle: Bundle, machine: Machine, roles: Collection[str] = ()) -> list[Need]:
    """The engines of every graph that the bundle's provider runs, of the named roles or of all.

    Raises:
        BundleError: a role is not in the bundle.
    """
    found = []
    for role in roles or bundle.manifest.roles:
        variant = bundle.variant_name(role)
        described = bundle.role(role).variants[variant]
        found += [
            Need(role, name, variant, engine_of(described, graph, machine, bundle.engines))
            for name, graph in described.graphs.items()
        ]
    return found


def out_of_date(cache: Path, machine: Machine, needed: Sequence[Need]) -> list[Path]:
    """Engine folders that `needed` does not use: of other graphs, versions, GPUs or bundles."""
    wanted = {need.engine.folder for need in needed}
    elsewhere = [home for home in _folders(cache) if home.name != machine.folder]
    return elsewhere + [folder for folder in _folders(cache / machine.folder) if folder not in wanted]


def build_engines(
    bundle: Bundle, needed: Sequence[Need], report: Callable[[Need, GraphCheck], None]
) -> list[GraphCheck]:
    """Build the engines that are not proven yet, and test each with its golden input.

    An engine that computes something else is deleted. Returns every check, including failed ones.
    """
    checks = []
    missing = [need for need in needed if not need.engine.proven]
    for role, variant in dict.fromkeys((need.role, need.variant) for need in missing):
        graphs = {need.graph: need for need in needed if (need.role, need.variant) == (role, variant)}
        for need in graphs.values():
            if not need.engine.proven:
                shutil.rmtree(need.engine.folder, ignore_errors=True)  # left by an interrupted build
        start = time.monotonic()
        for check in check_variant(bundle, role, variant):
            need = graphs[check.graph]
            _keep_proof(need.engine, check, time.monotonic() - start)
            checks.append(check)
            report(need, check)
            start = time.monotonic()
    return checks


def _keep_proof(engine: Engine, check: GraphCheck, seconds: float) -> None:
    if not check.passed:
        shutil.rmtree(engine.folder, ignore_errors=True)
        return
    if engine.proven:
        return
    engine.folder.mkdir(parents=True, exist_ok=True)
    proof = {"seconds": round(seconds, 1), "error": check.error, "latency_ms": round(check.latency_ms, 3)}
    unfinished = engine.folder / f".{PROVEN_FILE}"
    unfinished.write_text(json.dumps(proof), encoding="utf-8")
    unfinished.replace(engine.folder / PROVEN_FILE)


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []


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
