"""What a box's health payload holds, flat and as text; pure, and forgiving: other versions say more or less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge.dashboard.box_link import Payload, ReceivedPayload
from edge.i18n.labels import Labels

_FRESH_S = 65.0
"""Health comes every 30 s; one may be lost."""
_TOLD_ELSEWHERE = frozenset({"schema", "boot", "readings", "stages"})


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage's row."""

    name: str
    figures: tuple[str, str, str]
    """Calls, mean and worst time in ms."""


def fresh(word: ReceivedPayload) -> bool:
    """Whether a health report still tells how things are."""
    return word.age_s <= _FRESH_S


def figures(health: Payload) -> list[tuple[str, str]]:
    """Name and value of everything but the stages; names of nested figures are joined by dots."""
    flat = {**health, **_part(health, "readings")}
    return list(_leaves("", {name: value for name, value in flat.items() if name not in _TOLD_ELSEWHERE}))


def figure_name(key: str, labels: Labels) -> str:
    """What a figure is called: as a whole where the table has it, else word by word; never a raw key."""
    whole = labels(key, "")
    return whole or " · ".join(labels(part, part.replace("_", " ")) for part in key.split("."))


def figure(health: Payload, *path: str) -> str | None:
    """One figure among the readings or beside them, as text; None where it is not told."""
    found: object = {**health, **_part(health, "readings")}
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None or isinstance(found, Mapping) else _text(found)


def stages(health: Payload) -> list[Stage]:
    """The stages that have run, the slowest first."""
    found = _part(_part(health, "readings"), "stages")
    rows = [(name, _part(found, name)) for name in found]
    rows.sort(key=lambda row: -mean if isinstance(mean := row[1].get("mean_ms"), (int, float)) else 0.0)
    return [Stage(name, (_text(s.get("calls")), _text(s.get("mean_ms")), _text(s.get("worst_ms")))) for name, s in rows]


def _part(values: Payload, name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def _leaves(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(f"{prefix}{name}.", value)
        elif value is not None:
            yield f"{prefix}{name}", _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–" if value is None else str(value)
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:.1f}"
