"""What the running box says of a release on trial: one small file in the folder that the box may write.

The box writes it without any right to the releases themselves; who changes them (root, where the box is installed)
reads it as what it is, a stranger's file: no link is followed, nothing long is read, nothing but two words is taken.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

_MOST_BYTES = 256


@dataclass(frozen=True, slots=True)
class Said:
    """The verdict about one trial."""

    trial: str
    """`State.trial` of the release that was tried."""
    proven: bool
    """False: it is to be taken back."""


def say(place: Path, said: Said) -> None:
    """Leave the verdict, without waiting for the disk: one that a power cut takes is come to again.

    Raises:
        OSError: it cannot be written.
    """
    handle, unfinished = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(asdict(said), stream)
    Path(unfinished).replace(place)


def heard(place: Path) -> Said | None:
    """The verdict that was left, or None where there is none that can be understood."""
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
    return Said(trial, proven) if isinstance(trial, str) and isinstance(proven, bool) else None
