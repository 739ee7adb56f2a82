"""The state that the box publishes: the worst level among the people in view, and which inputs work."""

from __future__ import annotations

from typing import Any

from edge.messages import Fatigue, Level, Source
from edge.publish.payloads import SCHEMA, Origin

_REFRESH_S = 60.0
"""An unchanged state is said again this often, so that its figures do not grow old."""
_TRACK_S = 3.0
"""A person not reported for this long (fatigue comes once a second) is no longer in view."""


class StateTracker:
    """Folds `Fatigue` and `Source` messages into one state; says when it is worth publishing."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._people: dict[int | None, Fatigue] = {}
        self._inputs: dict[str, Source] = {}
        self._since_s = 0.0
        self._level: Level | None = None
        self._published: tuple[object, ...] | None = None
        self._published_s = 0.0

    def observe(self, message: Fatigue | Source) -> dict[str, Any] | None:
        """Take one message; return the state's payload when it changed or is due again, else None."""
        if isinstance(message, Source):
            self._inputs[message.source] = message
            if message.state != "ok" and message.source != "microphone":
                self._people.clear()
        else:
            self._people = {k: f for k, f in self._people.items() if message.t_s - f.t_s < _TRACK_S}
            self._people[message.track] = message
        worst = max(self._people.values(), key=lambda person: (person.level, person.valid_ratio), default=None)
        level = worst.level if worst else None
        if level != self._level:
            self._level, self._since_s = level, message.t_s
        inputs = {name: source.state for name, source in self._inputs.items()}
        judged = worst is not None and worst.perclos_60 is not None
        essence = (level, worst.causes if worst else (), judged, tuple(inputs.items()))
        if essence == self._published and message.t_s - self._published_s < _REFRESH_S:
            return None
        self._published, self._published_s = essence, message.t_s
        return {
            "schema": SCHEMA,
            "boot": self._origin.boot,
            "time": self._origin.utc(message.t_s),
            "level": level.name.lower() if level is not None else None,
            "since": self._origin.utc(self._since_s),
            "causes": list(worst.causes) if worst else [],
            "perclos_60": _rounded(worst.perclos_60 if worst else None),
            "perclos_180": _rounded(worst.perclos_180 if worst else None),
            "valid_ratio": _rounded(worst.valid_ratio if worst else None),
            "track": worst.track if worst else None,
            "inputs": inputs,
            "troubles": {name: source.detail for name, source in self._inputs.items() if source.state != "ok"},
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
