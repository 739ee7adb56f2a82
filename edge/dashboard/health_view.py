"""The figures of a health payload as text. Fields may be missing or unknown: other versions of the box differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge.dashboard.box_link import Payload, ReceivedPayload
from edge.i18n.texts import Labels

_FRESH_S = 65.0
"""The box reports every 30 s; one report may be lost."""
_SHOWN_ELSEWHERE = frozenset({"schema", "boot", "readings", "stages"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Figures of one stage."""

    name: str
    figures: tuple[str, str, str]
    """Calls, mean and worst time in ms."""


def fresh(report: ReceivedPayload) -> bool:
    """Whether a health report is recent."""
    return report.age_s <= _FRESH_S


def figures(health: Payload) -> list[tuple[str, str]]:
    """Name and value of all figures except stages; names of nested figures are joined by dots."""
    flat = {**health, **_part(health, "readings")}
    return list(_leaves("", {name: value for name, value in flat.items() if name not in _SHOWN_ELSEWHERE}))


def figure_name(key: str, labels: Labels) -> str:
    """Label of a figure: of the whole key if the catalogue has it, else word by word."""
    whole = labels(key, "")
    return whole or " · ".join(labels(part, part.replace("_", " ")) for part in key.split("."))


def figure(health: Payload, *path: str) -> str | None:
    """One figure as text, by its path; None if it is missing."""
    found: object = {**health, **_part(health, "readings")}
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None or isinstance(found, Mapping) else _text(found)


def stages(health: Payload) -> list[Stage]:
    """The stages, slowest first."""
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
