"""The alert stage: conditions in, alerts out, one id from new to end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import NAMESPACE_URL, uuid5

from edge.alerts.condition import KINDS, Condition, DriverVisibility, Key, of_anomaly, of_attention, of_fatigue, of_lost
from edge.alerts.suppression import AlertCommandError, Arming, Cooldowns, Snoozes
from edge.config.decision import AlertsConfig
from edge.messages import Alert, AlertType, Anomaly, Attention, Face, Fatigue, Level, Message, Source
from edge.status import SystemStatus

STALE_S = 10.0
"""A condition without messages for this long is over; fatigue reports once a second, faces come with every frame."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An open alert, as last reported."""

    id: str
    start_s: float
    reported_s: float
    condition: Condition
    acknowledged: Level | None = None
    """The level that was acknowledged."""
    trace: Mapping[str, float] = field(default_factory=dict)
    """Snoozes and acknowledgements, for the evidence."""


class AlertEngine:
    """Follows conditions; a condition that holds is one alert, reported when new, when it changes, and when it ends.

    Args:
        config: Pace and cooldown.
        session: Name of this run; ids are made from it, the kind, the subject and the start, so a replay repeats them.
            If a condition lasts longer than its alert, its next alert starts when it is reported.
        arming: Whether the vehicle drives; None is always armed.
        status: Knows the lost components; by default from the messages given to `step`.
    """

    def __init__(
        self,
        config: AlertsConfig,
        session: str,
        arming: Arming | None = None,
        status: SystemStatus | None = None,
    ) -> None:
        self._config = config
        self._session = session
        self._visibility = DriverVisibility(config)
        self._conditions: dict[Key, tuple[Condition, float]] = {}
        self._open: dict[Key, _Open] = {}
        self._started_s: dict[Key, float] = {}
        self._cooldowns = Cooldowns()
        self._arming = arming
        self._status = status or SystemStatus()
        self._lost = self._lost_components()
        self._snoozes = Snoozes()
        self._unseen: set[str] = set()
        self._now_s = 0.0

    def step(self, message: Message | Anomaly) -> list[Alert]:
        """Take one message; return the alerts. A lost camera clears the conditions from faces."""
        if isinstance(message, Source):
            self._take_source(message)
        for condition in self._read(message):
            if condition.level is Level.NONE:
                self._conditions.pop(condition.key, None)
                if known := self._open.get(condition.key):
                    over = replace(known.condition, evidence=condition.evidence)
                    self._open[condition.key] = replace(known, condition=over)
            else:
                self._conditions[condition.key] = (condition, message.t_s)
        if not isinstance(message, Face | Fatigue | Attention | Source | Anomaly):
            return []
        self._now_s = message.t_s
        return self._advance(message.t_s)

    def snooze(self, kind: str, until_s: float) -> list[Alert]:
        """Silence a kind below critical until `until_s`; each open alert of this kind reports it once.

        Raises:
            AlertCommandError: the kind is unknown or never silent, or the time is over or too far away.
        """
        self._snoozes.add(kind, self._now_s, until_s, self._config.most_snooze_s)
        return [
            self._note(known, "snoozed_until_s", until_s)
            for known in self._open.values()
            if known.condition.kind == kind
        ]

    def acknowledge(self, id_: str) -> list[Alert]:
        """Stop the repeats of an open alert until it rises or ends; the alert reports it once.

        Raises:
            AlertCommandError: no open alert has this id.
        """
        known = next((known for known in self._open.values() if known.id == id_), None)
        if known is None:
            raise AlertCommandError(f"no open alert has the id {id_}: it may have ended")
        return [self._note(replace(known, acknowledged=known.condition.level), "acknowledged_s", self._now_s)]

    @property
    def snoozed_s(self) -> Mapping[str, float]:
        """Until when each snoozed kind is silent; some may be over."""
        return self._snoozes.until_s

    def passed(self, t_s: float) -> None:
        """Let time pass without a message; snoozes count from here."""
        self._now_s = max(self._now_s, t_s)

    def retune(self, config: AlertsConfig) -> None:
        """Use another configuration from now on."""
        self._config = config
        self._visibility.retune(config)

    def finish(self, t_s: float) -> list[Alert]:
        """End every open alert."""
        return [self._end(key, t_s) for key in list(self._open)]

    def _note(self, known: _Open, what: str, value_s: float) -> Alert:
        trace = {**known.trace, what: value_s}
        return self._report(replace(known, trace=trace, reported_s=self._now_s), "update")

    def _read(self, message: Message | Anomaly) -> list[Condition]:
        if isinstance(message, Fatigue):
            return of_fatigue(message)
        if isinstance(message, Attention):
            return [of_attention(message)]
        if isinstance(message, Anomaly):
            return [of_anomaly(message)]
        if isinstance(message, Face):
            self._look(message)
            return [self._visibility.step(message, *self._motion())]
        return []

    def _take_source(self, source: Source) -> None:
        """Note a lost, returned or absent component, and what follows for the open alerts."""
        self._status.take(source)
        self._lost = self._lost_components()
        if source.source == "camera" and source.state == "lost":
            self._conditions.clear()
        over = of_lost(source.source, self._status.parts[source.source])
        if source.state != "lost" and (known := self._open.get(over.key)):
            self._open[over.key] = replace(known, condition=replace(known.condition, evidence=over.evidence))

    def _lost_components(self) -> dict[Key, Condition]:
        """The conditions of the lost components; they change with a `Source` message only."""
        conditions = [of_lost(name, component) for name, component in self._status.lost.items()]
        return {condition.key: condition for condition in conditions}

    def _motion(self) -> tuple[bool, bool]:
        """Whether the vehicle may drive, and whether a speed shows it."""
        return (True, False) if self._arming is None else (self._arming.armed, self._arming.driving)

    def _look(self, face: Face) -> None:
        """Note who is in view and whose eyes cannot be judged now; without a face that is every known person."""
        if face.track is not None:
            self._cooldowns.saw(face.track, face.t_s)
        if face.usable and face.eye_opening is not None:
            self._unseen.discard(str(face.track))
        elif face.track is not None:
            if str(face.track) not in self._unseen:
                self._unseen = {subject for subject in self._unseen if self._cooldowns.knows(subject)}
            self._unseen.add(str(face.track))
        else:
            self._unseen |= {subject for kind, subject in self._conditions if KINDS[kind].from_eyes}

    def _advance(self, t_s: float) -> list[Alert]:
        self._conditions = {key: held for key, held in self._conditions.items() if t_s - held[1] <= STALE_S}
        conditions = {key: condition for key, (condition, _) in self._conditions.items()}
        conditions |= self._lost
        over = [key for key in self._open if key not in conditions or self._disarmed(key[0])]
        alerts = [self._end(key, t_s) for key in over]
        for key, condition in conditions.items():
            known = self._open.get(key)
            if known is None:
                if self._may_rise(condition) and not self._waits(condition, t_s):
                    alerts.append(self._begin(condition, t_s))
            elif self._is_due(known, condition, t_s):
                alerts.append(self._report(replace(known, condition=condition, reported_s=t_s), "update"))
        return alerts

    def _disarmed(self, kind: str) -> bool:
        motion = KINDS[kind].while_
        if self._arming is None or motion == "any":
            return False
        return not (self._arming.armed if motion == "driving" else self._arming.rolling)

    def _may_rise(self, condition: Condition) -> bool:
        unseen = KINDS[condition.kind].from_eyes and condition.subject in self._unseen and not condition.unseen
        return condition.rising and not unseen and not self._disarmed(condition.kind)

    def _waits(self, condition: Condition, t_s: float) -> bool:
        cooling = KINDS[condition.kind].rests and self._cooldowns.holds(condition.key, t_s, self._config.cooldown_s)
        return condition.level < Level.CRITICAL and (cooling or self._snoozes.holds(condition.kind, t_s))

    def _is_due(self, known: _Open, condition: Condition, t_s: float) -> bool:
        reported = known.condition
        if condition.level > reported.level and not self._may_rise(condition):
            return False
        if condition.level < Level.CRITICAL and self._snoozes.holds(condition.kind, t_s):
            return False
        if known.acknowledged is not None and condition.level <= known.acknowledged:
            return False
        if (condition.level, condition.causes) != (reported.level, reported.causes):
            return True
        pace_s = self._config.update_s if condition.level >= Level.CRITICAL else self._config.cooldown_s
        return condition != reported and t_s - known.reported_s >= pace_s

    def _begin(self, condition: Condition, t_s: float) -> Alert:
        start_s = condition.since_s
        if start_s <= self._started_s.get(condition.key, -math.inf):
            start_s = t_s
        self._started_s = {key: at_s for key, at_s in self._started_s.items() if self._may_return(key)}
        self._started_s[condition.key] = start_s
        name = f"{self._session}/{condition.kind}/{condition.subject}/{start_s:.3f}"
        until_s = self._snoozes.until_s.get(condition.kind)
        trace = {} if until_s is None or until_s < condition.since_s else {"snoozed_until_s": until_s}
        id_ = str(uuid5(NAMESPACE_URL, name))
        return self._report(_Open(id_, start_s, t_s, condition, trace=trace), "new")

    def _may_return(self, key: Key) -> bool:
        """Whether an alert of this key may come again; not for a person who left long ago."""
        return not key[1].isdigit() or self._cooldowns.knows(key[1])

    def _end(self, key: Key, t_s: float) -> Alert:
        alert = self._report(replace(self._open[key], reported_s=t_s), "end")
        del self._open[key]
        self._cooldowns.begin(key, t_s)
        return alert

    def _report(self, known: _Open, type_: AlertType) -> Alert:
        self._open[known.condition.key] = known
        return Alert(
            t_s=known.reported_s,
            id=known.id,
            type=type_,
            alert=known.condition.kind,
            level=known.condition.level,
            start_s=known.start_s,
            duration_s=known.reported_s - known.start_s,
            evidence={"causes": known.condition.causes, **known.condition.evidence, **known.trace},
        )
