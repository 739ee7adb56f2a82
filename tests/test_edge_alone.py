"""`edge` runs on a box that has its own packages and no others: no torch, no export, no training, no page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

from edge.cli import main as command_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).resolve().parent.parent

SCRIPT = """
import importlib, json, pkgutil, sys

class Box:
    absent = set(json.loads(sys.argv[1]))
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, Box())
import edge
missing = {}
for module in pkgutil.walk_packages(edge.__path__, "edge.", onerror=lambda name: None):
    missing[module.name] = None
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing[module.name] = error.name
print(json.dumps(missing))
"""


def on_the_box(extra: str) -> set[str]:
    """Every package that `pip install 'emvas-edge[extra]'` brings, as the packages themselves declare it."""
    found: set[tuple[str, frozenset[str]]] = set()
    to_read = [("emvas-edge", frozenset({extra}))]
    while to_read:
        name, extras = to_read.pop()
        if (name, extras) in found:
            continue
        found.add((name, extras))
        try:
            required = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:  # for another system or Python
            continue
        to_read += [
            (normal(one.name), frozenset(one.extras))
            for one in required
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        ]
    return {name for name, _ in found}


def normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def test_every_module_of_the_box_imports_with_the_packages_of_the_box() -> None:
    box = on_the_box("cpu")
    assert {"numpy", "pydantic", "onnxruntime"} <= box
    absent = [name for name, by in packages_distributions().items() if not box & {normal(package) for package in by}]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(["export", "training", "demo", "torch", "nicegui", *absent])],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    modules: dict[str, str | None] = json.loads(done.stdout)
    assert len(modules) > 200
    missing = {name: package for name, package in modules.items() if package is not None}
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pages = tuple(next(rule for rule in rules if rule["type"] == "protected")["allowed_importers"])
    assert {name: package for name, package in missing.items() if not name.startswith(pages)} == {}
    assert "edge.aim.page" in missing, "the page needs the extra: what the box lacks was not taken away"
    for package in missing.values():  # what a user is told who opens a page without the extra
        assert command_line._EXTRAS.get(package.split(".")[0]) == "dashboard", package
