"""Installing a bundle: staged, every hash verified, tested on this machine, then swapped in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundle.archive import take
from edge.bundle.bundle import Bundle, sha256_of
from edge.bundle.isolated import isolated_test
from edge.bundle.manifest import MANIFEST_FILE, BundleError, Manifest, read_manifest
from edge.bundle.selftest import GraphCheck
from edge.bundle.session import Provider
from edge.bundle.signature import signers, verify_signature
from edge.config.models import ModelsConfig
from edge.releases.state import State
from edge.releases.store import Store

_DIGITS = 12
"""Hexadecimal digits of the manifest's hash in a release's name."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What this box asks of a bundle."""

    provider: Provider = "cpu"
    threads: int = 1
    signed_by: Path | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    """The roles that it must have, and the setting of the box that asks for each."""


def terms_of(models: ModelsConfig) -> Terms:
    """What a configuration asks of a bundle."""
    return Terms(models.provider, models.threads, Path(models.signed_by) if models.signed_by else None)


def install_bundle(source: Path, store: Store, terms: Terms, told: Callable[[GraphCheck], None]) -> State:
    """Install the folder or tar archive `source`; on any error what was installed before stays as it is.

    Raises:
        BundleError: it is no sound bundle, is not signed or lacks a role that `terms` ask for, or fails its self-test
            here.
    """

    def fill(made: Path) -> str:
        _refuse_without(terms.roles, take(source, made, signers(terms.signed_by)), source)
        failed = []
        for check in isolated_test(made, terms.provider, terms.threads):
            told(check)
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
    """Open the bundle in `folder` if it is signed as asked and every hash is right; else BundleError."""
    for key in signers(terms.signed_by):
        verify_signature(folder, key)
    return Bundle(folder, terms.provider, terms.threads)


def release_name(folder: Path) -> str:
    """What a bundle is called as a release: its name and version, and its manifest's hash."""
    manifest = read_manifest(folder)
    digest = sha256_of(folder / MANIFEST_FILE)[:_DIGITS]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{manifest.name}-{manifest.version}-{digest}").lstrip(".")
