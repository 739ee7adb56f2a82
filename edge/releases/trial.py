"""The trial of a new release: its state, when it has proved itself, and the file with the running box's verdict.

A new release is on trial until it has run well for long enough. Each start of the box on trial is counted before
anything else happens. A clean stop gives its start back; a crash, a watchdog's kill or a power cut does not. When
`MOST_STARTS` are used up, the next start rolls the release back. A proven release is never rolled back by itself.

The box writes the verdict without any right to the releases themselves. The process that changes releases (root, where
the box is installed) treats it as untrusted: it follows no link, reads a few bytes, and accepts two fields.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

from edge.error import EmvasError

MOST_STARTS = 3
"""Starts that a release on trial may use; chosen. Small, because each costs the box its boot time."""
_MOST_BYTES = 256
PROVEN_S = 600.0
"""Healthy seconds in a row that prove a release; ours, between a crash loop's seconds and the 15 minutes for which
balenaOS tries an update (its documentation, `ROLLBACK_HEALTH_TIMEOUT`)."""
PATIENCE_S = 1800.0
"""A release that has not proved itself after this time is rolled back; ours: three times `PROVEN_S`."""


class NoPreviousReleaseError(EmvasError):
    """There is no earlier release for a rollback."""


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """The releases of one store, by name."""

    current: str | None = None
    previous: str | None = None
    """The proven release that `current` replaced; None: no rollback is possible."""
    starts: int | None = None
    """Starts used up on trial; None: `current` is not on trial."""
    taken_back: str | None = None
    """The last release that failed its trial or was rolled back by hand, until the next is installed."""
    trial: str | None = None
    """Name of the trial of `current`; verdicts about other trials are ignored."""

    @property
    def on_trial(self) -> bool:
        """Whether `current` is still on trial."""
        return self.starts is not None

    def installed(self, name: str, trial: str) -> ReleaseState:
        """Make `name` current, on trial if there is a proven release for a rollback."""
        proven = self.previous if self.on_trial else self.current
        return ReleaseState(name) if proven is None else ReleaseState(name, proven, 0, trial=trial)

    def started(self) -> ReleaseState:
        """The box starts: count the start, or roll back a release that has used its starts."""
        if self.starts is None:
            return self
        if self.starts >= MOST_STARTS:
            return self.rolled_back()
        return replace(self, starts=self.starts + 1)

    def stopped_cleanly(self) -> ReleaseState:
        """A clean stop does not count against the release."""
        return replace(self, starts=self.starts - 1) if self.starts else self

    def confirmed(self) -> ReleaseState:
        """The release has run well for long enough."""
        return replace(self, starts=None, trial=None)

    def judged(self, trial: str, proven: bool) -> ReleaseState:
        """Apply the box's verdict on the trial."""
        if trial != self.trial or not self.on_trial:
            return self
        return self.confirmed() if proven else self.rolled_back()

    def rolled_back(self) -> ReleaseState:
        """Roll back to the previous release. NoPreviousReleaseError: there is none."""
        if self.previous is None:
            raise NoPreviousReleaseError("there is no earlier release to go back to: install the one that is wanted")
        return ReleaseState(self.previous, None, None, taken_back=self.current)


class TrialResult(Enum):
    """The result of a trial so far."""

    OPEN = "open"
    PROVEN = "proven"
    FAILED = "failed"


class Probation:
    """The trial during one run; `observe` is called about once a second."""

    def __init__(self, proven_s: float = PROVEN_S, patience_s: float = PATIENCE_S) -> None:
        self._proven_s, self._patience_s = proven_s, patience_s
        self._start_s: float | None = None
        self._well_since_s: float | None = None

    def observe(self, t_s: float, healthy: bool) -> TrialResult:
        """Judge the run so far; `t_s` is monotonic, `healthy` is the health of the box now."""
        if self._start_s is None:
            self._start_s = t_s
        if not healthy:
            self._well_since_s = None
        elif self._well_since_s is None:
            self._well_since_s = t_s
        if self._well_since_s is not None and t_s - self._well_since_s >= self._proven_s:
            return TrialResult.PROVEN
        return TrialResult.FAILED if t_s - self._start_s >= self._patience_s else TrialResult.OPEN


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """The verdict about one trial."""

    trial: str
    """`ReleaseState.trial` of the release that was tried."""
    proven: bool
    """False: roll it back."""


def write_verdict(place: Path, verdict: TrialVerdict) -> None:
    """Write the verdict without waiting for the disk; after a power cut the box reaches it again.

    Raises:
        OSError: it cannot be written.
    """
    handle, unfinished = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(asdict(verdict), stream)
    Path(unfinished).replace(place)


def read_verdict(place: Path) -> TrialVerdict | None:
    """The written verdict; None if it is missing or invalid."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        content = json.loads(os.read(handle, _MOST_BYTES))
        trial, proven = content["trial"], content["proven"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    finally:
        os.close(handle)
    return TrialVerdict(trial, proven) if isinstance(trial, str) and isinstance(proven, bool) else None
