"""A circuit breaker for topics that the broker refuses (an ACL, a quota): when each is tried again; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0
"""People correct an ACL. One message for each topic and minute is a small load, and soon enough afterwards."""


@dataclass(slots=True)
class _Held:
    wait_s: float
    due_s: float
    trial: int | None = None
    """The `seq` of the message that is sent as a trial."""


class TopicHold:
    """Holds back a refused message and all later messages of its topic, so that the topic's order holds.

    Only the oldest is tried again, each time after twice the wait; when it is accepted, the others follow. Other topics
    are not affected: an ACL that forbids summaries must not stop an alert.
    """

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    @property
    def paths(self) -> Collection[str]:
        """The topics that are held back."""
        return self._held.keys()

    def due(self, now_s: float) -> list[str]:
        """The topics to try again now."""
        return [path for path, held in self._held.items() if held.trial is None and now_s >= held.due_s]

    def tried(self, path: str, seq: int) -> None:
        """A message of a held topic was sent as a trial."""
        self._held[path].trial = seq

    def refused(self, path: str, seq: int, now_s: float) -> bool:
        """The broker refused a message; return whether its topic is newly held."""
        held = self._held.get(path)
        if held is None:
            self._held[path] = _Held(_FIRST_WAIT_S, now_s + _FIRST_WAIT_S)
            return True
        if held.trial == seq:
            wait_s = min(_LONGEST_WAIT_S, 2 * held.wait_s)
            self._held[path] = _Held(wait_s, now_s + wait_s)
        return False

    def taken(self, path: str, seq: int) -> bool:
        """The broker accepted a message; return whether its topic is free again."""
        held = self._held.get(path)
        if held is None or held.trial != seq:
            return False
        self.free(path)
        return True

    def free(self, path: str) -> None:
        """Stop holding the topic."""
        del self._held[path]

    def restart(self, now_s: float) -> None:
        """A new connection may have other rights: each held topic is tried at once."""
        for held in self._held.values():
            held.due_s, held.trial = now_s, None
