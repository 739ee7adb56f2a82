"""A thread that works through a stream of items and, when something unexpected ends it, begins anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from edge.capture import CaptureError
from edge.messages import Source
from edge.runtime.component import Component

_Item = TypeVar("_Item")


class Worker(Generic[_Item]):
    """Takes every item of a stream until the stream ends."""

    def __init__(
        self,
        items: Callable[[], Iterable[_Item]],
        take: Callable[[_Item], None],
        component: Component[None],
        now: Callable[[], float],
        stop: threading.Event,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`items` opens the stream, `take` has one item; `after` is called when the thread ends for good."""
        self.name = component.name
        self._items, self._take, self._after = items, take, after
        self._component, self._now, self._stop = component, now, stop
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._done():
            self._component.begun(self._now())
        self._component.rest()
        self._after()

    def _done(self) -> bool:
        """Work until the stream ends; False when it is to be opened anew."""
        try:
            for item in self._items():
                self._take(item)
                if not isinstance(item, Source):  # a source that is lost says so, and has not worked by that
                    self._component.worked(self._now())
        except CaptureError as error:  # live sources mend themselves: this is a file, which will not get better
            self._component.crashed(self._now(), error)
        except Exception as error:  # the last guard before a thread dies unheard
            self._component.crashed(self._now(), error)
            return self._stop.wait(self._component.delay_s)
        return True
