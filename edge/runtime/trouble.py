"""One word when something stops working and one when it works again, however often it fails in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from edge.error import EmvasError
from edge.messages import Source

Report = Callable[[Source], None]
_Answer = TypeVar("_Answer")


def sentence(error: Exception) -> str:
    """An error in one line; one of ours is a sentence already."""
    return " ".join((str(error) if isinstance(error, EmvasError) else f"{type(error).__name__}: {error}").split())


class Trouble:
    """The state of one part of the box, by the name its `Source` messages carry."""

    def __init__(self, name: str, report: Report) -> None:
        self.name = name
        self.count = 0
        """How often it failed."""
        self._report = report
        self._lost = False

    def failed(self, t_s: float, detail: str) -> None:
        """It does not work at `t_s`."""
        self.count += 1
        if not self._lost:
            self._lost = True
            self._report(Source(t_s, self.name, "lost", detail))

    def worked(self, t_s: float) -> None:
        """It works at `t_s`."""
        if self._lost:
            self._lost = False
            self._report(Source(t_s, self.name, "ok"))

    def guard(self, t_s: float, stage: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        """The stage's answer, `otherwise` when it fails: one broken stage must not take the box with it."""
        try:
            answer = stage()
        except Exception as error:  # whatever a model or its runtime raises
            self.failed(t_s, sentence(error))
            return otherwise
        self.worked(t_s)
        return answer
