"""An opened bundle: every hash verified, then sessions, tables and arrays by role.

Array files may come from anywhere: sizes in a header are checked before memory is taken, and pickles are never opened.
"""

from __future__ import annotations

import hashlib
import logging
import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from edge.bundle.contract import misfit
from edge.bundle.manifest import BundleError, Manifest, Role, StoredFile, VariantName, read_manifest
from edge.bundle.session import Array, Provider, Session, default_cache, engine_of, this_machine

_log = logging.getLogger(__name__)
_BLOCK_BYTES = 1 << 20
_OTHER_VERSION = "it was built by another version of this program: build or install the bundle again"
LARGEST_ARRAYS_BYTES = 1 << 30
"""Limit for all arrays of one file together; the largest golden file of the default bundle unpacks to 25 MB."""
_MOST_ARRAYS = 1000
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


class Bundle:
    """A verified folder of models."""

    def __init__(
        self, folder: Path | str, provider: Provider = "cpu", threads: int = 1, engines: Path | None = None
    ) -> None:
        """Read and verify `folder`. BundleError names the first file that differs from the manifest.

        `engines` is the folder of TensorRT engines; default: `default_cache()`.
        """
        self.folder = Path(folder).resolve()  # an update swaps the link; a running box keeps its files
        self.provider: Provider = provider
        self.threads = threads
        self._engines = engines
        self.manifest: Manifest = read_manifest(self.folder)
        for stored in self.manifest.files():
            self._verify(stored)
        for name, role in self.manifest.roles.items():
            if fault := misfit(name, role):
                raise BundleError(
                    f"bundle {self.folder}: role {name} does not fit the box: {fault}; export that model again "
                    f"(emvas export adapts what it can), or build or install the bundle again"
                )

    @property
    def engines(self) -> Path:
        """The folder of TensorRT engines. NoTensorrtError: there is none for this user."""
        return self._engines or default_cache()

    def role(self, name: str) -> Role:
        """The description of a role. BundleError lists the known roles."""
        if name not in self.manifest.roles:
            raise BundleError(f"bundle {self.folder} has no role {name!r}; it has {', '.join(self.manifest.roles)}")
        return self.manifest.roles[name]

    def has(self, name: str) -> bool:
        """Whether the bundle has this role."""
        return name in self.manifest.roles

    def variant_name(self, role: str) -> VariantName:
        """The variant that the manifest chose for this bundle's provider."""
        chosen = self.role(role).default
        return chosen.get(self.provider, chosen["cpu"])

    def session(self, role: str, graph: str = "model", variant: VariantName | None = None) -> Session:
        """Open one graph of a role."""
        chosen = variant or self.variant_name(role)
        stored = self.role(role).variants[chosen].graphs.get(graph)
        if stored is None:
            raise BundleError(
                f"bundle {self.folder}: role {role!r} has no graph {graph!r} in {chosen}; {_OTHER_VERSION}"
            )
        path = self.folder / stored.file
        if self.provider != "tensorrt":
            return Session(path, self.provider, self.threads)
        engine = engine_of(self.role(role).variants[chosen], stored, this_machine(), self.engines)
        if not engine.proven:
            _log.warning(
                "%s has no engine yet: it is built now, which takes minutes (emvas export engine builds it ahead)", path
            )
        engine.folder.mkdir(parents=True, exist_ok=True)
        return Session(path, self.provider, self.threads, engine.options)

    def table(self, role: str, name: str) -> Path:
        """The path of one of a role's tables."""
        stored = self.role(role).tables.get(name)
        if stored is None:
            raise BundleError(f"bundle {self.folder}: role {role!r} has no table {name!r}; {_OTHER_VERSION}")
        return self.folder / stored.file

    def _verify(self, stored: StoredFile) -> None:
        path = (self.folder / stored.file).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise BundleError(f"{stored.file} lies outside the bundle {self.folder}: the manifest was changed")
        if not path.is_file():
            raise BundleError(f"{path} is missing: build or install the bundle again")
        if path.stat().st_size != stored.bytes or sha256_of(path) != stored.sha256:
            raise BundleError(
                f"{path} is not the file of the manifest (its SHA-256 differs): "
                "it is damaged or was changed; build or install the bundle again"
            )


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of an .npz by name. BundleError: it is not an .npz, or claims more than it holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_ARRAYS or sum(member.file_size for member in members) > LARGEST_ARRAYS_BYTES:
                raise BundleError(f"{path} unpacks to more than any golden file: refused")
            found = {}
            for member in members:
                with archive.open(member) as stream:
                    found[member.filename.removesuffix(".npy")] = _read_array(stream, member.file_size)
            return found
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"{path} is not a file of arrays: {error}; build or install the bundle again") from error


def map_array(path: Path) -> Array:
    """The array of an .npy, mapped read-only. BundleError: it is not an .npy, or claims more than it holds."""
    try:
        mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BundleError(f"{path} is not an array: {error}; build or install the bundle again") from error
    return mapped


def _read_array(stream: IO[bytes], length: int) -> Array:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format is not known")
    shape, fortran, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError("it holds objects of Python")
    claimed, there = math.prod(shape) * dtype.itemsize, length - stream.tell()
    if claimed != there:
        raise ValueError(f"the header claims {claimed} bytes, there are {there}")
    content = np.frombuffer(stream.read(claimed), dtype)
    return content.reshape(shape, order="F" if fortran else "C")
