"""A bundle with some roles of the built one."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge.bundle.manifest import Manifest, Role, read_manifest, write_manifest


def make_role_bundle(folder: Path, built: Path, *roles: str, small: bool = False) -> Path:
    """Copy what the named roles of `built` need into `folder` and return it; `small` leaves out what a CPU never runs.

    A role's variant for the CPU is then its only one.
    """
    manifest = read_manifest(built)
    kept = Manifest(name="some-roles", version="1", roles={name: manifest.roles[name] for name in roles})
    if small:
        kept = kept.model_copy(update={"roles": {name: _for_cpu(role) for name, role in kept.roles.items()}})
    for stored in kept.files():
        target = folder / stored.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built / stored.file, target)
    write_manifest(kept, folder)
    return folder


def _for_cpu(role: Role) -> Role:
    name = role.default["cpu"]
    return role.model_copy(update={"variants": {name: role.variants[name]}, "default": {"cpu": name}})
