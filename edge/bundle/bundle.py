"""An opened bundle: hashes verified, sessions and tables handed out by role."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from edge.bundle.contract import misfit
from edge.bundle.machine import this_machine
from edge.bundle.manifest import BundleError, Manifest, Role, StoredFile, VariantName, read_manifest
from edge.bundle.session import Provider, Session
from edge.bundle.tensorrt import default_cache, engine_of

_log = logging.getLogger(__name__)
_BLOCK_BYTES = 1 << 20
_OTHER_VERSION = "it was built by another version of this program: build or install the bundle again"


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
        """Read and verify `folder`; BundleError names the first file that is not what it should be.

        `engines` is the folder of TensorRT's engines, `default_cache()` unless given.
        """
        self.folder = Path(folder).resolve()  # an update swaps the link; what runs stays with its own files
        self.provider: Provider = provider
        self.threads = threads
        self.engines = engines or default_cache()
        self.manifest: Manifest = read_manifest(self.folder)
        for stored in self.manifest.files():
            self._verify(stored)
        for name, role in self.manifest.roles.items():
            if fault := misfit(name, role):
                raise BundleError(
                    f"bundle {self.folder}: role {name} is not what the box runs: {fault}; export that model again "
                    f"(emvas export adapts what it can), or build or install the bundle again"
                )

    def role(self, name: str) -> Role:
        """The description of a role; BundleError lists those that are there."""
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
            _log.warning("%s has no engine yet: it is built now, for minutes (emvas export engine does it ahead)", path)
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
            raise BundleError(f"{stored.file} lies outside the bundle {self.folder}: the manifest was tampered with")
        if not path.is_file():
            raise BundleError(f"{path} is missing: build or install the bundle again")
        if path.stat().st_size != stored.bytes or sha256_of(path) != stored.sha256:
            raise BundleError(
                f"{path} is not the file that the manifest vouches for (its SHA-256 differs): "
                "it is damaged or was tampered with; build or install the bundle again"
            )
