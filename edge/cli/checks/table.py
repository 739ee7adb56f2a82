"""The one table of what `emvas check` looks at beside the models."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from edge.cli.checks import cab, machine, sources
from edge.cli.checks.finding import Check, Finding, Subject

CHECKS: tuple[Check, ...] = (
    sources.camera,
    sources.microphone,
    sources.receiver,
    sources.groups,
    cab.speaker,
    cab.lines,
    machine.state,
    machine.disk,
    machine.clock,
    machine.broker,
    machine.services,
)


def look(subject: Subject) -> Iterator[Finding]:
    """Every finding about a box, one after the other."""
    for check in CHECKS:
        yield from check(subject)


def show(findings: list[Finding], console: Console) -> None:
    """Print them, then the commands that mend what is missing."""
    table = Table(box=None, show_header=False)
    for finding in findings:
        verdict = "[green]ok[/]" if finding.ok else "[red]missing[/]" if finding.needed else "[yellow]better with[/]"
        table.add_row(verdict, finding.name, finding.said)
    console.print(table)
    for mend in dict.fromkeys(finding.mend for finding in findings if finding.mend):
        console.print(f"To mend: {mend}", markup=False, highlight=False, soft_wrap=True)
