"""A thread that does not end unheard."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge.redact import said

_log = logging.getLogger(__name__)


class GuardedThread(threading.Thread):
    """Ends with the program; an error that ends it before is logged and kept in `broken`."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(target=work, name=name, daemon=True)
        self.broken: str | None = None
        """What ended it though nobody asked it to."""

    def run(self) -> None:
        """Do the work."""
        try:
            super().run()
        except Exception as error:  # whatever it is: the owner must hear that nothing is done here any more
            _log.exception("the thread %s ended", self.name)
            self.broken = f"the thread {self.name} ended ({said(error)})"
