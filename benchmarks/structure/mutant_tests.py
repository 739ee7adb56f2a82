"""Runs a room's tests on a changed copy of the tree, each time in a fork that has the large libraries already."""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import importlib
import json
import multiprocessing
import os
import py_compile
import resource
import shutil
import sys
import time
from collections.abc import Collection, Generator, Sequence
from pathlib import Path
from typing import Any

import coverage
import pytest

_OWN = ("edge", "export", "training", "tests", "benchmarks", "demo", "docs")
_COPIED = (*_OWN, "configs", "systemd", "pyproject.toml")
QUICK_S = 5.0
"""Tests that take more of the CPU are left out: what only they notice counts as not noticed."""
_OUTPUT, _FAILED = "output.txt", "failed.txt"
_MOST_S = 900.0
"""Of one run; a mutant that never ends is noticed."""


class RoomTests:
    """The tests of a room in a copy of the tree: which lines each file of tests reaches, and what each test costs."""

    def __init__(self, copy: Path, room: str, tests: Sequence[str], kept: Path) -> None:
        """`kept` is the file of the survey; one of the same tree is read instead of made.

        Raises: RuntimeError: the tests fail before anything is changed.
        """
        self._copy, existing = copy, [name for name in tests if name.startswith("--") or (copy / name).exists()]
        self._noticing: set[str] = set()
        told = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
        surveyed = told.get("tree") == (tree := room_sha256(copy, room, tests))
        found = copy / "reached.json"
        if not surveyed:
            if _in_fork(_survey, copy, room, existing, found) != 0:
                raise RuntimeError(f"the tests of {room} fail before anything is changed")
            told = json.loads(found.read_text(encoding="utf-8"))
        self._reached: dict[str, dict[int, set[str]]] = {
            file: {int(line): set(names) for line, names in lines.items()} for file, lines in told["reached"].items()
        }
        self._cost_s: dict[str, float] = told["cost_s"]
        for name in told["libraries"]:
            with contextlib.suppress(Exception):  # a part that cannot be imported alone
                importlib.import_module(name)
        slow = sorted(name for name, cost_s in self._cost_s.items() if cost_s > QUICK_S)
        if slow and not surveyed:  # or what they import takes long
            _in_fork(_measure, copy, slow, found)
            self._cost_s |= json.loads(found.read_text(encoding="utf-8"))["cost_s"]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({**told, "cost_s": self._cost_s, "tree": tree}), encoding="utf-8")

    def notice(self, file: str, changed: str, lines: range) -> bool:
        """Whether a test fails with `changed` as the text of `file`; only those that reach `lines` are run."""
        reached = self._reached.get(file, {})
        names = {name for line in lines for name in reached.get(line, ())}
        if not names:
            return False
        chosen = sorted({name.split("::")[0] for name in self._cost_s} if "" in names else names)
        target = self._copy / file
        before = target.read_text(encoding="utf-8")
        target.write_text(changed, encoding="utf-8")
        try:
            code = _in_fork(_tried, self._copy, chosen, self._cost_s)
        finally:
            target.write_text(before, encoding="utf-8")
        failed = self._copy / _FAILED
        if failed.is_file():
            self._noticing |= set(failed.read_text(encoding="utf-8").splitlines())
            failed.unlink()
        return code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED)

    def expect_unchanged_to_pass(self) -> None:
        """Raises: RuntimeError: a test that noticed something fails without a change too, so it says nothing."""
        if self._noticing and _in_fork(_tried, self._copy, sorted(self._noticing), self._cost_s) != 0:
            output = (self._copy / _OUTPUT).read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"the tests fail now without any change, so there is no score:\n{output[-2000:]}")


def room_sha256(copy: Path, room: str, tests: Sequence[str]) -> str:
    """Of the names and contents of a room's modules and of its tests."""
    digest = hashlib.sha256()
    for name in (room, *tests, "tests/helpers"):
        for path in sorted([copy / name, *(copy / name).rglob("*")]):
            if path.suffix in (".py", ".json"):
                digest.update(str(path.relative_to(copy)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def copy_tree(root: Path, copy: Path) -> None:
    """Copy what the tests need; the copy's modules are compiled by their content, so that no stale one is taken."""
    for name in _COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy / name)
    (copy / "build").symlink_to(root / "build")
    for name in ("edge", "export", "training"):
        compileall.compile_dir(copy / name, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)


class _Costs:
    """A plugin: keeps each test's CPU seconds; the files of tests are the contexts of Coverage, if it measures."""

    def __init__(self, measured: coverage.Coverage | None) -> None:
        self._measured = measured
        self.cost_s: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if self._measured is not None:
            self._measured.switch_context(item.nodeid.split("::")[0])
        start = _cpu_s()
        found = yield
        self.cost_s[item.nodeid] = _cpu_s() - start
        return found


class _Quick:
    """A plugin: the cheapest tests first, the expensive ones not at all; what fails is noted."""

    def __init__(self, copy: Path, cost_s: dict[str, float]) -> None:
        self._copy, self._cost_s = copy, cost_s

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = [item for item in items if self._cost_s.get(item.nodeid, 0.0) <= QUICK_S]
        items[:] = sorted(known, key=lambda item: self._cost_s.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            with (self._copy / _FAILED).open("a", encoding="utf-8") as file:
                file.write(report.nodeid + "\n")


def _survey(copy: Path, room: str, tests: list[str], out: Path) -> int:
    """Run all tests once under Coverage and write what they reach."""
    measured = coverage.Coverage(data_file=None, config_file=False, source=[str(copy / room)])
    costs = _Costs(measured)
    measured.start()
    code = int(pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[costs]))
    measured.stop()
    data, reached = measured.get_data(), {}
    for file in data.measured_files():
        lines = data.contexts_by_lineno(file)
        reached[str(Path(file).relative_to(copy))] = {line: sorted(set(names)) for line, names in lines.items()}
    libraries = _libraries()
    out.write_text(json.dumps({"reached": reached, "cost_s": costs.cost_s, "libraries": libraries}), encoding="utf-8")
    return code


def _measure(_copy: Path, slow: list[str], out: Path) -> int:
    """Run tests again now that the libraries are imported, and write what each costs."""
    costs = _Costs(None)
    code = int(pytest.main(["-q", "-p", "no:cacheprovider", *slow], plugins=[costs]))
    out.write_text(json.dumps({"cost_s": costs.cost_s}), encoding="utf-8")
    return code


def _tried(copy: Path, chosen: Sequence[str], cost_s: dict[str, float]) -> int:
    sys.dont_write_bytecode = True
    allowed = round(30 + 5 * sum(cost_s.values()))
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, allowed))
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *chosen], plugins=[_Quick(copy, cost_s)]))


def _libraries() -> list[str]:
    """The installed modules that the tests have imported."""
    files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    return sorted(name for name, file in files.items() if "site-packages" in file)


def _cpu_s() -> float:
    return time.process_time() + sum(os.times()[2:4])


def _in_fork(work: Any, copy: Path, *arguments: Any) -> int | None:
    """The code that `work` ends with in a fork within the copy; None if it does not end."""
    process = multiprocessing.get_context("fork").Process(target=_begun, args=(work, copy, *arguments))
    process.start()
    process.join(_MOST_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    return process.exitcode


def _begun(work: Any, copy: Path, *arguments: Any) -> None:
    os.setsid()
    with (copy / _OUTPUT).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(copy)
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.path.insert(0, str(copy))
    _forget(_OWN)
    os._exit(work(copy, *arguments))


def _forget(packages: Collection[str]) -> None:
    """Drop this program's own modules: the copy's are to be imported."""
    for name in [name for name in sys.modules if name.split(".")[0] in packages]:
        del sys.modules[name]
