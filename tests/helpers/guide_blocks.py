"""The code blocks of a Markdown page, with the marks that say how a test may run them.

A mark is an HTML comment on a line of its own, right above the fence:

    <!-- not run: REASON -->         a machine of tests lacks what it needs
    <!-- long: REASON -->            runs in `make proof-guides` only
    <!-- until Ctrl+C: TEXT -->      stays in a terminal of its own; the next block waits until it has said TEXT
    <!-- prints: TEXT -->            what it prints, to its end, holds TEXT
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

NOT_RUN, LONG, STAYS, PRINTS = "not run", "long", "until Ctrl+C", "prints"
MARKS = (NOT_RUN, LONG, STAYS, PRINTS)
SHELL, PYTHON = "bash", "python"
_FENCE = re.compile(r"\s*```(\w*)\s*$")
_MARK = re.compile(r"\s*<!--\s*([^:]+?)\s*(?::\s*(.*?)\s*)?-->\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One code block."""

    line: int
    """Of its fence, from 1."""
    language: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)
    """What each mark says; empty when it says nothing."""

    @property
    def runs(self) -> bool:
        """Whether it is a program that a test is to run."""
        return self.language in (SHELL, PYTHON) and NOT_RUN not in self.marks


def blocks_of(page: str) -> list[Block]:
    """Every fenced block of a page in order, fences paired so that the end of one never opens another."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    inside: list[str] | None = None
    start, language = 0, ""
    for number, line in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is not None:
            if fence is None:
                inside.append(line)
                continue
            found.append(Block(start, language, textwrap.dedent("\n".join(inside)) + "\n", marks))
            inside, marks = None, {}
        elif fence is not None:
            inside, start, language = [], number, fence[1]
        elif mark := _MARK.match(line):
            marks[mark[1]] = mark[2] or ""
        else:
            marks = {}
    return found


def faults_of(page: str) -> list[str]:
    """What keeps a page's blocks from being run honestly: each with its line."""
    faults = []
    for block in blocks_of(page):
        if not block.language:
            faults.append(f"line {block.line}: the fence names no language (bash, python, text, ...)")
        for name, said in block.marks.items():
            if name not in MARKS:
                faults.append(f"line {block.line}: there is no mark {name!r}, only {', '.join(MARKS)}")
            elif len(said.split()) < (3 if name in (NOT_RUN, LONG) else 1):
                faults.append(f"line {block.line}: the mark {name!r} gives no reason or text")
    for number, line in enumerate(page.splitlines(), 1):
        if re.match(r"( {4}|\t)\s*(\$ )?(sudo |emvas |make |pip |python3? )", line) and not _fenced(page, number):
            faults.append(f"line {number}: an indented command; put it between fences")
    return faults


def _fenced(page: str, number: int) -> bool:
    return any(block.line < number <= block.line + block.text.count("\n") for block in blocks_of(page))
