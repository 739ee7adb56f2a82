"""A folder of releases: `releases/NAME`, the state of their trial in `state.json`, and the link `current`.

`state.json` is authoritative and is replaced as a whole; the link follows it and is corrected at each start. So a power
cut at any moment leaves either the old release or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from pathlib import Path

from edge.error import EmvasError
from edge.releases.safe_files import replace_file, replace_link, share_tree, sync, sync_tree, unsafe_owner
from edge.releases.trial import ReleaseState, TrialVerdict, read_verdict, write_verdict

_STATE_FILE = "state.json"
_LINK = "current"
_RELEASES = "releases"
_LOCK_FILE = ".lock"
_STAGING = ".staging-"
_UNFINISHED = (f".{_STATE_FILE}.*", f".{_LINK}.*")
_PATIENCE_S = 10.0
"""Longest wait for another command's swap, which takes milliseconds."""
_POLL_S = 0.05


class StoreError(EmvasError):
    """A folder of releases that cannot be used; the message gives folder and reason."""


class ReleaseStore:
    """The releases below `folder`, of one kind; safe among processes."""

    def __init__(self, folder: Path, verdict: Path | None = None) -> None:
        """`verdict` is the file in which the running box leaves its verdict; by default it lies beside `folder`."""
        self.folder = folder
        self.verdict = verdict or folder.with_name(f"{folder.name}.verdict")

    @property
    def link(self) -> Path:
        """The path of the release in use; it follows a verdict at the next start of the box."""
        return self.folder / _LINK

    def state(self) -> ReleaseState:
        """The installed release with its verdict; an empty state if none is installed."""
        known, verdict = self._known(), read_verdict(self.verdict)
        return known.judged(verdict.trial, verdict.proven) if verdict else known

    def judge(self, proven: bool) -> None:
        """Write the running box's verdict on the trial. OSError: it cannot be written."""
        trial = self._known().trial
        if trial is not None:
            write_verdict(self.verdict, TrialVerdict(trial, proven))

    def install(self, fill: Callable[[Path], str]) -> ReleaseState:
        """Let `fill` create the release at the given path and return its name, then make it current.

        An error changes nothing. The group of the store's folder may read the release. Other processes wait only for
        the last step, never for `fill`.
        """
        self._refuse_unsafe()
        with self._staging() as staging:
            made = staging / "release"
            name = fill(made)
            share_tree(made, self.folder.stat().st_gid)
            sync_tree(made)
            with self._locked() as old:
                target = self._unused(name, old)
                made.rename(target)
                sync(target.parent)
                new = old.installed(target.name, secrets.token_hex(8))
                self._enter(new)
                self._prune({old.current, new.current, new.previous})
                return new

    def change(self, transition: Callable[[ReleaseState], ReleaseState]) -> ReleaseState:
        """Apply a transition and return the new state; a missing folder has nothing to change."""
        if not self.folder.is_dir():
            return ReleaseState()
        self._refuse_unsafe()
        with self._locked() as old:
            new = transition(old)
            self._enter(new)
            return new

    def _known(self) -> ReleaseState:
        path = self.folder / _STATE_FILE
        try:
            return ReleaseState(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return ReleaseState()
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(f"{path} cannot be read ({error}): remove it and install again") from error

    def _refuse_unsafe(self) -> None:
        """Refuse a folder in which another user could place a link in root's way."""
        if reason := unsafe_owner(self.folder):
            raise StoreError(
                f"{self.folder} is no safe place for root to work in ({reason}): `emvas install` makes the folders "
                "that are, or run this as that user"
            )

    def _enter(self, state: ReleaseState) -> None:
        if state != self._known():
            replace_file(self.folder / _STATE_FILE, json.dumps(asdict(state)))
        if state.current is not None:
            replace_link(self.link, Path(_RELEASES) / state.current)

    def _unused(self, name: str, state: ReleaseState) -> Path:
        """A name for a new release: `name`, with a number if that name is still in use."""
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
        """A temporary folder; also removes the leftovers of interrupted installations."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.folder))
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be used ({error.strerror}): run this with sudo") from error
        with _held(staging) as ours:
            try:
                assert ours
                self._tidy(staging)
                yield staging
            except PermissionError as error:
                raise StoreError(f"{error.filename} may not be written: run this with sudo") from error
            finally:
                _remove(staging)

    def _tidy(self, own: Path) -> None:
        for left in self.folder.glob(f"{_STAGING}*"):
            if left != own:
                with _held(left) as abandoned:
                    if abandoned:
                        _remove(left)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[ReleaseState]:
        try:
            handle = os.open(self.folder / _LOCK_FILE, os.O_CREAT | os.O_RDONLY | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be used ({error.strerror}): run this with sudo") from error
        try:
            self._wait_for(handle)
            for pattern in _UNFINISHED:
                for left in self.folder.glob(pattern):
                    _remove(left)
            yield self.state()
        except PermissionError as error:
            raise StoreError(f"{error.filename} may not be written: run this with sudo") from error
        finally:
            os.close(handle)

    def _wait_for(self, handle: int) -> None:
        until_s = time.monotonic() + _PATIENCE_S
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if time.monotonic() >= until_s:
                raise StoreError(f"{self.folder} is held by another command for {_PATIENCE_S:.0f} s: try again later")
            time.sleep(_POLL_S)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Lock a staging folder while it is in use; False: another process has it, or it is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
