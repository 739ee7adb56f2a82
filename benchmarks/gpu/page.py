"""The proof as JSON and as a page, and the one sentence about it that README quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.evidence import write_page
from benchmarks.gpu.step import Outcome

NAME = "gpu"
_README = Path(__file__).resolve().parents[2] / "README.md"
_MARK = re.compile(r"(<!-- gpu -->).*?(<!-- /gpu -->)", re.DOTALL)
_NOTHING = "CUDA and TensorRT are refused or used as configured, never silently replaced; neither was run yet."


def write(outcomes: Sequence[Outcome], dry: bool, out: Path) -> None:
    """Write gpu.json and gpu.md into `out`."""
    record = {"dry": dry, "steps": [asdict(outcome) for outcome in outcomes]}
    write_page(out, NAME, record, page(record))


def page(record: Mapping[str, Any]) -> str:
    """What ran, on what, and what did not."""
    steps = record["steps"]
    head = "CPU, dry run: the command works; nothing here is about a GPU." if record["dry"] else sentence(record)
    rows = [f"| {s['asks']} | {s['state']} | {s['found'].splitlines()[0]} | {s['seconds']} |" for s in steps]
    lines = [
        "# The proof on a GPU",
        "",
        f"Made by `make proof-gpu`; figures in [{NAME}.json]({NAME}.json). {head}",
        "",
        "| asked | state | found | s |",
        "| --- | --- | --- | ---: |",
        *rows,
        "",
        "`absent`: what the step needs is not on that machine.",
    ]
    return "\n".join(lines) + "\n"


def sentence(record: Mapping[str, Any]) -> str:
    """What README says of the providers; follows from the record alone."""
    states = {step["name"]: step for step in record["steps"]}
    first = states.get("machine")
    if record["dry"] or first is None or first["state"] != "held":
        return _NOTHING
    count = {state: sum(step["state"] == state for step in record["steps"]) for state in ("held", "failed", "absent")}
    return (
        f"Run on {first['found']}: {count['held']} steps held, {count['failed']} failed, {count['absent']} could not "
        "be asked ([evidence](docs/evidence/gpu.md))."
    )


def readme_with(text: str, record: Mapping[str, Any]) -> str:
    """README's text with the sentence of `record` between its marks."""
    return _MARK.sub(lambda found: f"{found[1]}{sentence(record)}{found[2]}", text)


def update_readme(record: Mapping[str, Any]) -> None:
    """Write the record's sentence into README."""
    _README.write_text(readme_with(_README.read_text(encoding="utf-8"), record), encoding="utf-8")
