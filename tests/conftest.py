"""Fixtures that name what a test needs from outside: the built bundle and the shared data."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from edge.process import disable_telemetry

disable_telemetry()  # before a test imports onnxruntime
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored, also in commands under test

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # a machine with other work is slow, which says nothing about the code


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Commands that are called within this process keep their files to their user; the next test begins as usual."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def bundle_dir() -> Path:
    """The built default bundle."""
    folder = Path(os.environ.get("EMVAS_BUNDLE", ROOT / "build" / "bundle"))
    if not (folder / "bundle.yaml").is_file():
        pytest.skip(f"no bundle at {folder}: `make bundle` builds it, or set EMVAS_BUNDLE")
    return folder


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real clips, speech and text."""
    folder = Path(os.environ.get("EMVAS_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no data at {folder}: set EMVAS_DATA to the folder of clips and speech")
    return folder


@pytest.fixture(scope="session")
def cases_dir(data_dir: Path) -> Path:
    """The folder of failing cases with the right answer, beside the data."""
    folder = data_dir.parent / "cases"
    if not (folder / "README.md").is_file():
        pytest.skip(f"no cases at {folder}, beside the data")
    return folder
