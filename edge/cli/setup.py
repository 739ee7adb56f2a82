"""What the commands that run models have in common: configuration and bundle from options, faults as sentences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.capture import CaptureError
from edge.config import Config, ConfigError
from edge.database import DatabaseUnusableError

_REFUSALS = (ConfigError, BundleError, CaptureError, DatabaseUnusableError, OSError)


class CannotStartError(click.ClickException):
    """Nothing was done: a configuration, bundle or source cannot be used. Same exit code as wrong usage."""

    exit_code = 2


@contextmanager
def refused_in_a_sentence() -> Iterator[None]:
    """Turn what makes a start impossible into its sentence and exit code 2."""
    try:
        yield
    except _REFUSALS as error:
        raise CannotStartError(str(error)) from error


def open_bundle(config: Config, folder: Path | None) -> Bundle:
    """The bundle of `--bundle`, else the configuration's.

    Raises:
        BundleError: there is none, or it cannot be trusted.
    """
    named = folder or (Path(config.models.bundle) if config.models.bundle else None)
    if named is None:
        raise BundleError("no bundle is named: give --bundle DIR, or `models.bundle` in the configuration")
    return Bundle(named, config.models.provider, config.models.threads)


def state_folder() -> Path:
    """Where a box keeps its timeline and outbox: systemd's choice, else the user's state folder."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "emvas"
