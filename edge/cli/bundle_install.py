"""`emvas bundle install`: a bundle onto this box, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from edge.cli.places import CONFIG, MODELS_STORE, RELEASES, store_at
from edge.releases.state import State
from edge.shipped import BUNDLE


@click.command(epilog="Example: sudo emvas bundle install bundle.tar")
@click.argument("source", type=click.Path(exists=True, path_type=Path), default=BUNDLE)
@click.option(
    "--into", "folder", type=click.Path(path_type=Path), default=RELEASES / MODELS_STORE, show_default=True,
    help="Folder of releases; the box reads its link `current`.",
)  # fmt: skip
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), default=CONFIG, show_default=True,
    help="The box's YAML: the provider, signature and roles that it asks for.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the new state as JSON.")
def install(source: Path, folder: Path, config_path: Path, as_json: bool) -> None:
    """Install the bundle SOURCE, a folder or a tar archive; without SOURCE the one that the package carries.

    It is copied beside the others, every hash is verified, every model tested on this machine; then one link is
    swapped. The box takes it at its next start, on trial: it goes back by itself to the one before when the new one
    fails to start three times or has not run well for ten minutes within half an hour.
    """
    from edge.bundle.install import Terms, install_bundle, terms_of
    from edge.config import load_config
    from edge.runtime.perception_stages import needed_roles

    terms = Terms()
    if config_path.is_file():
        config = load_config(config_path)
        terms = replace(terms_of(config.models), roles=needed_roles(config))
    with Console(stderr=True).status("verifying and testing") as status:
        state = install_bundle(source, store_at(folder), terms, lambda check: status.update(f"tested {check.role}"))
    tell(state, folder, as_json)


def tell(state: State, folder: Path, as_json: bool) -> None:
    """Say what is in use now and what comes next."""
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps({"folder": str(folder), **asdict(state)}))
        return
    click.echo(f"{folder / 'current'} is {state.current}" + (", on trial" if state.on_trial else ""))
    if state.previous:
        click.echo(f"the way back is {state.previous}")
    click.echo("Next, when the vehicle stands: sudo systemctl restart emvas-edge")
