"""What the broker keeps on this box's own `status`, and whether somebody else speaks as this box; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from edge.publish.mqtt.events import Publication

_HEAR_FIRST_S = 1.0
"""After a lost connection `status` is heard before it is said: whose word the broker took meanwhile."""
_AGAIN_S = 5.0
"""Whoever writes it again and again is not answered each time."""
_STRANGERS = 2
"""A late will of the run before comes once; the words of another box with the same name, whenever it is there."""


class Presence:
    """Says when `online` is to be said, and is told what is heard on `status`."""

    def __init__(self, boot: str, online: Callable[[int], Publication]) -> None:
        """`online` makes the word of a connection of this number."""
        self._boot, self._online = boot, online
        self._word: Publication | None = None
        self._due_s: float | None = None
        self._right_s = float("-inf")
        self._echoed = False
        self._strangers = 0
        self._named = False

    def begin(self, connection: int, now_s: float) -> None:
        """A connection stands."""
        self._due_s = now_s if self._word is None else now_s + _HEAR_FIRST_S
        self._word = self._online(connection)

    def due(self, now_s: float) -> Publication | None:
        """What to say on `status` now."""
        if self._due_s is None or now_s < self._due_s:
            return None
        self._due_s = None
        return self._word

    def heard(self, payload: bytes, now_s: float) -> None:
        """Take what the broker has on `status`; another's word is put right.

        What comes before this run has heard itself is from before: a broker keeps a session's messages over a restart.
        """
        heard = _read(payload)
        if self._word is not None and heard == json.loads(self._word.payload):
            self._echoed = True
            return
        if not self._echoed:
            return
        if heard and heard.get("boot") != self._boot:
            self._strangers += _STRANGERS if heard.get("state") == "online" else 1
        if self._due_s is None and now_s >= self._right_s + _AGAIN_S:
            self._due_s = self._right_s = now_s

    @property
    def is_shared(self) -> bool:
        """Whether another box speaks as this one; True once."""
        shared = self._strangers >= _STRANGERS and not self._named
        self._named |= shared
        return shared


def _read(payload: bytes) -> Mapping[str, Any]:
    try:
        heard = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return heard if isinstance(heard, dict) else {}
