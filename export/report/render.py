"""Cards as Markdown and JSON files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from export.report.card import rows

INDEX = "README.md"


def write_cards(cards: Sequence[Mapping[str, Any]], out: Path) -> list[Path]:
    """Write ROLE.md and ROLE.json of every card, and their table, into `out`; return what was written."""
    templates = _templates()
    texts = {INDEX: templates.get_template("index.md.j2").render(cards=cards)}
    for card in cards:
        texts[f"{card['role']}.md"] = templates.get_template("card.md.j2").render(card=card)
        texts[f"{card['role']}.json"] = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        unfinished = out / f".{name}"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(out / name)
    return [out / name for name in texts]


def _templates() -> Environment:
    # Markdown, read as text: HTML escapes would be visible
    environment = Environment(
        loader=PackageLoader("export.report"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    environment.globals |= {"rows": rows, "verdict": _verdict, "ready": _ready, "users": _users}
    environment.globals |= {"ms": _ms, "worst": _worst, "task": _task}
    return environment


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _verdict(tensorrt: Mapping[str, Any] | None, variant: str, graph: str) -> str:
    """One graph's verdict in words."""
    if tensorrt is None:
        return "made for the CPU" if variant == "cpu-int8" else "not judged"
    found = tensorrt["graphs"][graph]
    build = found["build"]
    if found["findings"] or build is None or build["engine_bytes"] is None:
        return "; ".join([*found["findings"], *(build["errors"] if build else [found["not_built"]])])
    return f"built in {build['seconds']:g} s by {build['builder']}: {build['engine_bytes'] / 1e6:.1f} MB"


def _ready(tensorrt: Mapping[str, Any] | None, variant: str) -> str:
    """A short verdict on a whole variant."""
    if tensorrt is None:
        return "made for the CPU" if variant == "cpu-int8" else "not judged"
    return "ready" if tensorrt["ready"] else "not ready"


def _users(default: Mapping[str, str], variant: str) -> str:
    return ", ".join(provider for provider, chosen in default.items() if chosen == variant)


def _ms(graphs: Mapping[str, Mapping[str, Any]]) -> str:
    """The time of all graphs together, if they were timed."""
    times = [graph["latency_ms_1_thread"] for graph in graphs.values()]
    return "not on a CPU" if None in times else f"{sum(times):.2f}"


def _worst(here: Mapping[str, Mapping[str, float]]) -> float:
    return max(graph["golden_rms_ratio"] for graph in here.values())


def _task(measured: Mapping[str, Any]) -> str:
    """The task's figure with its unit, if the gate measured one."""
    task = measured.get("task")
    return f"{task['name']} {task['score']:g} {task['unit']}" if task else ""
