"""One answer of `emvas check`, and what it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.config import Config


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    said: str
    """What was found."""
    mend: str = ""
    """The command that mends it; empty where all is well."""
    needed: bool = True
    """False: the box works without, only less well."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The box that is looked at."""

    config: Config
    state: Path
    """Its state folder."""
    root: bool
    """Whether root asks: then what the services' user may do is what counts."""


Check = Callable[[Subject], Iterator[Finding]]
