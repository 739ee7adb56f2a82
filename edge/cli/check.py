"""`emvas check`: whether this machine has all that the box needs, and whether its models give the results of the
bundle's builder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from edge.bundle.bundle import Bundle
from edge.bundle.install import Terms, open_under, terms_of
from edge.bundle.manifest import BundleError
from edge.bundle.selftest import GraphCheck, self_test
from edge.bundle.session import PROVIDERS, Provider
from edge.cli import devices, machine_checks
from edge.cli.box_folders import CONFIG, MODELS_STORE, RELEASES, STATE, bundle_folder, state_folder
from edge.cli.install import is_installed
from edge.cli.machine_checks import Check, CheckedBox, CheckResult
from edge.config import Config, load_config

CHECKS: tuple[Check, ...] = (
    devices.camera,
    devices.microphone,
    devices.receiver,
    devices.groups,
    devices.speaker,
    devices.lines,
    machine_checks.state,
    machine_checks.disk,
    machine_checks.clock,
    machine_checks.broker,
    machine_checks.services,
)
"""All checks beside those of the models."""


@click.command(
    epilog="\b\nExample: emvas check --config configs/bus-cab.yaml\n         emvas check --bundle build/bundle"
)
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Check the machine for this box.")
@click.option("--bundle", "folder", type=click.Path(path_type=Path), help="Folder of the models; default: the box's.")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), help="Default: the configuration's, else cpu.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def check(config_path: Path | None, folder: Path | None, provider: Provider | None, as_json: bool) -> None:
    """Check that this machine has all that a box needs, and run every model on its golden inputs.

    With --config: camera, microphone, rights, broker, clock, disk and models of that box; with --bundle alone: the
    models; with neither: the installed box. For each fault, the command that mends it is printed. Exit code 1 when
    something needed is missing, or a model's output is further from its golden one than the bundle allows.
    """
    if config_path is None and folder is None:
        if not CONFIG.is_file():
            raise click.UsageError(f"say what to check: --config YAML or --bundle DIR (there is no {CONFIG})")
        config_path = CONFIG
    config = load_config(config_path) if config_path else None
    results: list[CheckResult] = []
    with Console(stderr=True).status("checking"):
        if config is not None and config_path is not None:
            box = CheckedBox(config, STATE if is_installed() else state_folder(), os.geteuid() == 0)
            results += [*machine_checks.config_file(config_path, box.root and config_path == CONFIG), *_checked(box)]
        bundle, graphs = _models(config, folder, provider, results)
    passed = all(item.passed for item in graphs) and all(item.ok for item in results if item.needed)
    if as_json:
        head = {"bundle": str(bundle.folder) if bundle else None, "passed": passed}
        parts = {"findings": [asdict(item) for item in results], "graphs": [_record(item) for item in graphs]}
        click.echo(json.dumps({**head, **parts}))
    else:
        _print(results, bundle, graphs, passed)
    if not passed:
        raise SystemExit(1)


def _checked(box: CheckedBox) -> Iterator[CheckResult]:
    for step in CHECKS:
        yield from step(box)


def _models(
    config: Config | None, folder: Path | None, provider: Provider | None, results: list[CheckResult]
) -> tuple[Bundle | None, list[GraphCheck]]:
    """Open and test the bundle; with a configuration, a fault is one result among the others."""
    terms = terms_of(config.models) if config else Terms()
    terms = Terms(provider or terms.provider, terms.threads, terms.signed_by)
    installed = RELEASES / MODELS_STORE / "current"
    folder = bundle_folder(config, folder or (installed if is_installed() else None))
    try:
        bundle = open_under(terms, folder)
        graphs = list(self_test(bundle))
    except BundleError as error:
        if config is None:
            raise
        results.append(CheckResult("models", False, str(error), "sudo emvas bundle install bundle.tar"))
        return None, []
    failed = [f"{item.role}/{item.graph}" for item in graphs if not item.passed]
    if config is not None:
        detail = f"this machine computes something else: {', '.join(failed)}" if failed else "pass their self-test here"
        results.append(CheckResult("models", not failed, detail, "sudo emvas bundle rollback" if failed else ""))
        results.append(_roles(config, bundle))
    return bundle, graphs


def _roles(config: Config, bundle: Bundle) -> CheckResult:
    """Whether the bundle has a model for all that the configuration asks for."""
    from edge.runtime.perception_stages import needed_roles

    needed = needed_roles(config)
    missing = [f"{role} (asked for by {setting})" for role, setting in needed.items() if not bundle.has(role)]
    if missing:
        detail = f"the bundle lacks {', '.join(missing)}: install one that has it, or change the configuration"
        return CheckResult("roles", False, detail, "sudo emvas bundle install bundle.tar")
    return CheckResult("roles", True, f"the bundle has all {len(needed)} that the configuration asks for")


def _print(results: list[CheckResult], bundle: Bundle | None, graphs: list[GraphCheck], passed: bool) -> None:
    console = Console()
    if bundle is not None:
        console.print(_graph_table(bundle, graphs))
    table = Table(box=None, show_header=False)
    for item in results:
        verdict = "[green]ok[/]" if item.ok else "[red]missing[/]" if item.needed else "[yellow]better with[/]"
        table.add_row(verdict, item.name, item.detail)
    console.print(table)
    for mend in dict.fromkeys(item.mend for item in results if item.mend):
        console.print(f"To mend: {mend}", markup=False, highlight=False, soft_wrap=True)
    if not all(item.passed for item in graphs):
        click.echo("This machine does not compute what the bundle's builder computed: do not use it.", err=True)
    elif passed and results:
        click.echo("Next: sudo systemctl start emvas-edge, or emvas run --config YAML by hand")
    elif passed and bundle is not None:
        click.echo(f"Next: emvas replay clip.mp4 --config configs/desk.yaml --bundle {bundle.folder} --out out")


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


def _graph_table(bundle: Bundle, checks: list[GraphCheck]) -> Table:
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
