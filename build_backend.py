"""The build of the package: setuptools, which then leaves no copy of the package behind in `build/`.

That copy is as large as the wheel's content (28 MB), and files that have been deleted since would come into the next
wheel (https://setuptools.pypa.io/en/latest/build_meta.html).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  # all other hooks are setuptools' own


def build_wheel(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel as setuptools does, without leftovers of an earlier build, and remove what it copied."""
    _clean()
    try:
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    finally:
        _clean()


def _clean() -> None:
    for leftover in (Path("build/lib"), *Path("build").glob("bdist.*")):
        shutil.rmtree(leftover, ignore_errors=True)
