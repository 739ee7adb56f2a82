"""Taking a bundle out of a folder or a tar archive: the files that its manifest names, and nothing else.

An archive may come from anywhere. So it is read member by member, never extracted: only plain files and folders with
plain relative names, each once, each named by the manifest with exactly this size.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from edge.bundle.manifest import MANIFEST_FILE, BundleError, Manifest, read_manifest
from edge.bundle.signature import SIGNATURE_FILE

LARGEST_MANIFEST_BYTES = 4 << 20
"""The default bundle's has 60 kB."""
LARGEST_BUNDLE_BYTES = 16 << 30
MOST_MEMBERS = 10_000
_LARGEST_SIGNATURE_BYTES = 1024
_BLOCK_BYTES = 1 << 20


def take(source: Path, target: Path) -> Manifest:
    """Copy the bundle `source`, a folder or a tar archive (also compressed), into the new folder `target`.

    Hashes are not checked here but by `Bundle`. Raises BundleError: `source` is no bundle, or holds what none holds.
    """
    target.mkdir(parents=True)
    if source.is_dir():
        return _take_folder(source, target)
    try:
        with tarfile.open(source) as archive:
            return _take_archive(source, archive, target)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BundleError(f"{source} cannot be read as a tar archive: {error}") from error


def _take_folder(source: Path, target: Path) -> Manifest:
    manifest = read_manifest(source)
    _room_for(manifest, target)
    for name in [MANIFEST_FILE, *sorted({stored.file for stored in manifest.files()})]:
        place = target / _plain(source, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source / name, place)
        except FileNotFoundError:
            raise BundleError(f"{source / name} is missing: build or install the bundle again") from None
    if (source / SIGNATURE_FILE).is_file():
        shutil.copyfile(source / SIGNATURE_FILE, target / SIGNATURE_FILE)
    return manifest


def _take_archive(source: Path, archive: tarfile.TarFile, target: Path) -> Manifest:
    members = _members(source, archive)
    if MANIFEST_FILE not in members:
        raise BundleError(f"{source} holds no {MANIFEST_FILE} at its top: pack it with `tar -C BUNDLE -cf {source} .`")
    _extract(archive, members[MANIFEST_FILE], target / MANIFEST_FILE)
    manifest = read_manifest(target)
    _room_for(manifest, target)
    sizes = {stored.file: stored.bytes for stored in manifest.files()}
    _refuse_others(source, members, sizes)
    for name in sizes:
        place = target / _plain(source, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        _extract(archive, members[name], place)
    if SIGNATURE_FILE in members:
        _extract(archive, members[SIGNATURE_FILE], target / SIGNATURE_FILE)
    return manifest


def _members(source: Path, archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """The archive's plain files by name; what a bundle never holds refuses the archive."""
    found: dict[str, tarfile.TarInfo] = {}
    total = 0
    for number, member in enumerate(archive):
        if member.isdir():
            _plain(source, member.name)
            continue
        if not member.isreg() or member.issparse():
            raise BundleError(f"{source}: {member.name!r} is no plain file: links and devices are not taken")
        name = str(_plain(source, member.name))
        total += member.size
        if name in found:
            raise BundleError(f"{source}: {name} is in it twice")
        if number >= MOST_MEMBERS or total > LARGEST_BUNDLE_BYTES or member.size > _largest(name):
            raise BundleError(f"{source}: {name} is larger than in any bundle, or there are too many files: not taken")
        found[name] = member
    return found


def _largest(name: str) -> int:
    return {MANIFEST_FILE: LARGEST_MANIFEST_BYTES, SIGNATURE_FILE: _LARGEST_SIGNATURE_BYTES}.get(
        name, LARGEST_BUNDLE_BYTES
    )


def _refuse_others(source: Path, members: Mapping[str, tarfile.TarInfo], sizes: Mapping[str, int]) -> None:
    for name in members:
        if name not in sizes and name not in (MANIFEST_FILE, SIGNATURE_FILE):
            raise BundleError(f"{source}: the manifest does not name {name}: not taken")
    for name, size in sizes.items():
        if name not in members:
            raise BundleError(f"{source}: {name} is missing: pack the bundle again")
        if members[name].size != size:
            raise BundleError(
                f"{source}: {name} has {members[name].size} bytes, the manifest says {size}: pack the bundle again"
            )


def _plain(source: Path, name: str) -> PurePosixPath:
    """`name` as a relative path without `..`; BundleError for any other."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
        raise BundleError(f"{source}: {name!r} leads outside the bundle: not taken")
    return path


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    content = archive.extractfile(member)
    assert content is not None  # a plain file
    with content, place.open("xb") as out:
        shutil.copyfileobj(content, out, _BLOCK_BYTES)


def _room_for(manifest: Manifest, target: Path) -> None:
    needed = sum(stored.bytes for stored in manifest.files())
    free = shutil.disk_usage(target).free
    if needed > free:
        raise BundleError(
            f"the bundle needs {needed / 1e6:.0f} MB and {target.parent} has {free / 1e6:.0f} MB left: make room first"
        )
