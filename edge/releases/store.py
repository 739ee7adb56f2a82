"""A folder of releases: `releases/NAME`, the state of their trial in `state.json`, and the link `current`.

`state.json` is the truth and is replaced whole; the link follows it and is set right at each start. So a power cut
at any moment leaves either the old release or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from pathlib import Path

from edge.error import EmvasError
from edge.releases.files import replace_file, replace_link, share_tree, sync, sync_tree
from edge.releases.state import State

_STATE_FILE = "state.json"
_LINK = "current"
_RELEASES = "releases"
_LOCK_FILE = ".lock"
_STAGING = ".staging-"


class StoreError(EmvasError):
    """A folder of releases that cannot be used; the message says which and why."""


class Store:
    """The releases below `folder`, of one kind; safe among processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def link(self) -> Path:
        """The path that always leads to the release in use."""
        return self.folder / _LINK

    def state(self) -> State:
        """What is installed; an empty State where nothing is."""
        path = self.folder / _STATE_FILE
        try:
            return State(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(f"{path} cannot be read ({error}): remove it and install again") from error

    def install(self, fill: Callable[[Path], str]) -> State:
        """Let `fill` make the release at the path it is given and name it, then swap it in.

        On any error nothing has changed. Who may read the store's folder as its group may read the release.
        """
        with self._locked() as old, self._staging() as staging:
            made = staging / "release"
            name = fill(made)
            share_tree(made, self.folder.stat().st_gid)
            sync_tree(made)
            target = self._unused(name, old)
            made.rename(target)
            sync(target.parent)
            new = old.installed(target.name)
            self._enter(new)
            self._prune({old.current, new.current, new.previous})
            return new

    def change(self, transition: Callable[[State], State]) -> State:
        """Apply a transition of `State` and return the new state; a folder that is not there has nothing to change."""
        if not self.folder.is_dir():
            return State()
        with self._locked() as old:
            new = transition(old)
            self._enter(new)
            return new

    def _enter(self, state: State) -> None:
        if state != self.state():
            replace_file(self.folder / _STATE_FILE, json.dumps(asdict(state)))
        if state.current is not None:
            replace_link(self.link, Path(_RELEASES) / state.current)

    def _unused(self, name: str, state: State) -> Path:
        """A name for a new release: `name`, or with a number where that one is still needed."""
        number, chosen = 1, name
        while chosen in (state.current, state.previous):
            number += 1
            chosen = f"{name}.{number}"
        home = self.folder / _RELEASES
        if not home.is_dir():
            home.mkdir()
            share_tree(home, self.folder.stat().st_gid)
        _remove(home / chosen)
        return home / chosen

    def _prune(self, kept: Collection[str | None]) -> None:
        for path in (self.folder / _RELEASES).iterdir():
            if path.name not in kept:
                _remove(path)

    @contextlib.contextmanager
    def _staging(self) -> Iterator[Path]:
        for left in self.folder.glob(f"{_STAGING}*"):  # of an installation that was cut off
            _remove(left)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.folder))
        try:
            yield staging
        finally:
            _remove(staging)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[State]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / _LOCK_FILE, os.O_CREAT | os.O_RDONLY, 0o644)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be used ({error.strerror}): run this with sudo") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self.state()
        except PermissionError as error:
            raise StoreError(f"{error.filename} may not be written: run this with sudo") from error
        finally:
            os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
