"""A thread that writes when it is asked to: whoever asks waits a moment for the disk, and never for a slow one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

PATIENCE_S = 0.25
"""How long one who asks waits: a commit takes milliseconds, and a picture must not wait for a card."""
_CLOSE_S = 10.0
"""How long closing waits for what was asked; a disk that hangs for longer keeps it."""


class Writer:
    """Does `work`, and `care` where that is due, in a thread of its own; asked again meanwhile it does so once more."""

    def __init__(self, work: Callable[[], None], care: Callable[[], None], due: Callable[[], bool], name: str) -> None:
        """`work` is waited for, for a moment; `care` never is."""
        self._work, self._care, self._due = work, care, due
        self._changed = threading.Condition()
        self._asked = self._done = 0
        self._caring = self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether it has still something to do."""
        return self._caring or self._done < self._asked

    def ask(self) -> None:
        """Have the work done; return when it is, or after `PATIENCE_S`, or at once while the thread is behind."""
        with self._changed:
            behind = self.behind
            self._asked += 1
            asked = self._asked
            self._changed.notify_all()
            if not behind:
                self._changed.wait_for(lambda: self._done >= asked, PATIENCE_S)

    def close(self) -> None:
        """Do the work a last time and end the thread."""
        with self._changed:
            self._asked += 1
            self._closing = True
            self._changed.notify_all()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._done < self._asked)
                asked, closing = self._asked, self._closing
            self._guarded(self._work)
            with self._changed:
                self._done, self._caring = asked, self._due()
                self._changed.notify_all()
            if self._caring:
                self._guarded(self._care)
                self._caring = False
            if closing:
                return

    def _guarded(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception:  # the thread's last guard: the next work may succeed
            _log.exception("%s failed", self._thread.name)
