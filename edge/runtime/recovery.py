"""A part's failures and restarts: decided by the supervisor, counted, and told in one word a change."""

from __future__ import annotations

import threading

from edge.messages import Source
from edge.runtime.health import Health
from edge.runtime.supervisor import FAILURES, MOST_RESTARTS, SAFE_DELAY_S, WITHIN_S, Supervisor
from edge.runtime.trouble import Report, Trouble, sentence

BOX = "box"
"""Name in `Source` messages of the whole box, which is `lost` while it is in safe mode."""


EYES = "vision"
"""The part for whose sake the whole box is started anew."""


class SafeMode:
    """The box keeps what works and says what it does without; any thread may call it."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._why: dict[str, str] = {}
        self.hopeless: str | None = None
        """Why only a new process may help: the eyes worked in this one and cannot be begun anew (a GPU's context may be
        broken for good). One in which they never worked goes on without them."""

    def enter(self, t_s: float, part: str, why: str, worked: bool) -> None:
        """`part`, which once `worked` or never did, is left alone from now on, or still."""
        with self._lock:
            if part not in self._why:
                self._why[part] = why
                self._tell(t_s)
            elif part == EYES and worked:
                self.hopeless = f"{part} cannot be begun anew in this process: {why}"

    def leave(self, t_s: float, part: str) -> None:
        """`part` works again."""
        with self._lock:
            if self._why.pop(part, None):
                self._tell(t_s)

    def _tell(self, t_s: float) -> None:
        parts = "; ".join(f"{part}: {why}" for part, why in self._why.items())
        detail = (
            f"safe mode: more than {MOST_RESTARTS} restarts in {WITHIN_S:.0f} s, the rest goes on and it is tried "
            f"again every {SAFE_DELAY_S / 60:.0f} min ({parts})"
        )
        self._report(Source(t_s, BOX, "lost", detail) if parts else Source(t_s, BOX, "ok"))


class Recovery:
    """One part, by the name that its `Source` messages carry; used by the thread that runs the part."""

    def __init__(self, name: str, report: Report, health: Health, safe_mode: SafeMode) -> None:
        self.name = name
        self._health, self._safe_mode = health, safe_mode
        self._trouble = Trouble(name, report)
        self._supervisor = Supervisor()
        self._worked = False

    @property
    def delay_s(self) -> float:
        """From the last crash to the next attempt."""
        return self._supervisor.delay_s

    def failed(self, t_s: float, error: Exception) -> bool:
        """A call failed; whether the part is now taken down."""
        self._health.failures[self.name] += 1
        self._supervisor.failed(t_s)
        if not self._supervisor.down:
            self._trouble.failed(t_s, sentence(error))
            return False
        self._down(t_s, f"failed {FAILURES} times in a row, the last time with {sentence(error)}")
        return True

    def crashed(self, t_s: float, error: Exception) -> None:
        """The part broke, or could not be begun."""
        self._health.failures[self.name] += 1
        self._supervisor.crashed(t_s)
        self._down(t_s, sentence(error))

    def may_begin(self, t_s: float) -> bool:
        """Whether the part is to be begun anew now."""
        return self._supervisor.due(t_s)

    def begun(self, t_s: float) -> None:
        """The part is there again; whether it works shows with its next call."""
        self._health.restarts[self.name] += 1
        self._supervisor.begun(t_s)

    def worked(self, t_s: float) -> None:
        """A call succeeded."""
        self._worked = True
        self._trouble.worked(t_s)
        was_safe = self._supervisor.safe
        self._supervisor.worked(t_s)
        if was_safe and not self._supervisor.safe:
            self._safe_mode.leave(t_s, self.name)

    def _down(self, t_s: float, why: str) -> None:
        self._trouble.failed(t_s, why)
        if self._supervisor.safe:
            self._safe_mode.enter(t_s, self.name, why, self._worked)
