"""The inputs of the proof: a recorded drive, and a small bundle in two versions."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from benchmarks.endurance.camera import prepare
from demo.drive import DRIVE_CLIP
from edge.bundle.manifest import Manifest, read_manifest, write_manifest
from edge.runtime.perception_stages import ROLES
from edge.vision.iris import STATE_ROLE

FPS = 10.0
VERSIONS = ("first", "second")
_ROLES = (*ROLES["vision"], STATE_ROLE)
"""Enough to see; a small bundle keeps the proof short."""


def recordings(folder: Path) -> tuple[Path, Path]:
    """The demo's drive at 10 fps, ready to be streamed."""
    return prepare(DRIVE_CLIP.video, FPS, folder)


def pack_bundles(bundle: Path, folder: Path, target: Path) -> None:
    """Pack the roles of `bundle` that see as `first.tar` and `second.tar` into `target`; `folder` is for the work."""
    small = _small(bundle, folder)
    for version in VERSIONS:
        write_manifest(small.model_copy(update={"version": version}), folder)
        with tarfile.open(target / f"{version}.tar", "w") as out:
            out.add(folder, ".")


def _small(bundle: Path, folder: Path) -> Manifest:
    """The roles that see, copied into `folder`; the manifest is still to be written."""
    whole = read_manifest(bundle)
    kept = whole.model_copy(update={"roles": {name: whole.roles[name] for name in _ROLES}})
    for stored in kept.files():
        place = folder / stored.file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle / stored.file, place)
    return kept
