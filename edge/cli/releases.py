"""`emvas releases`: what is installed and on trial; what the service calls when it starts and stops."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from edge.cli.places import stores_of
from edge.cli.setup import state_folder
from edge.releases.state import State
from edge.releases.store import Store

_STATE = click.option("--state", type=click.Path(path_type=Path), help="The box's state folder.")
_CLEAN = "success"
"""systemd.exec(5), `$SERVICE_RESULT`: stopped as asked, neither crashed nor killed by the watchdog."""


@click.command(epilog="Example: emvas releases show --state /var/lib/emvas")
@_STATE
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def show(state: Path | None, as_json: bool) -> None:
    """Show which bundle and configuration are in use, and whether they are on trial."""
    found = {name: store.state() for name, store in _stores(state).items()}
    if as_json:
        click.echo(json.dumps({name: asdict(known) for name, known in found.items()}))
        return
    for name, known in found.items():
        click.echo(f"{name}: {_sentence(known)}")


@click.command(epilog="Example: emvas releases start --state /var/lib/emvas")
@_STATE
def start(state: Path | None) -> None:
    """Count a start of what is on trial, or take it back when its starts are used up. The service's ExecStartPre."""
    _change(state, State.started)


@click.command(epilog="Example: emvas releases stop --state /var/lib/emvas")
@_STATE
def stop(state: Path | None) -> None:
    """Say whether the service ended as it should (its SERVICE_RESULT). The service's ExecStopPost."""
    if os.environ.get("SERVICE_RESULT") == _CLEAN:
        _change(state, State.stopped_cleanly)


def _change(state: Path | None, transition: Callable[[State], State]) -> None:
    for name, store in _stores(state).items():
        before, after = store.state(), store.change(transition)
        if after != before:
            click.echo(f"{name}: {_sentence(after)}")


def _stores(state: Path | None) -> dict[str, Store]:
    return stores_of(state or state_folder())


def _sentence(state: State) -> str:
    if state.current is None:
        return "nothing is installed"
    trial = f", on trial, start {state.starts}" if state.on_trial else ""
    taken_back = f"; {state.taken_back} was taken back" if state.taken_back else ""
    return f"{state.current}{trial}{taken_back}"
