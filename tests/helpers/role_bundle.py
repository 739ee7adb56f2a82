"""A bundle with some roles of the built one."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge.bundle.manifest import Manifest, read_manifest, write_manifest


def make_role_bundle(folder: Path, built: Path, *roles: str) -> Path:
    """Copy what the named roles of `built` need into `folder` and return it."""
    manifest = read_manifest(built)
    kept = Manifest(name="some-roles", version="1", roles={name: manifest.roles[name] for name in roles})
    for stored in kept.files():
        target = folder / stored.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built / stored.file, target)
    write_manifest(kept, folder)
    return folder
