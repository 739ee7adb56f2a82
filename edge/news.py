"""What a store has to say about itself, kept until somebody asks: whoever writes to it must not be called back."""

from __future__ import annotations

from collections import deque

from edge.messages import Source

_MOST = 16


class News:
    """One word when a store stops working and one when it works again; safe from any thread."""

    def __init__(self, name: str) -> None:
        """`name` is the one its `Source` messages carry."""
        self._name = name
        self._lost = False
        self._waiting: deque[Source] = deque(maxlen=_MOST)

    @property
    def is_lost(self) -> bool:
        """Whether the last word was a bad one."""
        return self._lost

    def lost(self, detail: str) -> None:
        """It does not work; said once until it works again."""
        if not self._lost:
            self._lost = True
            self._waiting.append(Source(0.0, self._name, "lost", detail))

    def works(self, detail: str = "") -> None:
        """It works; said only after a bad word."""
        if self._lost:
            self._lost = False
            self._waiting.append(Source(0.0, self._name, "ok", detail))

    def take(self, t_s: float) -> list[Source]:
        """What was said since the last call, stamped with `t_s`."""
        taken = []
        while self._waiting:
            source = self._waiting.popleft()
            taken.append(Source(t_s, source.source, source.state, source.detail))
        return taken
