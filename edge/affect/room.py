"""Everybody's faces over windows of time, whether somebody speaks or not: the group, and who is agitated."""

from __future__ import annotations

from statistics import median

from edge.affect.faces import LEAST_FACES, Seen, Stretch
from edge.affect.group import group_of
from edge.affect.watch import AGITATION, GROUP_MOOD, Watch, log_motion
from edge.config.purpose import Allowance
from edge.messages import Group, Sound


class Room:
    """Faces and loudness in; a `Group` at the end of each window in which at least five faces could be judged."""

    def __init__(self, window_s: float, allowance: Allowance, watch: Watch) -> None:
        """`watch` is told what the purpose allows to be told."""
        self._window_s, self._watch = window_s, watch
        self._group = "group" in allowance.kinds
        self._persons = allowance.per_person and AGITATION in allowance.alerts
        self._start_s: float | None = None
        self._stretch = Stretch()
        self._noise_db: list[float] = []

    def sound(self, sound: Sound) -> None:
        """Take half a second of sound."""
        self._noise_db.append(sound.level_db)
        del self._noise_db[: -round(2 * self._window_s)]

    def step(self, seen: Seen) -> list[Group]:
        """Take one face; return the group of the window that ended with it."""
        groups = []
        if self._start_s is not None and seen.t_s >= self._start_s + self._window_s:
            groups = self._close(seen.t_s, self._start_s, self._start_s + self._window_s)
        if self._start_s is None:
            self._start_s = seen.t_s
        self._stretch.add(seen)
        return groups

    def _close(self, t_s: float, start_s: float, end_s: float) -> list[Group]:
        stretch, noise_db = self._stretch, self._noise_db
        self._start_s, self._stretch, self._noise_db = None, Stretch(), []
        if self._persons:
            for track, motions in sorted(stretch.motions.items()):
                if len(motions) >= LEAST_FACES:
                    self._watch.observe(AGITATION, track, end_s, log_motion(median(motions)))
        found = group_of(stretch, t_s, start_s, end_s, noise_db) if self._group else None
        if found is None:
            return []
        group, score = found
        self._watch.observe(GROUP_MOOD, None, end_s, score)
        if group.motion is not None:
            self._watch.observe(AGITATION, None, end_s, log_motion(group.motion))
        return [group]
