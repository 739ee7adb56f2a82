"""Topics on which the broker takes nothing now (an ACL, a quota), and when each is tried again; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0
"""An ACL is mended by people: one message a topic and minute is no burden, and soon enough afterwards."""


@dataclass(slots=True)
class _Held:
    wait_s: float
    due_s: float
    trial: int | None = None
    """The message that is on its way to find out, by its number."""


class TopicHold:
    """What is refused is held back with all that follows on its topic, so that a topic's order holds.

    The oldest alone is tried again, each time after twice the wait; once it is taken, the rest follows. Other topics
    go on: an ACL that forbids summaries must not stop an alert.
    """

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    @property
    def paths(self) -> Collection[str]:
        """The topics that are held back."""
        return self._held.keys()

    def due(self, now_s: float) -> list[str]:
        """The topics that are to be tried again now."""
        return [path for path, held in self._held.items() if held.trial is None and now_s >= held.due_s]

    def tried(self, path: str, seq: int) -> None:
        """A message of a held topic is on its way."""
        self._held[path].trial = seq

    def refused(self, path: str, seq: int, now_s: float) -> bool:
        """The broker refused a message; return whether that is new. What was sent with it is refused alike."""
        held = self._held.get(path)
        if held is None:
            self._held[path] = _Held(_FIRST_WAIT_S, now_s + _FIRST_WAIT_S)
            return True
        if held.trial == seq:
            wait_s = min(_LONGEST_WAIT_S, 2 * held.wait_s)
            self._held[path] = _Held(wait_s, now_s + wait_s)
        return False

    def taken(self, path: str, seq: int) -> bool:
        """The broker took a message; return whether that ends the holding back of its topic."""
        held = self._held.get(path)
        if held is None or held.trial != seq:
            return False
        self.free(path)
        return True

    def free(self, path: str) -> None:
        """The topic is no longer held back."""
        del self._held[path]

    def restart(self, now_s: float) -> None:
        """A new connection, perhaps with other rights: each held topic is tried at once."""
        for held in self._held.values():
            held.due_s, held.trial = now_s, None
