"""One step of the proof: a process of its own with a time limit, its outcome a file, so that a proof goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

EMVAS = "from edge.cli.main import main; main()"
"""The command `emvas` for `python -c`: this interpreter's, whether its script is on the path or not."""

_DRY_PATIENCE = 3
"""A CPU that runs tests beside it may take this many times longer."""

State = Literal["held", "failed", "absent"]


class AbsentError(Exception):
    """What a step needs is not on this machine; the text names it."""


class FailedError(Exception):
    """A promise does not hold here; the text says which, with its figure."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every step is given."""

    bundle: Path
    clip: Path
    out: Path
    dry: bool
    """The CPU stands in for the GPU: shows that the command works, and nothing about a GPU."""

    @property
    def device(self) -> str:
        """Torch's word for where models learn."""
        return "cpu" if self.dry else "cuda"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found: a line for the table, and its figures."""

    found: str
    figures: Any = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """`benchmarks.gpu.NAME.ask(context)`, and how long it may take."""

    name: str
    asks: str
    limit_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended."""

    name: str
    asks: str
    state: State
    found: str
    seconds: float
    figures: Any = field(default_factory=dict)
    key: str = ""
    """Bundle, clip and machine: an outcome of others is not kept."""

    @property
    def line(self) -> str:
        """For the terminal."""
        return f"{self.name:<10} {self.state:<7} {self.seconds:6.1f} s  {self.found}"


def run(step: Step, context: Context, key: str) -> Outcome:
    """The step's outcome: an earlier one that held for the same `key`, or that of a new process."""
    kept = context.out / "steps" / f"{step.name}.json"
    if (earlier := _earlier(kept)) and earlier.key == key and earlier.state == "held":
        return earlier
    kept.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    state, found, figures = _asked(step, context)
    outcome = Outcome(step.name, step.asks, state, found, round(time.monotonic() - start, 1), figures, key)
    unfinished = kept.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")
    unfinished.replace(kept)
    return outcome


def _earlier(kept: Path) -> Outcome | None:
    return Outcome(**json.loads(kept.read_text(encoding="utf-8"))) if kept.is_file() else None


def _asked(step: Step, context: Context) -> tuple[State, str, Any]:
    command = [sys.executable, "-m", "benchmarks.gpu.ask", step.name, json.dumps(asdict(context), default=str)]
    limit_s = step.limit_s * (_DRY_PATIENCE if context.dry else 1)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return "failed", f"not done after {limit_s:g} s", {}
    (context.out / "steps" / f"{step.name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return "failed", f"the process ended with {done.returncode}: {last}", {}
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["state"], answer["found"], answer["figures"]
