"""The process of one step: `python -m benchmarks.gpu.ask NAME CONTEXT`; its last line of output is the answer."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from benchmarks.gpu.step import AbsentError, Context, FailedError
from edge.bundle.session import NoTensorrtError


def main() -> None:
    """Answer the question that the command line names."""
    name, given = sys.argv[1:]
    values = json.loads(given)
    context = Context(Path(values["bundle"]), Path(values["clip"]), Path(values["out"]), values["dry"])
    module = importlib.import_module(f"benchmarks.gpu.{name}")
    try:
        finding = module.ask(context)
        answer = {"state": "held", "found": finding.found, "figures": finding.figures}
    except (AbsentError, NoTensorrtError) as missing:
        answer = {"state": "absent", "found": str(missing), "figures": {}}
    except FailedError as broken:
        answer = {"state": "failed", "found": str(broken), "figures": broken.args[1] if len(broken.args) > 1 else {}}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
