"""The share of broken lines that the tests notice: `python -m benchmarks.structure.mutants`, or `make proof-mutants`.

Cosmic Ray's operators change one place of a module at a time (`OPERATORS` says which); the tests of its room run in a
copy of the tree until one fails. The places are drawn uniformly from all of a room. A change of annotations or texts is
none. Values of module constants are left alone: they are chosen by evidence, and a test that repeats them proves
nothing. Cosmic Ray and Coverage are installed by `make proof-mutants` and are no part of the project's environment.
"""

from __future__ import annotations

import json
import math
import platform
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import click

from benchmarks.evidence import write_json, write_text
from benchmarks.structure.mutant_places import Mutant, drawn, statement_lines
from benchmarks.structure.mutant_tests import QUICK_S, RoomTests, copy_tree, room_sha256

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "edge/fatigue": ["tests/fatigue"],
    "edge/alerts": ["tests/alerts"],
    "export/gate": ["tests/export/test_export_gate.py", "tests/export/test_paired_gate.py"],
    "training/fusion": [
        "tests/training/fusion",
        "--deselect=tests/training/fusion/test_fusion_trainer_resume.py::test_two_processes_of_torchrun_share_a_run_and_resume_it",
        "--deselect=tests/training/fusion/test_fusion_trainer_resume.py::test_killed_inside_an_epoch_and_resumed_equals_uninterrupted",
        "--deselect=tests/training/fusion/test_fusion_models.py::test_the_graph_agrees_at_lengths_that_were_not_traced",
    ],
}
"""The hot rooms, and the tests that must notice; those that start processes or trace a graph are not quick."""
SURVEYS = ROOT / "build" / "mutants"
"""What the tests of each room reach and cost, kept for the next run on the same tree."""
_Z = 1.96


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


def score_room(room: str, sample: int, minutes: float, seed: int, copy: Path, before: Score | None) -> Score:
    """Try mutants of a room; the first of a random order are a sample whenever the time is over.

    `before` is what an earlier run found of the first of the same order.

    Raises:
        RuntimeError: the tests fail without a change, before the first mutant or after the last: there is no score.
    """
    start, tests = time.monotonic(), RoomTests(copy, room, ROOMS[room], SURVEYS / f"{room.replace('/', '-')}.json")
    survivors = [*before.survivors] if before else []
    tried = first = before.tried if before else 0
    for mutant, changed in islice(drawn(copy, room, seed), first, None):
        if tried >= sample or time.monotonic() - start > 60 * minutes:
            break
        tried += 1
        noticed = tests.notice(mutant.file, changed, statement_lines(changed, mutant.line))
        survivors += [] if noticed else [mutant]
        said = "noticed" if noticed else f"SURVIVES\n    {mutant.before}\n    {mutant.after}"
        click.echo(f"{room} {tried}/{sample} {mutant.file}:{mutant.line} {mutant.operator}: {said}", err=True)
    tests.expect_unchanged_to_pass()
    seconds = round(time.monotonic() - start) + (before.seconds if before else 0)
    return Score(room, tried, tried - len(survivors), seconds, survivors)


def page(told: dict[str, Any]) -> str:
    """The figures as a page."""
    lines = [
        "# Do the tests notice a broken line?",
        "",
        "One place of a module is changed at a time, and the room's own tests run. Made by `make proof-mutants`.",
        "",
        "- The places are drawn uniformly from all places of the room that Cosmic Ray's operators change: comparisons,",
        "  sums, `not`, `and`, `or`, `True`, `False`, loops, exceptions, and each number up and down by one.",
        "- Left out are operators that only break types, changes of annotations, texts and arguments of `dataclass`,",
        "  the values of module constants, which are chosen by evidence, and exceptions whose name has a dot.",
        f"- Tests that take more than {QUICK_S:g} s of the CPU are not run; what only they notice is not noticed.",
        "- A change that means the same as before also counts as not noticed.",
        "- From 2026-12-01 on the tests that noticed also run on the unchanged copy at the end: if one fails, there is",
        "  no score.",
        "- The seed of a row was not used while tests were written.",
        "",
        "| room | tried | noticed | share | 95 % | day, Python, seed |",
        "|---|---|---|---|---|---|",
    ]
    for row in told["rooms"]:
        low, high = row["interval"]
        share = row["noticed"] / row["tried"]
        figures = f"{row['tried']} | {row['noticed']} | {share:.2f} | {low:.2f} to {high:.2f}"
        lines.append(f"| `{row['room']}` | {figures} | {row['date']}, {row['python']}, {row['seed']} |")
    lines += ["", "What survived (some say the same as before):", ""]
    for row in told["rooms"]:
        for one in row["survivors"]:
            lines.append(f"- `{one['file']}:{one['line']}` {one['operator']}: `{one['before']}` → `{one['after']}`")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--room", "rooms", multiple=True, type=click.Choice(list(ROOMS)), help="Only this room.")
@click.option("--sample", default=100, show_default=True, help="Mutants a room.")
@click.option("--minutes", default=60.0, show_default=True, help="Most time for a room.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), default=ROOT / "docs/evidence/mutants.json")
@click.option("--page", "written", type=click.Path(path_type=Path), default=ROOT / "docs/evidence/mutants.md")
def main(rooms: tuple[str, ...], sample: int, minutes: float, seed: int, out: Path, written: Path) -> None:
    """Try mutants of the hot rooms and write which survive; a run with the same seed and tree goes on."""
    for room in rooms or ROOMS:
        rows = (
            {row["room"]: row for row in json.loads(out.read_text(encoding="utf-8"))["rooms"]} if out.is_file() else {}
        )
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            copy_tree(ROOT, Path(folder))
            told = {
                "seed": seed,
                "tree": room_sha256(Path(folder), room, ROOMS[room]),
                "python": platform.python_version(),
            }
            score = score_room(room, sample, minutes, seed, Path(folder), _before(rows.get(room), told))
        ends = [round(end, 3) for end in score.interval]
        rows[room] = {**asdict(score), **told, "date": time.strftime("%Y-%m-%d"), "interval": ends}
        content = {"rooms": [rows[name] for name in ROOMS if name in rows]}
        write_json(out, content)
        write_text(written, page(content))


def _before(row: dict[str, Any] | None, told: dict[str, Any]) -> Score | None:
    """The score in a row, if the same order was tried on the same tree."""
    if row is None or any(row.get(key) != value for key, value in told.items()):
        return None
    survivors = [Mutant(**one) for one in row["survivors"]]
    return Score(row["room"], row["tried"], row["noticed"], row["seconds"], survivors)


if __name__ == "__main__":
    main()
