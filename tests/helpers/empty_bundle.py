"""A bundle without a single model: everything is absent, nothing fails."""

from __future__ import annotations

from pathlib import Path

from edge.bundle.manifest import Manifest, write_manifest


def make_empty_bundle(folder: Path) -> Path:
    """Write the bundle into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(Manifest(name="empty", version="1", roles={}), folder)
    return folder
