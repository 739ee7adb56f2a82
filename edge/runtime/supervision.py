"""Parts of a run that may fail: guarded, counted, restarted after growing delays, reported once, watched for hangs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, Literal, TypeVar

from edge.error import EmvasError
from edge.i18n.texts import Sentence
from edge.messages import Source
from edge.runtime.metrics import RunCounters, StageTime

_log = logging.getLogger(__name__)

FAILURES = 3
"""Failed calls in a row after which a component is restarted; a restarted component has lost its memory."""
FIRST_DELAY_S = 0.5
"""Before the first restart; the delay doubles with each further restart within `WITHIN_S`."""
MOST_RESTARTS = 5
WITHIN_S = 60.0
"""More restarts than `MOST_RESTARTS` in this time are a crash loop (Frigate's watchdog: 5 in 60 s)."""
SAFE_DELAY_S = 300.0
"""Interval of attempts in safe mode: a driver's box must not stay blind for the rest of the day."""
STEADY_S = 5.0
"""Time without a failure before a component is reported as ok: one that fails in every second call is lost."""
STARTING_S = 600.0
"""Limit of the first call of a stage, in which a provider may still prepare its kernels."""
MOST_IN_A_ROW = 10
"""Failures in a row after which a component that is never restarted counts as broken."""

Report = Callable[[Source], None]
Ends = Literal["never", "if it worked", "always"]
"""Whether the process ends when the component cannot be restarted, so that a new process restarts everything. `if it
worked` ends it only if the component worked before: a new process does not help against a missing GPU."""
_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")


class Restarts:
    """The restarts of one component; every time is an argument, so that a replay decides the same as the live box."""

    def __init__(self) -> None:
        self.down = False
        """Whether the component is missing and waits for its restart."""
        self.safe = False
        """Safe mode: the component kept failing and is only tried again every `SAFE_DELAY_S`."""
        self.delay_s = 0.0
        """From the last crash to the next attempt."""
        self._row = 0
        self._crashed_s = 0.0
        self._starts_s: list[float] = []

    def failed(self, t_s: float) -> None:
        """Count one failed call at `t_s`; `FAILURES` in a row take the component down."""
        self._row += 1
        if self._row >= FAILURES:
            self.crashed(t_s)

    def crashed(self, t_s: float) -> None:
        """The component broke, or its restart failed, at `t_s`."""
        self._starts_s = [start_s for start_s in self._starts_s if t_s - start_s < WITHIN_S]
        self.safe = self.safe or len(self._starts_s) >= MOST_RESTARTS
        self.delay_s = SAFE_DELAY_S if self.safe else FIRST_DELAY_S * 2 ** len(self._starts_s)
        self.down, self._row, self._crashed_s = True, 0, t_s

    def due(self, t_s: float) -> bool:
        """Whether a component that is down may be restarted."""
        return t_s - self._crashed_s >= self.delay_s

    def begun(self, t_s: float) -> None:
        """The component was restarted."""
        self.down = False
        self._starts_s.append(t_s)

    def worked(self, t_s: float) -> None:
        """Count one successful call; safe mode ends with a success a minute after the last restart."""
        self._row = 0
        if self.safe and t_s - self._starts_s[-1] >= WITHIN_S:
            self.safe = False


def sentence(error: Exception) -> str:
    """The error in one line; the text of an `EmvasError` is a sentence already."""
    if isinstance(error, EmvasError) and isinstance(error.sentence, Sentence):
        return error.sentence
    return " ".join((str(error) if isinstance(error, EmvasError) else f"{type(error).__name__}: {error}").split())


class Component(Generic[_Part]):
    """One part of the box, used by one thread except for `hangs`.

    Times are those of the items, so that a replay repeats every restart. Only hangs are measured by the machine's
    monotonic clock.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], _Part],
        part: _Part,
        report: Report,
        health: RunCounters,
        ends: Ends = "never",
        patience_s: float | None = None,
        freeze: Callable[[str], None] | None = None,
    ) -> None:
        """`make` builds a replacement of `part`; `report` gets one `Source` when it is lost and one when it is back.

        `ends`: whether the process ends when the component cannot be restarted. `patience_s`: the longest time without
        an answer or a sign of life; None: no limit. `freeze` is a hook for tests, called before each timed call.
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
        self._reported: Literal["", "lost", "safe"] = ""
        self._owes: tuple[float, float] | None = None
        """When the running call began on the monotonic clock, and how long it may take."""

    @property
    def delay_s(self) -> float:
        """From the last crash to the next attempt."""
        return self._restarts.delay_s

    def run(self, t_s: float, work: Callable[[_Part], _Answer], otherwise: _Answer) -> _Answer:
        """The result of `work` on an item of `t_s`; `otherwise` when the part fails or is down."""
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
        """The same for a part whose memory must not be lost: it is never taken down and is tried each time."""
        try:
            answer = work()
        except Exception as error:  # as above
            self._count(t_s, error)
            self._in_a_row += 1
            self._lose(t_s, sentence(error))
            if self._in_a_row >= MOST_IN_A_ROW and self._ends == "always":
                self.broken = Sentence("part_fails", part=self.name, count=MOST_IN_A_ROW, error=sentence(error))
            return otherwise
        self._in_a_row = 0
        self.worked(t_s)
        return answer

    def crashed(self, t_s: float, error: Exception) -> None:
        """The part broke, or its restart failed."""
        self._count(t_s, error)
        self._restarts.crashed(t_s)
        self._down(t_s, sentence(error))

    def begun(self, t_s: float) -> None:
        """The part was restarted; its next call shows whether it works."""
        self._health.restarts[self.name] += 1
        self._restarts.begun(t_s)
        self.beat()

    def worked(self, t_s: float) -> None:
        """A call succeeded."""
        self._worked = True
        self._restarts.worked(t_s)
        if self._reported and not self._restarts.safe and t_s - self._failed_s >= STEADY_S:
            self._reported = ""
            self._report(Source(t_s, self.name, "ok"))

    def beat(self) -> None:
        """Note a sign of life; the next one is due within `patience_s`."""
        if self._patience_s is not None:
            self._owes = time.monotonic(), self._patience_s

    def rest(self) -> None:
        """Expect no sign of life: the component waits for its next attempt or for work, or has ended."""
        self._owes = None

    def hangs(self, now_s: float) -> str | None:
        """The sentence about a call that takes longer than it may; `now_s` is monotonic. Safe from any thread."""
        since_s, patience_s = self._owes or (now_s, 0.0)
        if now_s - since_s <= patience_s:
            return None
        return Sentence("part_hangs", part=self.name, seconds=now_s - since_s, most_s=patience_s)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time one call; while it runs, `hangs` compares its age with the limit."""
        total, start_s = self._health.stages.setdefault(self.name, StageTime()), time.monotonic()
        if self._patience_s is not None:
            self._owes = start_s, self._patience_s if total.calls else STARTING_S
        try:
            if self._freeze is not None:
                self._freeze(self.name)
            yield
        finally:
            self.rest()
            spent_ms = 1000 * (time.monotonic() - start_s)
            total.calls, total.total_ms = total.calls + 1, total.total_ms + spent_ms
            total.worst_ms = max(total.worst_ms, spent_ms)

    def _begin(self, t_s: float) -> None:
        if not self._restarts.due(t_s):
            return
        try:
            self.part = self._make()
        except Exception as error:  # whatever loading raises
            self.crashed(t_s, error)
        else:
            self.begun(t_s)

    def _failed(self, t_s: float, error: Exception) -> None:
        self._count(t_s, error)
        self._restarts.failed(t_s)
        if self._restarts.down:
            self._down(t_s, Sentence("fails", count=FAILURES, error=sentence(error)))
        else:
            self._lose(t_s, sentence(error))

    def _count(self, t_s: float, error: Exception) -> None:
        self._health.failures[self.name] += 1
        self._failed_s = t_s
        if not self._reported:
            _log.error("%s failed: %s", self.name, error, exc_info=None if isinstance(error, EmvasError) else error)

    def _down(self, t_s: float, why: str) -> None:
        self.part = None
        self.rest()
        if self._restarts.safe:
            why = Sentence("safe_mode", minutes=SAFE_DELAY_S / 60, why=why)
            if self._ends == "always" or (self._ends == "if it worked" and self._worked):
                self.broken = Sentence("part_broken", part=self.name, why=why)
        self._lose(t_s, why)

    def _lose(self, t_s: float, why: str) -> None:
        now: Literal["lost", "safe"] = "safe" if self._restarts.safe else "lost"
        if self._reported != now:
            self._reported = now
            self._report(Source(t_s, self.name, "lost", why))


class Supervision:
    """All components of one run: any thread creates them before the run, the deciding thread watches them."""

    def __init__(
        self,
        report: Report | None = None,
        health: RunCounters | None = None,
        freeze: Callable[[str], None] | None = None,
    ) -> None:
        """`report` gets what the components report, in their own threads; by default it is only logged."""
        self.health = health or RunCounters()
        self.report: Report = report or _logged
        self._freeze = freeze
        self._components: list[Component[Any]] = []

    def component(
        self, name: str, make: Callable[[], _Part], part: _Part, ends: Ends = "never", patience_s: float | None = None
    ) -> Component[_Part]:
        """A new component of this run (`Component.__init__`)."""
        made = Component(name, make, part, self.report, self.health, ends, patience_s, self._freeze)
        self._components.append(made)
        return made

    def bare(self, name: str, ends: Ends = "never", patience_s: float | None = None) -> Component[None]:
        """A component without a part to build: a thread, or one whose memory must not be lost."""
        return self.component(name, lambda: None, None, ends, patience_s)

    def stuck(self, now_s: float) -> str | None:
        """Why the process must be restarted: a component hangs at `now_s` (monotonic) or cannot be restarted."""
        return next((why for part in self._components if (why := part.broken or part.hangs(now_s))), None)


def _logged(source: Source) -> None:
    _log.warning("%s %s %s", source.source, source.state, source.detail)
