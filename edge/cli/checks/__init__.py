"""Checks of what a box needs from its machine, made before a driver relies on it.

Each check is a function that yields results; `edge.cli.check` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.config import Config


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of checking one thing."""

    name: str
    ok: bool
    said: str
    """What was found."""
    mend: str = ""
    """The command that mends it; empty where all is well."""
    needed: bool = True
    """False: the box works without it, only less well."""


@dataclass(frozen=True, slots=True)
class CheckedBox:
    """The box that is checked."""

    config: Config
    state: Path
    """Its state folder."""
    root: bool
    """Whether root asks: then the rights of the services' user count."""


Check = Callable[[CheckedBox], Iterator[CheckResult]]
