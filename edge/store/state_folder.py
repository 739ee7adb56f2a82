"""The folder of the box's files: if it cannot be written, one report replaces those of its stores."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterable
from pathlib import Path

from edge.i18n.texts import Sentence
from edge.messages import Source

NAME = "storage"
_OF_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""A full disk is handled by each store, which deletes old records."""
_PATIENCE_S = 60.0
"""How long the stores may need to recover once the folder can be written."""


class StateFolder:
    """Filters the reports of the stores: one report while the folder cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._withheld: dict[str, Source] = {}
        """The last report of each store since the folder was lost."""
        self._lost = False
        self._writable_s: float | None = None

    def told(self, words: Iterable[Source], t_s: float) -> list[Source]:
        """The reports at `t_s`; called about once a second."""
        words = list(words)
        fault = self._fault() if self._lost or any(word.state == "lost" for word in words) else ""
        if not (fault or self._lost):
            return words
        self._withheld |= {word.source: word for word in words}
        if not self._lost:
            self._lost = True
            return [Source(t_s, NAME, "lost", Sentence("folder_unwritable", folder=str(self._path), error=fault))]
        self._writable_s = None if fault else self._writable_s or t_s
        return [] if self._writable_s is None else self._back(t_s, t_s - self._writable_s >= _PATIENCE_S)

    def _back(self, t_s: float, patience_is_over: bool) -> list[Source]:
        lost = [word for word in self._withheld.values() if word.state == "lost"]
        if lost and not patience_is_over:
            return []
        self._withheld, self._lost, self._writable_s = {}, False, None
        return [Source(t_s, NAME, "ok"), *lost]

    def _fault(self) -> str:
        """Why the folder cannot be written; empty if it can."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._path):
                return ""
        except OSError as error:
            return "" if error.errno in _OF_ROOM else error.strerror or str(error)
