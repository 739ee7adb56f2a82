"""Installs a configuration: validates it as on any start, then replaces the link that the box reads."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from edge.config.loader import load_config
from edge.releases.files import replace_link
from edge.releases.state import ReleaseState
from edge.releases.store import ReleaseStore

_DIGITS = 12
"""Hexadecimal digits of a file's hash in a release's name."""


def install_config(source: Path, store: ReleaseStore, place: Path) -> ReleaseState:
    """Install the file `source` and make `place`, which the box reads, a link to it.

    A plain file at `place` was written by hand. It is kept as the proven release, to which a rollback returns.

    Raises:
        ConfigError: `source` is not a valid configuration; the installed one stays.
    """
    load_config(source)
    if place.is_file() and not place.is_symlink():
        store.install(_copy_of(place, "by-hand"))
        store.change(ReleaseState.confirmed)
        _link(place, store)
    state = store.install(_copy_of(source, source.stem))
    _link(place, store)
    return state


def _link(place: Path, store: ReleaseStore) -> None:
    """Make `place` a relative link, which also works in an image."""
    place.parent.mkdir(parents=True, exist_ok=True)
    replace_link(place, Path(os.path.relpath(store.link, place.parent)))


def _copy_of(source: Path, name: str) -> Callable[[Path], str]:
    def fill(made: Path) -> str:
        shutil.copyfile(source, made)
        return f"{name}-{hashlib.sha256(made.read_bytes()).hexdigest()[:_DIGITS]}"

    return fill
