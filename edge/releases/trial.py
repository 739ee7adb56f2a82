"""The trial of a new release: when it has proved itself, and the file in which the running box leaves the result.

The box writes this file without any right to the releases themselves. The process that changes releases (root, where
the box is installed) treats it as untrusted: it follows no link, reads a few bytes, and accepts two fields.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

_MOST_BYTES = 256


PROVEN_S = 600.0
"""Healthy seconds in a row that prove a release; ours, between a crash loop's seconds and the 15 minutes for which
balenaOS tries an update (its documentation, `ROLLBACK_HEALTH_TIMEOUT`)."""
PATIENCE_S = 1800.0
"""A release that has not proved itself after this time is rolled back; ours: three times `PROVEN_S`."""


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
    """`State.trial` of the release that was tried."""
    proven: bool
    """False: roll it back."""


def write_verdict(place: Path, said: TrialVerdict) -> None:
    """Write the verdict without waiting for the disk; after a power cut the box reaches it again.

    Raises:
        OSError: it cannot be written.
    """
    handle, unfinished = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(asdict(said), stream)
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
