"""Fetches and installs bundles: hashes are verified, models tested on this machine, then the link is swapped."""

from __future__ import annotations

import hashlib
import http.client
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from edge.bundle.archive import LARGEST_BUNDLE_BYTES, take
from edge.bundle.bundle import Bundle, sha256_of
from edge.bundle.manifest import MANIFEST_FILE, BundleError, Manifest, read_manifest
from edge.bundle.selftest import GraphCheck, isolated_test
from edge.bundle.session import Provider
from edge.bundle.signature import signers, verify_signature
from edge.config.perception import ModelsConfig
from edge.releases.release_store import ReleaseStore
from edge.releases.trial import ReleaseState

_DIGITS = 12
"""Hexadecimal digits of the manifest's hash in a release's name."""
_BLOCK_BYTES = 1 << 20
_TIMEOUT_S = 30.0
"""Timeout of a connection, and of a server that sends no data."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Terms:
    """What this box requires of a bundle."""

    provider: Provider = "cpu"
    threads: int = 1
    signed_by: Path | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    """The required roles, and for each the setting that requires it."""


def terms_of(models: ModelsConfig) -> Terms:
    """What a configuration requires of a bundle."""
    return Terms(models.provider, models.threads, Path(models.signed_by) if models.signed_by else None)


def install_bundle(
    source: Path, store: ReleaseStore, terms: Terms, report: Callable[[GraphCheck], None]
) -> ReleaseState:
    """Install the folder or tar archive `source`. On any error the installed bundle stays in use.

    Raises:
        BundleError: it is damaged, is not signed, lacks a role that `terms` require, or fails its self-test here.
    """

    def fill(made: Path) -> str:
        _refuse_without(terms.roles, take(source, made, signers(terms.signed_by)), source)
        failed = []
        for check in isolated_test(made, terms.provider, terms.threads):
            report(check)
            failed += [] if check.passed else [f"{check.role}/{check.graph}"]
        if failed:
            raise BundleError(
                f"{source} fails its self-test on this machine ({', '.join(failed)}): it was not installed, the box "
                "keeps what it has"
            )
        return release_name(made)

    return store.install(fill)


def _refuse_without(roles: Mapping[str, str], manifest: Manifest, source: Path) -> None:
    missing = [f"{role} (asked for by {setting})" for role, setting in roles.items() if role not in manifest.roles]
    if missing:
        raise BundleError(
            f"{source} lacks what this box's configuration needs: {', '.join(missing)}; it was not installed, the box "
            "keeps what it has. Build a bundle with it, or change the configuration first"
        )


def open_under(terms: Terms, folder: Path) -> Bundle:
    """Open the bundle in `folder`. BundleError: a required signature is missing or a hash is wrong."""
    for key in signers(terms.signed_by):
        verify_signature(folder, key)
    return Bundle(folder, terms.provider, terms.threads)


def release_name(folder: Path) -> str:
    """The name of a bundle as a release: its name, its version and the hash of its manifest."""
    manifest = read_manifest(folder)
    digest = sha256_of(folder / MANIFEST_FILE)[:_DIGITS]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{manifest.name}-{manifest.version}-{digest}").lstrip(".")


def fetch_bundle(source: str, sha256: str, out: Path, signed_by: Sequence[Path] = ()) -> Bundle:
    """Unpack the archive `source`, an https address or a file, into the new folder `out` and open it.

    Raises:
        BundleError: it cannot be fetched, has another SHA-256, is not a valid bundle, is not signed with the keys of
            `signed_by`, or `out` exists already. `out` is then not written.
    """
    wanted = sha256.lower()
    if not _SHA256.fullmatch(wanted):
        raise BundleError(f"--sha256 {sha256!r}: a SHA-256 has 64 hexadecimal digits")
    if out.exists():
        raise BundleError(f"{out} exists already: name a new folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
            archive, folder = Path(staging) / "bundle.tar", Path(staging) / "bundle"
            with archive.open("xb") as file:
                found = _copied(source, file)
            if found != wanted:
                raise BundleError(f"{source} is not the archive that was asked for: its SHA-256 is {found}")
            take(archive, folder, signed_by)
            Bundle(folder)
            folder.rename(out)
    except (OSError, http.client.HTTPException) as error:  # the latter when the server hangs up early
        raise BundleError(f"{source} cannot be fetched into {out}: {error}; nothing was changed") from error
    return Bundle(out)


def _copied(source: str, target: BinaryIO) -> str:
    """Copy `source` into `target`; return its SHA-256."""
    digest, left = hashlib.sha256(), LARGEST_BUNDLE_BYTES
    with _opened(source) as stream:
        while block := stream.read(_BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise BundleError(f"{source} is larger than any bundle: refused")
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _opened(source: str) -> BinaryIO:
    if "://" not in source:
        return Path(source).open("rb")
    if not source.startswith("https://"):
        raise BundleError(f"{source}: only https:// addresses and files are accepted")
    try:
        answer: BinaryIO = urllib.request.urlopen(source, timeout=_TIMEOUT_S)
    except (urllib.error.URLError, ValueError) as error:
        raise BundleError(f"{source} cannot be fetched: {error}") from error
    if not answer.url.startswith("https://"):  # type: ignore[attr-defined]
        raise BundleError(f"{source} leads to an address without https: refused")
    return answer
