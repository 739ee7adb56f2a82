"""The alert stage: states in, alerts out, one id from new to end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, uuid5

from edge.alerts.condition import Condition, Key, Sight, of_fatigue, of_source
from edge.alerts.kinds import SOURCE_LOST
from edge.config.understanding import AlertsConfig
from edge.messages import Alert, AlertType, Face, Fatigue, Level, Message, Source

STALE_S = 10.0
"""A condition not heard of for this long is over; fatigue reports once a second, faces come with every frame."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An alert between new and end, as last told."""

    id: str
    start_s: float
    told_s: float
    condition: Condition


class AlertEngine:
    """Follows conditions; a condition that holds is one alert, told when new, when it changes, and when it is over.

    Args:
        config: Pace and cooldown.
        session: Name of this run; ids are made from it, the kind, the subject and the start, so a replay repeats them.
    """

    def __init__(self, config: AlertsConfig, session: str) -> None:
        self._config = config
        self._session = session
        self._sight = Sight(config.blind_s)
        self._conditions: dict[Key, tuple[Condition, float]] = {}
        self._open: dict[Key, _Open] = {}
        self._ended_s: dict[str, float] = {}

    def step(self, message: Message) -> list[Alert]:
        """Take in one message; return what is to be told. A lost camera ends what was known from faces."""
        if isinstance(message, Source) and message.source == "camera" and message.state == "lost":
            self._conditions = {key: held for key, held in self._conditions.items() if key[0] == SOURCE_LOST}
        for condition in self._read(message):
            if condition.level is Level.NONE:
                self._conditions.pop(condition.key, None)
                if known := self._open.get(condition.key):
                    over = replace(known.condition, evidence=condition.evidence)
                    self._open[condition.key] = replace(known, condition=over)
            else:
                self._conditions[condition.key] = (condition, message.t_s)
        return self._advance(message.t_s) if isinstance(message, Face | Fatigue | Source) else []

    def finish(self, t_s: float) -> list[Alert]:
        """End every open alert."""
        return [self._end(key, t_s) for key in list(self._open)]

    def _read(self, message: Message) -> list[Condition]:
        if isinstance(message, Fatigue):
            return of_fatigue(message)
        if isinstance(message, Face):
            return [self._sight.step(message)]
        return [of_source(message)] if isinstance(message, Source) else []

    def _advance(self, t_s: float) -> list[Alert]:
        for key, (condition, heard_s) in list(self._conditions.items()):
            if t_s - heard_s > STALE_S and condition.kind != SOURCE_LOST:
                del self._conditions[key]
        alerts = [self._end(key, t_s) for key in list(self._open) if key not in self._conditions]
        for key, (condition, _) in self._conditions.items():
            known = self._open.get(key)
            if known is None:
                if not self._rests(condition, t_s):
                    alerts.append(self._begin(condition, t_s))
            elif self._worth_telling(known, condition, t_s):
                alerts.append(self._tell(replace(known, condition=condition, told_s=t_s), "update"))
        return alerts

    def _rests(self, condition: Condition, t_s: float) -> bool:
        ended_s = self._ended_s.get(condition.kind)
        cooling = ended_s is not None and t_s - ended_s < self._config.cooldown_s
        return cooling and condition.level < Level.CRITICAL

    def _worth_telling(self, known: _Open, condition: Condition, t_s: float) -> bool:
        told = known.condition
        if (condition.level, condition.causes) != (told.level, told.causes):
            return True
        pace_s = self._config.update_s if condition.level >= Level.CRITICAL else self._config.cooldown_s
        return condition != told and t_s - known.told_s >= pace_s

    def _begin(self, condition: Condition, t_s: float) -> Alert:
        name = f"{self._session}/{condition.kind}/{condition.subject}/{condition.since_s:.3f}"
        return self._tell(_Open(str(uuid5(NAMESPACE_URL, name)), condition.since_s, t_s, condition), "new")

    def _end(self, key: Key, t_s: float) -> Alert:
        alert = self._tell(replace(self._open[key], told_s=t_s), "end")
        del self._open[key]
        self._ended_s[alert.alert] = t_s
        return alert

    def _tell(self, known: _Open, type_: AlertType) -> Alert:
        self._open[known.condition.key] = known
        return Alert(
            t_s=known.told_s,
            id=known.id,
            type=type_,
            alert=known.condition.kind,
            level=known.condition.level,
            start_s=known.start_s,
            duration_s=known.told_s - known.start_s,
            evidence={"causes": known.condition.causes, **known.condition.evidence},
        )
