"""What suppresses alerts: a vehicle that does not drive (arming), a cooldown, a snooze."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.alerts.condition import KINDS, Key
from edge.config.constants import ALERTS
from edge.config.decision import ArmingConfig
from edge.error import EmvasError
from edge.i18n.texts import Sentence
from edge.messages import SPEED, Source, Speed

_LONGEST_S = ALERTS["cooldown_s"].high
"""The longest cooldown: alerts that ended, and people last seen, before that are dropped."""
_MOST = 256
"""People remembered; an unstable tracker may give a new number in every frame."""


class Arming:
    """Two thresholds of speed with hysteresis: one for sleep (walking pace), one for all other alerts.

    Both are armed without a source of speed, and while the source is silent.
    """

    def __init__(self, config: ArmingConfig) -> None:
        self._config = config
        self._last_speed_s: float | None = None
        self._silent = False
        self.armed = True
        """Whether alerts about a driving vehicle may be raised."""
        self.rolling = True
        """Whether alerts about sleep may be raised."""
        self.driving = False
        """Whether a received speed shows that the vehicle drives; False if this is only assumed."""

    def speed(self, speed: Speed) -> list[Source]:
        """Take one speed; return the state of the source (`SystemStatus` decides whether it is new)."""
        config, kmh = self._config, speed.speed_kmh
        self._last_speed_s, self._silent = speed.t_s, False
        self.armed = self.driving = kmh >= (config.off_kmh if self.armed else config.on_kmh)
        self.rolling = kmh >= (config.asleep_off_kmh if self.rolling else config.asleep_on_kmh)
        if self.armed:
            state = Sentence("armed", kmh=config.on_kmh)
        elif self.rolling:
            state = Sentence("armed_against_sleep", kmh=config.off_kmh)
        else:
            state = Sentence("disarmed", kmh=config.asleep_off_kmh)
        return [Source(speed.t_s, SPEED, "ok", state)]

    def advance(self, t_s: float) -> list[Source]:
        """Let time pass; a source that is silent for `silent_s` arms the box, reported once for each silence."""
        if self._config.source == "none" or self._silent:
            return []
        self._last_speed_s = t_s if self._last_speed_s is None else self._last_speed_s
        if t_s - self._last_speed_s <= self._config.silent_s:
            return []
        self.armed = self.rolling = self._silent = True
        self.driving = False
        return [Source(t_s, SPEED, "lost", Sentence("no_speed", seconds=self._config.silent_s))]


class AlertCommandError(EmvasError):
    """A snooze or an acknowledgement that is not possible; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    first_s: float
    last_s: float


class Cooldowns:
    """After an alert its kind has a cooldown for the same subject, not for another source or another person in view.

    A track first seen after that person was last seen may be the same person, because the tracker gives a face that
    returns a new number. The cooldown holds for such a track as well.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Sighting] = {}
        self._ended: dict[Key, tuple[float, float | None]] = {}

    def saw(self, track: int, t_s: float) -> None:
        """A person was in view at `t_s`."""
        known = self._seen.pop(str(track), None)
        self._seen[str(track)] = _Sighting(known.first_s if known else t_s, t_s)  # kept in order of last_s
        while (oldest := next(iter(self._seen))) and (
            t_s - self._seen[oldest].last_s > _LONGEST_S or len(self._seen) > _MOST
        ):
            del self._seen[oldest]

    def knows(self, subject: str) -> bool:
        """Whether this person was seen within the longest cooldown."""
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


class Snoozes:
    """The kinds that are snoozed, and until when."""

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}

    @property
    def until_s(self) -> Mapping[str, float]:
        """Until when each snoozed kind is silent; some may be over."""
        return dict(self._until_s)

    def add(self, kind: str, now_s: float, until_s: float, longest_s: float) -> None:
        """Silence a kind below critical until `until_s`.

        Raises:
            AlertCommandError: the kind is unknown or cannot be snoozed, or the time is over or too far away.
        """
        row = KINDS.get(kind)
        if row is None:
            raise AlertCommandError(f"{kind} is no kind of alert; there are {', '.join(KINDS)}")
        if not row.snoozable:
            raise AlertCommandError(f"{kind} cannot be snoozed: {row.meaning}")
        if not now_s < until_s <= now_s + longest_s:
            raise AlertCommandError(f"{kind} can be snoozed for more than 0 and at most {longest_s:g} s")
        self._until_s[kind] = until_s

    def holds(self, kind: str, t_s: float) -> bool:
        """Whether a kind is silent at `t_s`."""
        return t_s < self._until_s.get(kind, t_s)
