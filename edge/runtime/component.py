"""One part of a run that may fail: guarded, counted, begun anew, told in one word a change, and watched for hanging."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Generic, Literal, TypeVar

from edge.error import EmvasError
from edge.messages import Source
from edge.runtime.health import Health, StageTime
from edge.runtime.restarts import FAILURES, SAFE_DELAY_S, Restarts

_log = logging.getLogger(__name__)

STEADY_S = 5.0
"""A part is said to work again when its last failure is so long ago: one that fails in every second call is lost."""
STARTING_S = 600.0
"""For the first call of a stage, in which a provider may still prepare its kernels."""
MOST_IN_A_ROW = 10
"""A part that is never begun anew, because it holds what cannot be lost, is broken after so many failures in a row."""

Report = Callable[[Source], None]
Ends = Literal["never", "if it worked", "always"]
"""Whether a part that cannot be begun anew ends the process, so that a new one begins with everything: `if it worked`
is for one that a new process would not help either where it never worked (a GPU that is not there)."""
_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")


def sentence(error: Exception) -> str:
    """An error in one line; one of ours is a sentence already."""
    return " ".join((str(error) if isinstance(error, EmvasError) else f"{type(error).__name__}: {error}").split())


class Component(Generic[_Part]):
    """Used by one thread, but for `hangs`. Times are those of the items, so that a replay repeats every restart; only
    what hangs is measured by the machine's monotonic clock.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], _Part],
        part: _Part,
        report: Report,
        health: Health,
        ends: Ends = "never",
        patience_s: float | None = None,
        freeze: Callable[[str], None] | None = None,
    ) -> None:
        """`make` builds the like of `part` anew; `report` hears one word when it is lost and one when it is back.

        `ends`: whether it ends the process when it cannot be begun anew. `patience_s`: the longest time that it may owe
        an answer or a sign of life; None is for ever. `freeze` is a test's hook before each call that is timed.
        """
        self.name = name
        self.part: _Part | None = part
        """None while it is down."""
        self.broken: str | None = None
        """Why only a new process may help."""
        self._make, self._report, self._health, self._ends = make, report, health, ends
        self._patience_s, self._freeze = patience_s, freeze
        self._restarts = Restarts()
        self._worked = False
        self._failed_s = 0.0
        self._in_a_row = 0
        self._told: Literal["", "lost", "safe"] = ""
        self._owes: tuple[float, float] | None = None
        """Since when, on the monotonic clock, and for how long at most it owes an answer."""

    @property
    def delay_s(self) -> float:
        """From the last crash to the next attempt."""
        return self._restarts.delay_s

    def run(self, t_s: float, work: Callable[[_Part], _Answer], otherwise: _Answer) -> _Answer:
        """What `work` makes of an item of `t_s`; `otherwise` when the part fails or is down."""
        if self.part is None:
            self._begin(t_s)
        if self.part is None:
            self._health.skipped[self.name] += 1
            return otherwise
        try:
            with self.timed() if self._patience_s is not None else nullcontext():
                answer = work(self.part)
        except Exception as error:  # whatever a part, a model or its runtime raises
            self._failed(t_s, error)
            return otherwise
        self.worked(t_s)
        return answer

    def guard(self, t_s: float, work: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        """The same of a part that holds what cannot be lost: it is never taken down, and asked each time."""
        try:
            answer = work()
        except Exception as error:  # as above
            self._count(t_s, error)
            self._in_a_row += 1
            self._lose(t_s, sentence(error))
            if self._in_a_row >= MOST_IN_A_ROW and self._ends == "always":
                self.broken = f"{self.name} failed {MOST_IN_A_ROW} times in a row, the last time with {sentence(error)}"
            return otherwise
        self._in_a_row = 0
        self.worked(t_s)
        return answer

    def crashed(self, t_s: float, error: Exception) -> None:
        """The part broke, or could not be begun."""
        self._count(t_s, error)
        self._restarts.crashed(t_s)
        self._down(t_s, sentence(error))

    def begun(self, t_s: float) -> None:
        """The part is there again; whether it works shows with its next call."""
        self._health.restarts[self.name] += 1
        self._restarts.begun(t_s)
        self.beat()

    def worked(self, t_s: float) -> None:
        """A call succeeded."""
        self._worked = True
        self._restarts.worked(t_s)
        if self._told and not self._restarts.safe and t_s - self._failed_s >= STEADY_S:
            self._told = ""
            self._report(Source(t_s, self.name, "ok"))

    def beat(self) -> None:
        """It gives a sign of life, and owes the next one from now on."""
        if self._patience_s is not None:
            self._owes = time.monotonic(), self._patience_s

    def rest(self) -> None:
        """It owes nothing for now: it waits for its next attempt, or for work, or has ended."""
        self._owes = None

    def hangs(self, now_s: float) -> str | None:
        """What to say of a part that owes an answer for longer than it may; `now_s` is monotonic, for any thread."""
        since_s, patience_s = self._owes or (now_s, 0.0)
        if now_s - since_s <= patience_s:
            return None
        return f"{self.name} hangs: no answer for {now_s - since_s:.0f} s, {patience_s:.0f} s are its most"

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time one call; while it goes on, its age shows whether it hangs."""
        spent, start_s = self._health.stages.setdefault(self.name, StageTime()), time.monotonic()
        if self._patience_s is not None:
            self._owes = start_s, self._patience_s if spent.calls else STARTING_S
        try:
            if self._freeze is not None:
                self._freeze(self.name)
            yield
        finally:
            self.rest()
            spent.add(time.monotonic() - start_s)

    def _begin(self, t_s: float) -> None:
        if not self._restarts.due(t_s):
            return
        try:
            self.part = self._make()
        except Exception as error:  # the same, while it is loaded
            self.crashed(t_s, error)
        else:
            self.begun(t_s)

    def _failed(self, t_s: float, error: Exception) -> None:
        self._count(t_s, error)
        self._restarts.failed(t_s)
        if self._restarts.down:
            self._down(t_s, f"failed {FAILURES} times in a row, the last time with {sentence(error)}")
        else:
            self._lose(t_s, sentence(error))

    def _count(self, t_s: float, error: Exception) -> None:
        self._health.failures[self.name] += 1
        self._failed_s = t_s
        if not self._told:
            _log.error("%s failed: %s", self.name, error, exc_info=None if isinstance(error, EmvasError) else error)

    def _down(self, t_s: float, why: str) -> None:
        self.part = None
        self.rest()
        if self._restarts.safe:
            why = f"safe mode, it is tried again every {SAFE_DELAY_S / 60:.0f} min: {why}"
            if self._ends == "always" or (self._ends == "if it worked" and self._worked):
                self.broken = f"{self.name} cannot be begun anew in this process: {why}"
        self._lose(t_s, why)

    def _lose(self, t_s: float, why: str) -> None:
        now: Literal["lost", "safe"] = "safe" if self._restarts.safe else "lost"
        if self._told != now:
            self._told = now
            self._report(Source(t_s, self.name, "lost", why))
