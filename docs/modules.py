"""The tables of modules in docs/glossary.md, from the first sentence of each module; `docs.reference` writes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- modules: written by python -m docs.reference -->", "<!-- /modules -->"
PROGRAMS = ("edge", "export", "training")


def glossary(text: str) -> str:
    """`text` with the tables between its marks as the modules have them."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    tables = "\n".join(part for program in PROGRAMS for part in _program(program))
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def sentence_of(path: Path) -> str:
    """The first sentence of a module's docstring; empty without one."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", paragraph)[0].rstrip(".")


def modules(program: str) -> Iterator[Path]:
    """Every module below a program's folder, without the packages' `__init__`."""
    for path in sorted((ROOT / program).rglob("*.py")):
        if path.name != "__init__.py" and "shipped" not in path.parts:
            yield path


def _program(program: str) -> Iterator[str]:
    rooms: dict[Path, list[Path]] = {}
    for path in modules(program):
        parts = path.relative_to(ROOT).parts
        rooms.setdefault(ROOT.joinpath(*parts[:2]) if len(parts) > 2 else ROOT / program, []).append(path)
    for room, paths in sorted(rooms.items()):
        yield f"### {room.relative_to(ROOT)}\n\n{sentence_of(room / '__init__.py')}.\n"
        yield "| module | the name says | it holds |\n|---|---|---|"
        for path in paths:
            name = path.relative_to(room).with_suffix("")
            holds = sentence_of(path).replace("|", "\\|")
            says = ", ".join(part.replace("_", " ") for part in name.parts)
            yield f"| `{name}` | {room.name}: {says} | {holds} |"
        yield ""
