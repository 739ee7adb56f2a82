"""`emvas check`: has this machine all that the box needs, and does it compute what the bundle's builder computed?"""

from __future__ import annotations

import json
import os
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
from edge.cli.checks.finding import Finding, Subject
from edge.cli.checks.machine import config_file
from edge.cli.checks.table import look, show
from edge.cli.places import CONFIG, MODELS_STORE, RELEASES, STATE
from edge.cli.setup import bundle_folder, state_folder
from edge.cli.units import is_installed
from edge.config import Config, load_config


@click.command(
    epilog="\b\nExample: emvas check --config configs/bus-cab.yaml\n         emvas check --bundle build/bundle"
)
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Look at the machine for this box.")
@click.option("--bundle", "folder", type=click.Path(path_type=Path), help="Folder of the models; default: the box's.")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), help="Default: the configuration's, else cpu.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def check(config_path: Path | None, folder: Path | None, provider: Provider | None, as_json: bool) -> None:
    """Look whether all is there that a box needs, and run every model on its golden inputs.

    With --config: camera, microphone, rights, broker, clock, disk and models of that box; with --bundle alone: the
    models; with neither: the installed box. What is missing is told with the command that mends it. Exit code 1 when
    something needed is missing, or a model's output is further from its golden one than the bundle allows.
    """
    if config_path is None and folder is None:
        if not CONFIG.is_file():
            raise click.UsageError(f"say what to check: --config YAML or --bundle DIR (there is no {CONFIG})")
        config_path = CONFIG
    config = load_config(config_path) if config_path else None
    findings: list[Finding] = []
    with Console(stderr=True).status("looking"):
        if config is not None and config_path is not None:
            subject = Subject(config, _state(), os.geteuid() == 0)
            findings += [*config_file(config_path, subject.root and config_path == CONFIG), *look(subject)]
        bundle, graphs = _models(config, folder, provider, findings)
    passed = all(item.passed for item in graphs) and all(item.ok for item in findings if item.needed)
    if as_json:
        told = {"bundle": str(bundle.folder) if bundle else None, "passed": passed}
        parts = {"findings": [asdict(item) for item in findings], "graphs": [_record(item) for item in graphs]}
        click.echo(json.dumps({**told, **parts}))
    else:
        _tell(findings, bundle, graphs, passed)
    if not passed:
        raise SystemExit(1)


def _state() -> Path:
    """The state folder of the installed box, or this user's."""
    return STATE if is_installed() else state_folder()


def _models(
    config: Config | None, folder: Path | None, provider: Provider | None, findings: list[Finding]
) -> tuple[Bundle | None, list[GraphCheck]]:
    """Open and test the bundle; with a configuration what is wrong is one finding among the others."""
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
        findings.append(Finding("models", False, str(error), "sudo emvas bundle install bundle.tar"))
        return None, []
    failed = [f"{item.role}/{item.graph}" for item in graphs if not item.passed]
    if config is not None:
        said = f"this machine computes something else: {', '.join(failed)}" if failed else "pass their self-test here"
        findings.append(Finding("models", not failed, said, "sudo emvas bundle rollback" if failed else ""))
        findings.append(_roles(config, bundle))
    return bundle, graphs


def _roles(config: Config, bundle: Bundle) -> Finding:
    """Whether the bundle has a model for all that the configuration asks for."""
    from edge.runtime.perception_stages import needed_roles

    needed = needed_roles(config)
    missing = [f"{role} (asked for by {setting})" for role, setting in needed.items() if not bundle.has(role)]
    if missing:
        said = f"the bundle lacks {', '.join(missing)}: install one that has it, or change the configuration"
        return Finding("roles", False, said, "sudo emvas bundle install bundle.tar")
    return Finding("roles", True, f"the bundle has all {len(needed)} that the configuration asks for")


def _tell(findings: list[Finding], bundle: Bundle | None, graphs: list[GraphCheck], passed: bool) -> None:
    if bundle is not None:
        Console().print(_table(bundle, graphs))
    show(findings, Console())
    if not all(item.passed for item in graphs):
        click.echo("This machine does not compute what the bundle's builder computed: do not use it.", err=True)
    elif passed and findings:
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
