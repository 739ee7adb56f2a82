"""Contents of the package beside the code: a bundle for a cab, and files that commands and guides name."""

from __future__ import annotations

from pathlib import Path

_HOME = Path(__file__).parent

BUNDLE = _HOME / "cab"
"""What a cab needs, without words, for the CPU: part `cab` of `configs/bundles/default.yaml`, built by `make cab`."""
CONFIGS = _HOME / "configs"
"""Configurations, and the recipe of the whole bundle with its lock and the files of ours that it names."""
GUIDES = _HOME / "docs"
"""The guides, Markdown; without the evidence, which lies in the project."""
EXAMPLE = CONFIGS / "desk.yaml"
"""The configuration that the demonstration runs with."""
