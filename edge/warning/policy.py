"""The warning policy: from alerts and eyes to signals; pure. It receives no commands: MQTT cannot mute it.

An alert below critical sounds once when it begins or rises. A critical signal is repeated until the eyes have opened
(or the look is back on the road), the alert ends, or the button is pressed with open eyes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge.alerts.condition import CANNOT_SEE_DRIVER, DISTRACTION, DROWSINESS, MICROSLEEP, SOURCE_LOST
from edge.config.decision import FatigueConfig
from edge.messages import Alert, Attention, Face, Level, Message
from edge.status import VITAL
from edge.warning.signals import PATTERNS, SIGNAL_OF, Signal

WARNED_OF = (MICROSLEEP, DROWSINESS, DISTRACTION, CANNOT_SEE_DRIVER)
"""The kinds about the driver. The driver hears distress without the box; other kinds do not concern the driver."""
_EYES = ("camera", *VITAL)
"""Components without which the driver is not monitored."""
_SHUT_S = 1.0
"""Eyes that were last open longer ago than this count as closed: longer than any blink."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A signal that sounds from now on."""

    signal: Signal
    alert: str = ""
    """Id of the alert that it is about."""

    @property
    def once(self) -> bool:
        """Whether it is not repeated."""
        return PATTERNS[self.signal].again_s is None


@dataclass(frozen=True, slots=True)
class StopRepeating:
    """The repeated signal ends after the current repetition."""


@dataclass(frozen=True, slots=True)
class _Held:
    """An open alert."""

    kind: str
    level: Level
    track: int | None
    calmed: bool = False
    """Whether the driver has reacted: the eyes opened, the look returned."""
    noted: Level = Level.NONE
    """The level at which the button was pressed."""

    @property
    def urgent(self) -> bool:
        """Whether its signal is repeated now."""
        return self.level >= Level.CRITICAL and not self.calmed and self.noted < self.level


class WarningPolicy:
    """Messages in, in the order of decision; signals out."""

    def __init__(self, fatigue: FatigueConfig) -> None:
        """`fatigue` says when eyes count as open, and after how long."""
        self._fatigue = fatigue
        self._held: dict[str, _Held] = {}
        self._begun = False
        self._repeated: Cue | None = None
        self._opened_s: dict[int | None, float] = {}
        """Since when the eyes of each person in view are open."""
        self._open_s: dict[int | None, float] = {}
        """When each person was last seen with eyes that stay open."""
        self._now_s = 0.0

    @property
    def level(self) -> Level:
        """The highest open level, for lamps and shakers."""
        return max((held.level for held in self._held.values()), default=Level.NONE)

    def step(self, message: Message) -> Cue | StopRepeating | None:
        """Take one message; return the change."""
        self._now_s = max(self._now_s, message.t_s)
        if isinstance(message, Face):
            self._look(message)
            if not self._begun:
                self._begun = True
                return Cue("ready")
        elif isinstance(message, Attention):
            self._attend(message)
        elif isinstance(message, Alert) and _is_the_drivers(message):
            return self._take(message)
        else:
            return None
        return self._repeat()

    def acknowledge(self) -> StopRepeating | Cue | None:
        """The button was pressed; alerts about a person with closed or unseen eyes ignore it."""
        self._held = {
            id_: held if self._shut(held.track) else replace(held, noted=held.level) for id_, held in self._held.items()
        }
        return self._repeat()

    def _shut(self, track: int | None) -> bool:
        """Whether no open eyes of this person were seen recently; None: of any person."""
        seen_s = max(self._open_s.values(), default=-math.inf) if track is None else self._open_s.get(track, -math.inf)
        return self._now_s - seen_s > _SHUT_S

    def _take(self, alert: Alert) -> Cue | StopRepeating | None:
        known = self._held.pop(alert.id, None)
        before = known.level if known else Level.NONE
        if alert.type != "end":
            track = alert.evidence.get("track")
            calmed = known is not None and known.calmed and (alert.alert == DISTRACTION or not self._shut(track))
            noted = known.noted if known else Level.NONE
            self._held[alert.id] = _Held(alert.alert, alert.level, track, calmed and alert.level <= before, noted)
        urgent = self._repeat()
        rises = alert.type != "end" and Level.NONE < alert.level < Level.CRITICAL and alert.level > before
        if urgent is not None or not rises or self._sounds_urgently:
            return urgent
        if alert.alert in (CANNOT_SEE_DRIVER, SOURCE_LOST):
            self._repeated = Cue("blind", alert.id)
            return self._repeated
        return Cue(SIGNAL_OF[alert.level], alert.id)

    @property
    def _sounds_urgently(self) -> bool:
        return self._repeated is not None and self._repeated.signal != "blind"

    def _repeat(self) -> Cue | StopRepeating | None:
        """Choose the repeated signal: the highest urgent alert, else the one of a driver who cannot be seen."""
        wanted: Cue | None = None
        urgent = [(held.level, id_) for id_, held in self._held.items() if held.urgent]
        if urgent:
            level, id_ = max(urgent)
            wanted = Cue(SIGNAL_OF[level], id_)
        else:
            blind = [id_ for id_, held in self._held.items() if held.kind in (CANNOT_SEE_DRIVER, SOURCE_LOST)]
            wanted = Cue("blind", blind[0]) if blind else None
        now = self._repeated
        if (wanted.signal if wanted else None) == (now.signal if now else None):
            return None
        self._repeated = wanted
        return wanted or StopRepeating()

    def _look(self, face: Face) -> None:
        if face.openness is None or face.openness < self._fatigue.open_above:
            self._opened_s.pop(face.track, None)
            return
        if face.t_s - self._opened_s.setdefault(face.track, face.t_s) < self._fatigue.reopened_s:
            return
        self._open_s = {track: t_s for track, t_s in self._open_s.items() if face.t_s - t_s <= _SHUT_S}
        self._open_s[face.track] = face.t_s
        for id_, held in self._held.items():
            if held.kind != DISTRACTION and not held.calmed and held.track in (None, face.track):
                self._held[id_] = replace(held, calmed=True)

    def _attend(self, attention: Attention) -> None:
        """A look back on the road stops the signal; a look away does not."""
        for id_, held in self._held.items():
            if held.kind == DISTRACTION and held.track == attention.track:
                self._held[id_] = replace(held, calmed=not attention.away)


def _is_the_drivers(alert: Alert) -> bool:
    return alert.alert in WARNED_OF or (alert.alert == SOURCE_LOST and alert.evidence.get("source") in _EYES)
