"""What is sent again at each connection: the latest message of each retained topic, and the subscriptions.

A broker may have lost its retained messages (by default Mosquitto keeps nothing on disk).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from edge.publish.mqtt.packets import Acknowledged, Outgoing, Token

_RETRY_S = 60.0
"""How long until a refused item (an ACL) is tried again: the ACL may have been corrected."""
ORDER = ("own status", "status", "state", "info", "commands", "home assistant starts", "home assistant")
"""Optional items come last: a broker that hangs up on one has the others by then."""


class RetainedMessages:
    """`keep` from any thread, the rest from the publisher's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Outgoing] = {}
        self._unsent: set[str] = set()
        self._sent: dict[Token, str] = {}
        self._retry_s: dict[str, float] = {}
        """When each refused item is tried again; until then newer ones wait too."""
        self._refused: set[str] = set()
        """The items whose refusal this connection has reported."""
        self._renewal_due_s = math.inf

    def keep(self, name: str, item: Outgoing) -> None:
        """Replace the latest item `name`, which is one of `ORDER`."""
        with self._lock:
            self._latest[name] = item
            self._unsent.add(name)

    def renew(self) -> None:
        """Send everything again: for a new connection, or a reader that has just started."""
        with self._lock:
            self._unsent = set(self._latest)
        self._sent.clear()
        self._retry_s.clear()
        self._refused.clear()

    def renew_at(self, due_s: float) -> None:
        """Send everything again by the first `send` from `due_s` on."""
        self._renewal_due_s = due_s

    @property
    def waits(self) -> bool:
        """Whether there is something to send now."""
        return not self._unsent <= self._retry_s.keys()

    def send(self, offer: Callable[[Outgoing], Token | None], now_s: float) -> None:
        """Send the items that are new or due again, as far as `offer` accepts them."""
        if now_s >= self._renewal_due_s:
            self._renewal_due_s = math.inf
            self.renew()
        due = {name for name, at_s in self._retry_s.items() if now_s >= at_s}
        for name in due:
            del self._retry_s[name]
        with self._lock:
            self._unsent |= due
            for name in sorted(self._unsent - self._retry_s.keys(), key=ORDER.index):
                token = offer(self._latest[name])
                if token is not None:
                    self._sent[token] = name
                    self._unsent.remove(name)

    def acknowledged(self, event: Acknowledged, now_s: float) -> Outgoing | None:
        """Note the broker's acknowledgement; return the item at its first refusal on this connection."""
        name = self._sent.pop(event.token, None)
        if name is None:
            return None
        if event.refusal is None:
            self._refused.discard(name)
            return None
        self._retry_s[name] = now_s + _RETRY_S
        if name in self._refused:
            return None
        self._refused.add(name)
        return self._latest[name]
