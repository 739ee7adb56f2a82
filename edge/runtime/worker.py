"""A thread that works through a stream of items and, when something unexpected ends it, begins anew."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from edge.capture import CaptureError
from edge.runtime.recovery import Recovery

_log = logging.getLogger(__name__)

_Item = TypeVar("_Item")


class Worker(Generic[_Item]):
    """Takes every item of a stream until the stream ends."""

    def __init__(
        self,
        items: Callable[[], Iterable[_Item]],
        take: Callable[[_Item], None],
        recovery: Recovery,
        now: Callable[[], float],
        stop: threading.Event,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`items` opens the stream, `take` has one item; `after` is called when the thread ends for good."""
        self.name = recovery.name
        self._items, self._take, self._after = items, take, after
        self._recovery, self._now, self._stop = recovery, now, stop
        self._anew = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def restart(self) -> None:
        """Close the stream after its next item and open it anew."""
        self._anew.set()

    def _run(self) -> None:
        while not self._done():
            self._recovery.begun(self._now())
        self._after()

    def _done(self) -> bool:
        """Work until the stream ends; False when it is to be opened anew."""
        self._anew.clear()
        try:
            for item in self._items():
                self._take(item)
                self._recovery.worked(self._now())
                if self._anew.is_set():
                    return False
        except CaptureError as error:  # live sources mend themselves: this is a file, which will not get better
            self._recovery.crashed(self._now(), error)
        except Exception as error:  # the last guard before a thread dies unheard
            _log.exception("%s ended", self.name)
            self._recovery.crashed(self._now(), error)
            return self._stop.wait(self._recovery.delay_s)
        return True
