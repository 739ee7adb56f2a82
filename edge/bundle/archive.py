"""Extracts a bundle from a folder or a tar archive: only the files that its manifest names.

Both may come from anywhere. An archive is read member by member, never extracted: only plain files and folders with
plain relative names, each once, each named by the manifest with exactly this size. Where the box asks for a signature,
it is checked over the manifest's raw bytes before a word of them is parsed.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from edge.bundle.manifest import LARGEST_MANIFEST_BYTES, MANIFEST_FILE, BundleError, Manifest, read_manifest
from edge.bundle.signature import SIGNATURE_FILE, verify_signature

LARGEST_BUNDLE_BYTES = 16 << 30
MOST_MEMBERS = 10_000
_LARGEST_SIGNATURE_BYTES = 1024
_LARGEST_HEADER_BYTES = 64 << 10
"""Limit for an extended header, which tar writes before a member for a long name or exact times."""
_BLOCK_BYTES = 1 << 20
_EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
             tarfile.GNUTYPE_LONGLINK)  # fmt: skip
_EXTERNAL = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
"""The key of `TensorProto.external_data` in an ONNX file (onnx.proto3): tensors in another file."""


class _BoundedHeader(tarfile.TarInfo):
    """A tar header whose memory is limited, whatever size it claims."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:  # tarfile's own hook
        if self.type in _EXTENDED and self.size > _LARGEST_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def take(source: Path, target: Path, signed_by: Sequence[Path] = ()) -> Manifest:
    """Copy the bundle `source`, a folder or a tar archive (also compressed), into the new folder `target`.

    The signatures of all public keys in `signed_by` are checked here; `Bundle` checks the hashes.

    Raises:
        BundleError: `source` is not a bundle, has content that no bundle has, or is not signed.
    """
    target.mkdir(parents=True)
    if source.is_dir():
        manifest = _take_folder(source, target, signed_by)
    else:
        try:
            with tarfile.open(source, tarinfo=_BoundedHeader) as archive:
                manifest = _take_archive(source, archive, target, signed_by)
        except (tarfile.TarError, EOFError, OSError, ValueError, RecursionError) as error:
            raise BundleError(f"{source} cannot be read as a tar archive: {error}") from error
    for name in sorted({graph.file for role in manifest.roles.values() for graph in role.graphs()}):
        _refuse_external(source, target / name)
    return manifest


def _take_folder(source: Path, target: Path, signed_by: Sequence[Path]) -> Manifest:
    _copy(source / MANIFEST_FILE, target / MANIFEST_FILE, LARGEST_MANIFEST_BYTES)
    if os.path.lexists(source / SIGNATURE_FILE):
        _copy(source / SIGNATURE_FILE, target / SIGNATURE_FILE, _LARGEST_SIGNATURE_BYTES)
    manifest = _trusted(target, signed_by)
    _expect_space(manifest, target)
    for name, size in sorted({stored.file: stored.bytes for stored in manifest.files()}.items()):
        place = target / _plain(source, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        _copy(source / name, place, size)
    return manifest


def _take_archive(source: Path, archive: tarfile.TarFile, target: Path, signed_by: Sequence[Path]) -> Manifest:
    members = _members(source, archive)
    if MANIFEST_FILE not in members:
        raise BundleError(f"{source} holds no {MANIFEST_FILE} at its top: pack it with `tar -C BUNDLE -cf {source} .`")
    for name in (MANIFEST_FILE, SIGNATURE_FILE):
        if name in members:
            _extract(archive, members[name], target / name)
    manifest = _trusted(target, signed_by)
    _expect_space(manifest, target)
    sizes = {stored.file: stored.bytes for stored in manifest.files()}
    _refuse_others(source, members, sizes)
    for name in sizes:
        place = target / _plain(source, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        _extract(archive, members[name], place)
    return manifest


def _trusted(folder: Path, signed_by: Sequence[Path]) -> Manifest:
    for key in signed_by:
        verify_signature(folder, key)
    return read_manifest(folder)


def _members(source: Path, archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """The archive's plain files by name. BundleError: it has a member that no bundle has."""
    found: dict[str, tarfile.TarInfo] = {}
    total = 0
    for number, member in enumerate(archive):
        if number >= MOST_MEMBERS:
            raise BundleError(f"{source}: more than {MOST_MEMBERS} files and folders: refused")
        if member.isdir():
            _plain(source, member.name)
            continue
        if not member.isreg() or member.issparse():
            raise BundleError(f"{source}: {member.name!r} is not a plain file: links and devices are refused")
        name = str(_plain(source, member.name))
        total += member.size
        if name in found:
            raise BundleError(f"{source}: {name!r} is in it twice")
        if total > LARGEST_BUNDLE_BYTES or member.size > _largest(name):
            raise BundleError(f"{source}: {name!r} is larger than in any bundle: refused")
        found[name] = member
    return found


def _largest(name: str) -> int:
    return {MANIFEST_FILE: LARGEST_MANIFEST_BYTES, SIGNATURE_FILE: _LARGEST_SIGNATURE_BYTES}.get(
        name, LARGEST_BUNDLE_BYTES
    )


def _refuse_others(source: Path, members: Mapping[str, tarfile.TarInfo], sizes: Mapping[str, int]) -> None:
    for name in members:
        if name not in sizes and name not in (MANIFEST_FILE, SIGNATURE_FILE):
            raise BundleError(f"{source}: the manifest does not name {name!r}: refused")
    for name, size in sizes.items():
        if name not in members:
            raise BundleError(f"{source}: {name!r} is missing: pack the bundle again")
        if members[name].size != size:
            raise BundleError(
                f"{source}: {name!r} has {members[name].size} bytes, the manifest says {size}: pack the bundle again"
            )


def _plain(source: Path, name: str) -> PurePosixPath:
    """`name` as a relative path without `..`. BundleError: it is another path."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
        raise BundleError(f"{source}: {name!r} leads outside the bundle: refused")
    return path


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    content = archive.extractfile(member)
    assert content is not None  # a plain file
    with content, place.open("xb") as out:
        shutil.copyfileobj(content, out, _BLOCK_BYTES)


def _copy(source: Path, place: Path, most_bytes: int) -> None:
    """Copy a plain file, not a link, of at most `most_bytes`; `Bundle` checks its content later."""
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise BundleError(f"{source} is missing: build or install the bundle again") from None
    except OSError as error:  # ELOOP: a link
        raise BundleError(f"{source} cannot be read, or is a link: {error.strerror}") from error
    with os.fdopen(handle, "rb") as content:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most_bytes:
            raise BundleError(f"{source} is not a plain file of at most {most_bytes} bytes: refused")
        with place.open("xb") as out:
            _copy_bytes(content, out, most_bytes)


def _copy_bytes(content: IO[bytes], out: IO[bytes], most_bytes: int) -> None:
    while most_bytes and (block := content.read(min(_BLOCK_BYTES, most_bytes))):
        out.write(block)
        most_bytes -= len(block)


def _refuse_external(source: Path, graph: Path) -> None:
    """Raise BundleError for a graph with tensors in other files, which the manifest does not cover."""
    kept = b""
    with graph.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            if _EXTERNAL.search(kept + block):
                raise BundleError(f"{source}: {graph.name} keeps tensors in another file: export it as one file")
            kept = block[-64:]


def _expect_space(manifest: Manifest, target: Path) -> None:
    needed = sum(stored.bytes for stored in manifest.files())
    free = shutil.disk_usage(target).free
    if needed > free:
        raise BundleError(
            f"the bundle needs {needed / 1e6:.0f} MB and {target.parent} has {free / 1e6:.0f} MB left: make room first"
        )
