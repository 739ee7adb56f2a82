"""The commands for releases (bundles and configurations): install, roll back, show, and the trial of a new one.

`emvas bundle install`, `emvas config install`, their `rollback`, and `emvas releases`, which the service calls when it
starts and stops.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console

from edge import status
from edge.cli.box_folders import CONFIG, CONFIG_STORE, MODELS_STORE, RELEASES, state_folder, store_at, stores_of
from edge.releases.release_store import ReleaseStore, StoreError
from edge.releases.trial import Probation, ReleaseState, TrialResult
from edge.shipped import BUNDLE
from edge.store.state_folder import replace_small, unusable

_log = logging.getLogger(__name__)

LOST_FILE = "lost.json"
"""In the state folder: sources lost while a proven release ran. A new release is not blamed for them."""
SETTLED_S = 60.0
"""After this time of a run every source that is lost is known."""
_STATE = click.option("--state", type=click.Path(path_type=Path), help="The box's state folder.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the new state as JSON.")
_CLEAN = "success"
"""systemd.exec(5), `$SERVICE_RESULT`: stopped as asked, neither crashed nor killed by the watchdog."""


@click.command("install", epilog="Example: sudo emvas bundle install bundle.tar")
@click.argument("source", type=click.Path(exists=True, path_type=Path), default=BUNDLE)
@click.option(
    "--into", "folder", type=click.Path(path_type=Path), default=RELEASES / MODELS_STORE, show_default=True,
    help="Folder of releases; the box reads its link `current`.",
)  # fmt: skip
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), default=CONFIG, show_default=True,
    help="The box's YAML: the provider, signature and roles that it asks for.",
)  # fmt: skip
@_JSON
def install_bundle_command(source: Path, folder: Path, config_path: Path, as_json: bool) -> None:
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
    with Console(stderr=True).status("verifying and testing") as shown:
        state = install_bundle(source, store_at(folder), terms, lambda check: shown.update(f"tested {check.role}"))
    print_state(state, folder, as_json)


@click.command("install", epilog="Example: sudo emvas config install bus-cab.yaml")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--into", "folder", type=click.Path(path_type=Path), default=RELEASES / CONFIG_STORE, show_default=True,
    help="Folder of releases.",
)  # fmt: skip
@click.option(
    "--place", type=click.Path(path_type=Path), default=CONFIG, show_default=True,
    help="What the box reads: becomes a link to the release in use.",
)  # fmt: skip
@_JSON
def install_config_command(source: Path, folder: Path, place: Path, as_json: bool) -> None:
    """Install the configuration SOURCE.

    It is checked as at any start, then one link is swapped; a file that was written by hand is kept as the way back.
    The new one is on trial as a bundle is (`emvas bundle install --help`).
    """
    from edge.config.loader import install_config

    print_state(install_config(source, store_at(folder), place), folder, as_json)


def _rollback_command(group: str, what: str, store: str) -> click.Command:
    @click.command("rollback", epilog=f"Example: sudo emvas {group} rollback")
    @click.option(
        "--from", "folder", type=click.Path(path_type=Path), default=RELEASES / store, show_default=True,
        help="Folder of releases.",
    )  # fmt: skip
    @_JSON
    def rollback(folder: Path, as_json: bool) -> None:
        print_state(store_at(folder).change(ReleaseState.rolled_back), folder, as_json)

    rollback.help = f"Go back to the {what} that was in use before this one."
    return rollback


rollback_bundle_command = _rollback_command("bundle", "bundle", MODELS_STORE)
rollback_config_command = _rollback_command("config", "configuration", CONFIG_STORE)


def print_state(state: ReleaseState, folder: Path, as_json: bool) -> None:
    """Print the release in use now, and the next step."""
    if as_json:
        click.echo(json.dumps({"folder": str(folder), **asdict(state)}))
        return
    click.echo(f"{folder / 'current'} is {state.current}" + (", on trial" if state.on_trial else ""))
    if state.previous:
        click.echo(f"the way back is {state.previous}")
    click.echo("Next, when the vehicle stands: sudo systemctl restart emvas-edge")


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
    _change(state, ReleaseState.started)


@click.command(epilog="Example: emvas releases stop --state /var/lib/emvas")
@_STATE
def stop(state: Path | None) -> None:
    """Say whether the service ended as it should (its SERVICE_RESULT). The service's ExecStopPost."""
    if os.environ.get("SERVICE_RESULT") == _CLEAN:
        _change(state, ReleaseState.stopped_cleanly)


def _change(state: Path | None, transition: Callable[[ReleaseState], ReleaseState]) -> None:
    for name, store in _stores(state).items():
        before, after = store.state(), store.change(transition)
        if after != before:
            click.echo(f"{name}: {_sentence(after)}")


def _stores(state: Path | None) -> dict[str, ReleaseStore]:
    return stores_of(state or state_folder())


def _sentence(state: ReleaseState) -> str:
    if state.current is None:
        return "nothing is installed"
    trial = f", on trial, start {state.starts}" if state.on_trial else ""
    taken_back = f"; {state.taken_back} was taken back" if state.taken_back else ""
    return f"{state.current}{trial}{taken_back}"


class ReleaseTrial:
    """The running box's part in a trial: it keeps a release that runs well, and gives up one that does not.

    One object a run; the run calls `turn` about once a second.
    """

    def __init__(self, state: Path) -> None:
        """`state` is the box's state folder; all releases on trial in it are judged together."""
        self._file = state / LOST_FILE
        self._before = _read_names(self._file)
        self._start_s: float | None = None
        self._stores = [store for store in stores_of(state).values() if _on_trial(store, state)]
        self._probation = Probation()

    def turn(self, now_s: float, known: status.HealthVerdict) -> bool:
        """Observe the box; return whether it must end because its release is taken back.

        `now_s` is monotonic, `known` the box's status. The verdict takes effect at the next start. The box runs well
        while it is healthy and has lost only sources that were lost before the release came.
        """
        self._start_s = now_s if self._start_s is None else self._start_s
        lost = frozenset(known.lost)
        if not self._stores:
            if now_s - self._start_s >= SETTLED_S and lost != self._before:
                self._before = lost
                replace_small(self._file, json.dumps(sorted(lost)), "the next trial uses an older list of lost sources")
            return False
        verdict = self._probation.observe(now_s, known.healthy and lost <= self._before)
        if verdict == TrialResult.OPEN:
            return False
        proven = verdict == TrialResult.PROVEN
        for store in self._stores:
            try:
                store.judge(proven)
            except OSError as error:
                _log.error("%s: the trial's verdict cannot be written: %s", store.folder, error)
                continue
            state = store.state()
            result = f"{state.current} runs well and is kept" if proven else f"{state.taken_back} is taken back"
            _log.warning("%s: %s", store.folder, result)
        self._stores = []
        return not proven


def _on_trial(store: ReleaseStore, state: Path) -> bool:
    """Whether its release is on trial; a store that cannot be read is logged and does not end the box.

    If the state folder `state` cannot be used at all, the report about it says enough.
    """
    try:
        return store.state().on_trial
    except StoreError as error:
        if not (store.folder.is_relative_to(state) and unusable(state)):
            _log.error("%s", error)
        return False


def _read_names(file: Path) -> frozenset[str]:
    """The names in the file; empty where it is missing or holds something else."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()
