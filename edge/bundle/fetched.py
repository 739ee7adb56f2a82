"""Fetching a packed bundle: to a file, its hash compared, then taken member by member into a new folder."""

from __future__ import annotations

import hashlib
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from edge.bundle.archive import LARGEST_BUNDLE_BYTES, take
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError

_BLOCK_BYTES = 1 << 20
_TIMEOUT_S = 30.0
"""Of a connection, and of a server that sends nothing."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_bundle(source: str, sha256: str, out: Path, signed_by: Sequence[Path] = ()) -> Bundle:
    """Unpack the archive `source`, an https address or a file, into the new folder `out` and open it.

    Raises:
        BundleError: it cannot be had, is not the archive with this SHA-256, holds what no bundle holds, is not signed
            by the owners of the keys `signed_by`, or `out` is there already. Nothing is left in `out`.
    """
    wanted = sha256.lower()
    if not _SHA256.fullmatch(wanted):
        raise BundleError(f"--sha256 {sha256!r}: a SHA-256 has 64 hexadecimal digits")
    if out.exists():
        raise BundleError(f"{out} is there already: name a new folder")
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
    except OSError as error:
        raise BundleError(f"{source} cannot be fetched into {out}: {error}; nothing was changed") from error
    return Bundle(out)


def _copied(source: str, target: BinaryIO) -> str:
    """Copy `source` into `target`; its SHA-256."""
    digest, left = hashlib.sha256(), LARGEST_BUNDLE_BYTES
    with _opened(source) as stream:
        while block := stream.read(_BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise BundleError(f"{source} is larger than any bundle: not taken")
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _opened(source: str) -> BinaryIO:
    if "://" not in source:
        return Path(source).open("rb")
    if not source.startswith("https://"):
        raise BundleError(f"{source}: only https:// addresses and files are taken")
    try:
        answer: BinaryIO = urllib.request.urlopen(source, timeout=_TIMEOUT_S)
    except (urllib.error.URLError, ValueError) as error:
        raise BundleError(f"{source} cannot be fetched: {error}") from error
    if not answer.url.startswith("https://"):  # type: ignore[attr-defined]
        raise BundleError(f"{source} leads to an address without https: not taken")
    return answer
