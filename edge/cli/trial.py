"""The running box's part in the trial of what was installed: it confirms what runs well, and gives up what does not."""

from __future__ import annotations

import logging
from pathlib import Path

from edge.cli.places import STORES
from edge.releases.probation import Probation, Verdict
from edge.releases.state import State
from edge.releases.store import Store

_log = logging.getLogger(__name__)


class Trial:
    """Of one run; `turn` is called about once a second."""

    def __init__(self, state: Path) -> None:
        """`state` is the box's state folder; what is on trial in it is settled together."""
        stores = [Store(state / name) for name in STORES]
        self._stores = [store for store in stores if store.state().on_trial]
        self._probation = Probation()

    def turn(self, now_s: float, healthy: bool) -> bool:
        """Whether the box is to end, as what it runs was taken back; `now_s` is monotonic."""
        if not self._stores:
            return False
        verdict = self._probation.observe(now_s, healthy)
        if verdict == Verdict.OPEN:
            return False
        proven = verdict == Verdict.PROVEN
        for store in self._stores:
            state = store.change(State.confirmed if proven else State.rolled_back)
            said = f"{state.current} runs well and is kept" if proven else f"{state.taken_back} was taken back"
            _log.warning("%s: %s", store.folder, said)
        self._stores = []
        return not proven
