"""What the box reports about itself on the topics `state`, `health` and `status`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from edge.i18n.texts import Sentence
from edge.messages import Fatigue, Level, Reason, Source
from edge.publish import payloads, publications
from edge.publish.commands.receiver import CommandReceiver
from edge.publish.mqtt.packets import Connected, Publication
from edge.publish.outbox.outbox import Outbox
from edge.publish.payloads import ClockState, SentenceCode, StatePayload, level_name
from edge.publish.publications import RunOrigin
from edge.run_registry import clock_state
from edge.status import ComponentStatus, SystemStatus

REFRESH_S = 60.0
"""An unchanged state is published again this often, so that its figures stay current."""
_EYES = ("fatigue", "camera", "vision")
"""Without one of these the level is unknown."""
OFF, STARTING = "off", "starting"
"""Why a level is unknown: fatigue is switched off; no frame was judged yet."""
_TRACK_S = 3.0
"""A person not reported for this long (fatigue comes once a second) is no longer in view."""
HEALTH_EVERY_S = 30.0
_HEAR_FIRST_S = 1.0
"""After a lost connection the box reads `status` this long before it publishes: another box may have written it."""
_AGAIN_S = 5.0
"""A client that writes `status` repeatedly is corrected at most this often."""
_STRANGERS = 2
"""A late will of the last run arrives once; `status` of another box with the same name arrives repeatedly."""


class StateTracker:
    """Combines levels and system status into one state, and decides when to publish it."""

    def __init__(self, origin: RunOrigin, status: SystemStatus | None = None) -> None:
        """`status` knows the lost components; by default from the messages given to `observe`."""
        self._origin, self._status = origin, status or SystemStatus()
        self.latest: StatePayload | None = None
        """As last published."""
        self._people: dict[int | None, Fatigue] = {}
        self._judged = False
        """Whether a person was ever reported."""
        self._since_s = 0.0
        self._level: Level | None = None
        self._published: tuple[object, ...] | None = None
        self._published_s = 0.0
        self._snoozed_s: Mapping[str, float] = {}
        self._sensitivity: Mapping[str, float] = {}

    def observe(self, message: Fatigue | Source, clock: ClockState) -> StatePayload | None:
        """Take one message; return the state when it changed or is due again, else None."""
        if isinstance(message, Source):
            self._status.take(message)
            if message.state != "ok" and message.source in _EYES:
                self._people.clear()
        else:
            self._forget(message.t_s)
            self._people[message.track] = message
        return self._changed(message.t_s, clock)

    def turn(self, t_s: float, clock: ClockState) -> StatePayload | None:
        """Let time pass without a message; return the state if it is due again or the last person left the view."""
        self._forget(t_s)
        return self._changed(t_s, clock)

    def set_by_commands(
        self, t_s: float, clock: ClockState, snoozed_s: Mapping[str, float], sensitivity: Mapping[str, float]
    ) -> StatePayload | None:
        """Take the snoozes and the settings that commands have changed; return the state if it changed."""
        self._snoozed_s, self._sensitivity = dict(snoozed_s), dict(sensitivity)
        return self._changed(t_s, clock)

    def _forget(self, t_s: float) -> None:
        """Remove people who are no longer in view."""
        self._people = {track: last for track, last in self._people.items() if t_s - last.t_s < _TRACK_S}

    def _changed(self, t_s: float, clock: ClockState) -> StatePayload | None:
        worst = max(self._people.values(), key=_gravity, default=None)
        level = self._known(worst)
        if level != self._level:
            self._level, self._since_s = level, t_s
        self._snoozed_s = {kind: until_s for kind, until_s in self._snoozed_s.items() if until_s > t_s}
        state = self._state(t_s, clock, worst)
        judged = state.perclos_60 is not None
        by_commands = (tuple(state.snoozed_until.items()), tuple(state.sensitivity.items()))
        essence = (level, state.unknown, state.causes, judged, tuple(state.inputs.items()), by_commands)
        if essence == self._published and t_s - self._published_s < REFRESH_S:
            return None
        self._published, self._published_s, self.latest = essence, t_s, state
        return state

    def _known(self, worst: Fatigue | None) -> Level | None:
        """The level of the worst person; a NONE from before the loss of the camera counts as unknown."""
        level = worst.known_level if worst else None
        is_old = worst is not None and worst.perclos_60 is None and any(name in self._status.lost for name in _EYES)
        return None if is_old and level is Level.NONE else level

    def _state(self, t_s: float, clock: ClockState, worst: Fatigue | None) -> StatePayload:
        parts = self._status.parts
        return StatePayload(
            boot=self._origin.boot,
            time=self._origin.utc(t_s),
            level=level_name(self._level) if self._level is not None else None,
            unknown=None if self._level is not None else self._unknown(worst, parts),
            since=self._origin.utc(self._since_s),
            causes=list(worst.causes) if worst else [],
            perclos_60=_rounded(worst.perclos_60 if worst else None),
            perclos_180=_rounded(worst.perclos_180 if worst else None),
            valid_ratio=_rounded(worst.valid_ratio if worst else None),
            track=worst.track if worst else None,
            inputs={name: part.state for name, part in parts.items()},
            troubles={name: part.detail for name, part in parts.items() if part.state != "ok"},
            trouble_codes={
                name: SentenceCode.model_validate(part.detail.as_data)
                for name, part in parts.items()
                if part.state != "ok" and isinstance(part.detail, Sentence)
            },
            snoozed_until={kind: self._origin.utc(until_s) for kind, until_s in self._snoozed_s.items()},
            sensitivity=dict(self._sensitivity),
            clock=clock,
        )

    def _unknown(self, worst: Fatigue | None, parts: Mapping[str, ComponentStatus]) -> str:
        """Why the level is unknown: the missing component, or why the eyes of the person in view cannot be judged."""
        for name in _EYES:
            if name in parts and parts[name].state != "ok":
                return OFF if name == "fatigue" and parts[name].state == "absent" else name
        self._judged = self._judged or worst is not None
        return (worst.unknown if worst else None) or (Reason.NO_FACE.value if self._judged else STARTING)


def _gravity(person: Fatigue) -> tuple[Level, bool, float]:
    return person.level, person.unknown is None, person.valid_ratio


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


class HealthReport:
    """Safe from any thread, except `renew`, `due` and `sent`: the publisher's thread calls them."""

    def __init__(self, boot: str, outbox: Outbox, receiver: CommandReceiver) -> None:
        self._boot, self._outbox, self._receiver = boot, outbox, receiver
        self._lock = threading.Lock()
        self._readings: dict[str, Any] = {}
        self._due_s = 0.0

    def measure(self, readings: Mapping[str, Any]) -> None:
        """Take the runtime's figures (rates, drops, temperatures)."""
        with self._lock:
            self._readings = dict(readings)

    def renew(self) -> None:
        """After a new connection `health` is due."""
        self._due_s = 0.0

    def due(self, now_s: float) -> bool:
        """Whether `health` is to be sent now."""
        return now_s >= self._due_s

    def sent(self, now_s: float) -> None:
        """Begin the next wait."""
        self._due_s = now_s + HEALTH_EVERY_S

    def health(self, connected: Connected | None) -> payloads.HealthPayload:
        """The current report, with this connection."""
        with self._lock:
            readings = dict(self._readings)
        outbox = self._outbox
        return payloads.HealthPayload(
            boot=self._boot,
            time=publications.iso_utc(time.time()),
            clock=clock_state(),
            outbox=payloads.OutboxFigures(rows=outbox.rows, bytes=outbox.bytes, evicted=outbox.evicted),
            mqtt=connected and payloads.ConnectionFigures(connection=connected.connection, protocol=connected.protocol),
            commands=self._receiver.figures,
            readings=readings,
        )


class Presence:
    """Decides when to publish `online`, from the messages received on this box's `status`; pure."""

    def __init__(self, boot: str, online: Callable[[int], Publication]) -> None:
        """`online` makes the publication for the connection of this number."""
        self._boot, self._online = boot, online
        self._online_message: Publication | None = None
        self._due_s: float | None = None
        self._right_s = float("-inf")
        self._echoed = False
        self._strangers = 0
        self._named = False

    def begin(self, connection: int, now_s: float) -> None:
        """A new connection was opened."""
        self._due_s = now_s if self._online_message is None else now_s + _HEAR_FIRST_S
        self._online_message = self._online(connection)

    def due(self, now_s: float) -> Publication | None:
        """What to publish on `status` now."""
        if self._due_s is None or now_s < self._due_s:
            return None
        self._due_s = None
        return self._online_message

    def received(self, payload: bytes, now_s: float) -> None:
        """Take a message of `status`; the message of another client is corrected.

        Messages before this run's own are old: a broker keeps the messages of a session over a restart.
        """
        message = _parse(payload)
        if self._online_message is not None and message == json.loads(self._online_message.payload):
            self._echoed = True
            return
        if not self._echoed:
            return
        if message and message.get("boot") != self._boot:
            self._strangers += _STRANGERS if message.get("state") == "online" else 1
        if self._due_s is None and now_s >= self._right_s + _AGAIN_S:
            self._due_s = self._right_s = now_s

    @property
    def is_shared(self) -> bool:
        """Whether another box publishes as this one; True once."""
        shared = self._strangers >= _STRANGERS and not self._named
        self._named |= shared
        return shared


def _parse(payload: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
