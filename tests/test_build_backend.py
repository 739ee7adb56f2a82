"""The package's build: setuptools' hooks, and nothing left behind that the next wheel could pick up."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("setuptools")
ROOT = Path(__file__).parents[1]
HOOKS = ("build_wheel", "build_sdist", "build_editable", "prepare_metadata_for_build_wheel")


def test_a_wheel_holds_what_is_there_now_and_leaves_no_copy(tmp_path: Path) -> None:
    package = tmp_path / "kiosk"
    package.mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "kiosk"\nversion = "1"\n[tool.setuptools]\npackages = ["kiosk"]\n', encoding="utf-8"
    )
    for name in ("__init__.py", "old.py"):
        (package / name).write_text("", encoding="utf-8")
    build = "import build_backend; print(build_backend.build_wheel('out'))"
    (tmp_path / "out").mkdir()
    for _ in range(2):
        command, environment = [sys.executable, "-c", build], {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
        assert not (tmp_path / "build" / "lib").exists()
        (package / "old.py").unlink(missing_ok=True)
    names = zipfile.ZipFile(tmp_path / "out" / done.stdout.split()[-1]).namelist()
    assert "kiosk/__init__.py" in names and "kiosk/old.py" not in names


def test_all_other_hooks_are_those_of_setuptools() -> None:
    ask = f"import build_backend; print([hasattr(build_backend, n) for n in {HOOKS}])"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str([True] * len(HOOKS))
