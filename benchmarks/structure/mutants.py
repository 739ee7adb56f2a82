"""The share of broken lines that the tests notice: `python -m benchmarks.structure.mutants`, or `make proof-mutants`.

Cosmic Ray's operators change one place of a module at a time (a comparison, a sum, a constant, a condition); the tests
of its room run in a copy of the tree. A change that only touches annotations or text is none. Cosmic Ray is installed
by `make proof-mutants` and is no part of the project's environment.
"""

from __future__ import annotations

import ast
import json
import math
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from benchmarks.evidence import write_json, write_text

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "edge/fatigue": ["tests/fatigue"],
    "edge/alerts": ["tests/alerts"],
    "export/gate": ["tests/export/test_export_gate.py", "tests/export/test_export_recipe.py"],
    "training/fusion": ["tests/training/fusion"],
}
"""The hot rooms, and the tests that must notice."""
_COPIED = ("edge", "export", "training", "tests", "benchmarks", "configs", "docs", "demo", "systemd", "pyproject.toml")
_Z = 1.96
_TIMEOUT_S = 900.0
"""Of one run of the tests; a mutant that never ends is noticed."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed place."""

    file: str
    operator: str
    occurrence: int
    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a room's sample."""

    room: str
    tried: int
    noticed: int
    seconds: float
    survivors: list[Mutant]

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share noticed, 95 % (Wilson)."""
        n, share = self.tried, self.noticed / self.tried
        middle, spread = share + _Z**2 / (2 * n), _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        whole = 1 + _Z**2 / n
        return (middle - spread) / whole, (middle + spread) / whole


class Places:
    """The places of a room that an operator can change, drawn at random: a module by its size, then a place in it."""

    def __init__(self, room: str, seed: int) -> None:
        self._files = sorted((ROOT / room).rglob("*.py"))
        self._sizes = [path.stat().st_size for path in self._files]
        self._random = random.Random(seed)
        self._known: dict[Path, list[tuple[str, int]]] = {}
        self._drawn: set[tuple[Path, str, int]] = set()

    def draw(self) -> tuple[Mutant, str]:
        """A mutant that was not drawn yet, with the module's text after it."""
        while True:
            path = self._random.choices(self._files, self._sizes)[0]
            places = self._known.setdefault(path, _places(path))
            if not places:
                continue
            name, occurrence = self._random.choice(places)
            if (path, name, occurrence) in self._drawn:
                continue
            self._drawn.add((path, name, occurrence))
            source = path.read_text(encoding="utf-8")
            changed = mutate_code(source, OperatorProvider()[name](), occurrence)
            if changed is not None and _meaning(changed) != _meaning(source):
                line, before, after = _difference(source, changed)
                return Mutant(str(path.relative_to(ROOT)), name, occurrence, line, before, after), changed


def _places(path: Path) -> list[tuple[str, int]]:
    """Operator and occurrence of each place of a module."""
    nodes, provider = list(ast_nodes(get_ast(path.read_text(encoding="utf-8")))), OperatorProvider()
    found: list[tuple[str, int]] = []
    for name in provider:
        if not provider[name].arguments():
            operator = provider[name]()
            count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
            found += [(name, occurrence) for occurrence in range(count)]
    return found


class _Plain(ast.NodeTransformer):
    """Takes off what no run reads: annotations and texts that stand alone."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def _meaning(source: str) -> str | None:
    """The program without annotations; None where it is none."""
    try:
        return ast.dump(_Plain().visit(ast.parse(source)))
    except SyntaxError:
        return None


def _difference(source: str, changed: str) -> tuple[int, str, str]:
    pairs = enumerate(zip(source.splitlines(), changed.splitlines(), strict=False), 1)
    return next(((line, one.strip(), two.strip()) for line, (one, two) in pairs if one != two), (0, "", ""))


def score_room(room: str, sample: int, seed: int, copy: Path) -> Score:
    """Try mutants of a room."""
    start = time.monotonic()
    places, survivors = Places(room, seed), []
    for number in range(1, sample + 1):
        mutant, changed = places.draw()
        target = copy / mutant.file
        target.write_text(changed, encoding="utf-8")
        survived = _tests_pass(ROOMS[room], copy)
        shutil.copyfile(ROOT / mutant.file, target)
        survivors += [mutant] if survived else []
        verdict = "SURVIVES" if survived else "noticed"
        click.echo(f"{room} {number}/{sample} {mutant.file}:{mutant.line} {mutant.operator}: {verdict}", err=True)
    seconds = time.monotonic() - start
    return Score(room, sample, sample - len(survivors), round(seconds), survivors)


def _tests_pass(tests: list[str], copy: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        found = subprocess.run(command, check=False, cwd=copy, env=environment, capture_output=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    return found.returncode == 0


def page(told: dict[str, Any]) -> str:
    """The figures as a page."""
    lines = [
        "# Do the tests notice a broken line?",
        "",
        "One place of a module changed at a time by Cosmic Ray's operators, places drawn at random, and the room's own",
        "tests run. Made by `make proof-mutants`; changes of annotations and texts are none. Rooms that are not here",
        "were not tried.",
        "",
        "| room | tried | noticed | share | 95 % | day, Python, seed |",
        "|---|---|---|---|---|---|",
    ]
    for row in told["rooms"]:
        low, high = row["interval"]
        share = row["noticed"] / row["tried"]
        figures = f"{row['tried']} | {row['noticed']} | {share:.2f} | {low:.2f} to {high:.2f}"
        lines.append(f"| `{row['room']}` | {figures} | {row['date']}, {row['python']}, {row['seed']} |")
    lines += ["", "What survived, each a line that no test of its room holds fast (some say the same as before):", ""]
    for row in told["rooms"]:
        for one in row["survivors"]:
            lines.append(f"- `{one['file']}:{one['line']}` {one['operator']}: `{one['before']}` → `{one['after']}`")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--room", "rooms", multiple=True, type=click.Choice(list(ROOMS)), help="Only this room.")
@click.option("--sample", default=100, show_default=True, help="Mutants a room.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=ROOT / "docs/evidence/mutants.json")
@click.option("--page", "written", type=click.Path(path_type=Path), default=ROOT / "docs/evidence/mutants.md")
def main(rooms: tuple[str, ...], sample: int, seed: int, out: Path, written: Path) -> None:
    """Try mutants of the hot rooms and write which survive."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, symlinks=True)
            else:
                shutil.copyfile(source, copy / name)
        (copy / "build").symlink_to(ROOT / "build")
        for room in rooms or ROOMS:
            if not _tests_pass(ROOMS[room], copy):
                raise click.ClickException(f"the tests of {room} fail before anything is changed")
        scores = [score_room(room, sample, seed, copy) for room in rooms or ROOMS]
    before = json.loads(out.read_text(encoding="utf-8"))["rooms"] if out.is_file() else []
    run = {"date": time.strftime("%Y-%m-%d"), "python": platform.python_version(), "seed": seed}
    rows = {row["room"]: row for row in before}
    rows |= {one.room: {**asdict(one), **run, "interval": [round(end, 3) for end in one.interval]} for one in scores}
    told = {"rooms": [rows[room] for room in ROOMS if room in rows]}
    write_json(out, told)
    write_text(written, page(told))


if __name__ == "__main__":
    main()
