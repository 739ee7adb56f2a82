"""Folders of a box, and the bundle that a command opens: as installed (file-hierarchy(7)), or as its options say.

The units of `edge/systemd/` name the same folders.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import Config, ConfigError
from edge.releases.release_store import ReleaseStore
from edge.shipped import BUNDLE

if TYPE_CHECKING:
    from edge.bundle.bundle import Bundle

STATE = Path("/var/lib/emvas")
"""Timeline, outbox and trial verdicts; the services may write here."""
RELEASES = Path("/var/lib/emvas-releases")
"""Bundles and configurations that the services run. Root owns them: who may replace them decides what runs."""
CACHE = Path("/var/cache/emvas")
CONFIG = Path("/etc/emvas/edge.yaml")
MODELS_STORE = "models"
CONFIG_STORE = "config"
"""Folders of releases below `RELEASES`, or below the state folder of a box that is run by hand."""
STORES = (MODELS_STORE, CONFIG_STORE)
BUNDLE_HELP = "Folder of the models; default: the config's, else the one that the package carries."


def bundle_folder(config: Config | None, folder: Path | None) -> Path:
    """The folder of `--bundle`, else the configuration's, else the one that the package carries."""
    named = config.models.bundle if config is not None else None
    return folder or (Path(named) if named else BUNDLE)


def open_bundle(config: Config, folder: Path | None) -> Bundle:
    """Open the bundle of `bundle_folder`.

    Raises:
        BundleError: it cannot be trusted.
    """
    from edge.bundle.install import open_under, terms_of

    return open_under(terms_of(config.models), bundle_folder(config, folder))


def state_folder() -> Path:
    """The folder of timeline and outbox: systemd's STATE_DIRECTORY, else the user's state folder, closed to others.

    Raises:
        ConfigError: this user has no home.
    """
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given)
    try:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "emvas"
    except RuntimeError:
        raise ConfigError(
            "this user has no home, so there is no folder for timeline and outbox: give --state DIR"
        ) from None
    with suppress(OSError):  # missing or not writable: the code that writes reports it
        folder.chmod(0o700)
    return folder


def store_at(folder: Path) -> ReleaseStore:
    """The releases in `folder`; the installed box keeps the verdict on its releases in its state folder."""
    return ReleaseStore(folder, STATE / f"{folder.name}.verdict") if folder.parent == RELEASES else ReleaseStore(folder)


def stores_of(state: Path) -> dict[str, ReleaseStore]:
    """The stores of releases of the box with the state folder `state`, by name."""
    home = RELEASES if state == STATE else state
    return {name: store_at(home / name) for name in STORES}
