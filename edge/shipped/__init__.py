"""Contents of the package beside the code: a bundle for a cab, and files that commands and guides name."""

from __future__ import annotations

from pathlib import Path

_HOME = Path(__file__).parent

BUNDLE = _HOME / "cab"
"""The bundle for a cab, no transcription, for the CPU: part `cab` of `configs/bundles/default.yaml` (`make cab`)."""
CONFIGS = _HOME / "configs"
"""Configurations, and the recipe of the whole bundle with its lock and files."""
GUIDES = _HOME / "docs"
"""The guides in Markdown, without the evidence."""
EXAMPLE = CONFIGS / "desk.yaml"
"""The configuration of the demonstration."""
