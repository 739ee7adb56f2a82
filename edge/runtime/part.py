"""One heavy stage of a run: built, called, and built anew when it keeps failing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from edge.runtime.health import Health
from edge.runtime.recovery import Recovery

_Stage = TypeVar("_Stage")
_Answer = TypeVar("_Answer")


class Part(Generic[_Stage]):
    """Its time is that of the items that it works on, so that a replay repeats every restart."""

    def __init__(self, stage: _Stage, make: Callable[[], _Stage], recovery: Recovery, health: Health) -> None:
        """`make` builds the like of `stage` anew."""
        self._make, self._recovery, self._health = make, recovery, health
        self.stage: _Stage | None = stage
        """None while it is down."""

    def run(self, t_s: float, work: Callable[[_Stage], _Answer], otherwise: _Answer) -> _Answer:
        """What `work` makes of an item of `t_s`; `otherwise` when the stage fails or is down."""
        if self.stage is None:
            self._begin(t_s)
        stage, name = self.stage, self._recovery.name
        if stage is None:
            self._health.skipped[name] += 1
            return otherwise
        try:
            with self._health.timed(name):
                answer = work(stage)
        except Exception as error:  # whatever a model or its runtime raises
            if self._recovery.failed(t_s, error):
                self.stage = None
            return otherwise
        self._recovery.worked(t_s)
        return answer

    def _begin(self, t_s: float) -> None:
        if not self._recovery.may_begin(t_s):
            return
        try:
            self.stage = self._make()
        except Exception as error:  # the same, while it is loaded
            self._recovery.crashed(t_s, error)
        else:
            self._recovery.begun(t_s)
