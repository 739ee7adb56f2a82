"""The rest after an alert: for whom a kind stays silent, and who may be the same person under another number."""

from __future__ import annotations

from dataclasses import dataclass

from edge.alerts.condition import Key
from edge.config.constants import ALERTS

_LONGEST_S = ALERTS["cooldown_s"].high
"""No rest is longer: what ended, or was last seen, before that is forgotten."""


_MOST = 256
"""People remembered; a tracker that flickers gives a new number in every picture."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    first_s: float
    last_s: float


class Cooldowns:
    """A kind rests for the subject whose alert ended; another source, or another person in the picture, does not wait.

    A track that was first seen after that person was last seen may be the same person: the tracker gives a face that
    was gone a new number. Such a track rests as well.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Sighting] = {}
        self._ended: dict[Key, tuple[float, float | None]] = {}

    def saw(self, track: int, t_s: float) -> None:
        """A person was in the picture at `t_s`."""
        known = self._seen.pop(str(track), None)
        self._seen[str(track)] = _Sighting(known.first_s if known else t_s, t_s)  # last: they stand in order of last_s
        while (oldest := next(iter(self._seen))) and (
            t_s - self._seen[oldest].last_s > _LONGEST_S or len(self._seen) > _MOST
        ):
            del self._seen[oldest]

    def knows(self, subject: str) -> bool:
        """Whether this person was seen so lately that it may count."""
        return subject in self._seen

    def begin(self, key: Key, t_s: float) -> None:
        """An alert of this kind and subject ended at `t_s`."""
        self._ended = {key: ended for key, ended in self._ended.items() if t_s - ended[0] <= _LONGEST_S}
        seen = self._seen.get(key[1])
        self._ended[key] = (t_s, seen.last_s if seen else None)

    def holds(self, key: Key, t_s: float, cooldown_s: float) -> bool:
        """Whether an alert of this kind and subject must wait at `t_s`."""
        return any(
            kind == key[0] and t_s - ended_s < cooldown_s and (subject == key[1] or self._may_be(key[1], last_seen_s))
            for (kind, subject), (ended_s, last_seen_s) in self._ended.items()
        )

    def _may_be(self, subject: str, last_seen_s: float | None) -> bool:
        seen = self._seen.get(subject)
        return seen is not None and last_seen_s is not None and seen.first_s > last_seen_s
