"""When a release on trial has proved itself, or will not: a pure policy over the box's own health."""

from __future__ import annotations

from enum import Enum

PROVEN_S = 600.0
"""Healthy seconds in a row that prove a release; ours, between a crash loop's seconds and the 15 minutes for which
balenaOS tries an update (its documentation, `ROLLBACK_HEALTH_TIMEOUT`)."""
PATIENCE_S = 1800.0
"""Running longer than this without having proved itself, a release is given up; ours: three times `PROVEN_S`."""


class Verdict(Enum):
    """What is known of a release on trial."""

    OPEN = "open"
    PROVEN = "proven"
    FAILED = "failed"


class Probation:
    """One run of the box; `observe` is asked about once a second."""

    def __init__(self, proven_s: float = PROVEN_S, patience_s: float = PATIENCE_S) -> None:
        self._proven_s, self._patience_s = proven_s, patience_s
        self._start_s: float | None = None
        self._well_since_s: float | None = None

    def observe(self, t_s: float, healthy: bool) -> Verdict:
        """Judge the run so far; `t_s` is monotonic, `healthy` what the box says of itself now."""
        if self._start_s is None:
            self._start_s = t_s
        if not healthy:
            self._well_since_s = None
        elif self._well_since_s is None:
            self._well_since_s = t_s
        if self._well_since_s is not None and t_s - self._well_since_s >= self._proven_s:
            return Verdict.PROVEN
        return Verdict.FAILED if t_s - self._start_s >= self._patience_s else Verdict.OPEN
