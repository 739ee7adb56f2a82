"""The running box's part in the trial of what was installed: it confirms what runs well, and gives up what does not."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from edge import status
from edge.cli.places import stores_of
from edge.releases.trial import Probation, Verdict

_log = logging.getLogger(__name__)

LOST_FILE = "lost.json"
"""In the state folder: what was lost while what is proven ran; a release is not blamed for that."""
SETTLED_S = 60.0
"""A run that is so old has told what it cannot see or hear."""


class Trial:
    """Of one run; `turn` is called about once a second."""

    def __init__(self, state: Path) -> None:
        """`state` is the box's state folder; what is on trial in it is settled together."""
        self._file = state / LOST_FILE
        self._before = _read(self._file)
        self._start_s: float | None = None
        self._stores = [store for store in stores_of(state).values() if store.state().on_trial]
        self._probation = Probation()

    def turn(self, now_s: float, known: status.Verdict) -> bool:
        """Whether the box is to end, as what it runs is to be taken back; `now_s` is monotonic, `known` how the box is.

        The verdict is acted upon when the box starts next: nothing is waited for here. The box runs well while it is
        healthy and nothing is lost that was not lost before the release came.
        """
        self._start_s = now_s if self._start_s is None else self._start_s
        lost = frozenset(known.lost)
        if not self._stores:
            if now_s - self._start_s >= SETTLED_S and lost != self._before:
                self._before = lost
                _write(self._file, lost)
            return False
        verdict = self._probation.observe(now_s, known.healthy and lost <= self._before)
        if verdict == Verdict.OPEN:
            return False
        proven = verdict == Verdict.PROVEN
        for store in self._stores:
            try:
                store.judge(proven)
            except OSError as error:
                _log.error("%s: the verdict on it cannot be left: %s", store.folder, error)
                continue
            state = store.state()
            said = f"{state.current} runs well and is kept" if proven else f"{state.taken_back} is taken back"
            _log.warning("%s: %s", store.folder, said)
        self._stores = []
        return not proven


def _read(file: Path) -> frozenset[str]:
    """The names in the file; none where it is not there or says something else."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def _write(file: Path, names: frozenset[str]) -> None:
    """Replace the file at once; a folder that takes nothing is told of by the stores."""
    temporary = file.with_name(f".{file.name}.part")
    try:
        temporary.write_text(json.dumps(sorted(names)), encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        _log.warning("%s cannot be written (%s): the next update is judged by what was lost earlier", file, error)
