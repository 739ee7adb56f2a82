"""What the commands that run models have in common: the bundle they use and the folder they keep their state in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.install import open_under, terms_of
from edge.config import Config, ConfigError
from edge.shipped import BUNDLE

BUNDLE_HELP = "Folder of the models; default: the config's, else the one that the package carries."


def bundle_folder(config: Config | None, folder: Path | None) -> Path:
    """The folder of `--bundle`, else the configuration's, else the one that the package carries."""
    named = config.models.bundle if config is not None else None
    return folder or (Path(named) if named else BUNDLE)


def open_bundle(config: Config, folder: Path | None) -> Bundle:
    """The bundle of `bundle_folder`; BundleError where it cannot be trusted."""
    return open_under(terms_of(config.models), bundle_folder(config, folder))


def state_folder() -> Path:
    """Where a box keeps its timeline and outbox: systemd's choice, else the user's state folder, for nobody else.

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
    with suppress(OSError):  # it is not there yet, or not to be written: whoever writes says so
        folder.chmod(0o700)
    return folder
