"""Builds payloads and publications from messages: wall times, the corrected clock, and the delivery of each topic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from edge.config import Config
from edge.config.appliance import BoxConfig
from edge.messages import Alert, Group, Level, Summary, TripFigures, hourly
from edge.messages.serialize import to_record
from edge.publish import payloads
from edge.publish.mqtt.packets import Publication
from edge.publish.payloads import ClockState, PresenceState
from edge.publish.topics import TOPICS, path_of

_OF_SUMMARY = ("emotions", "score_mean", "perclos", "alerts", "valid_ratio", "group")
_OF_GROUP = ("faces", "negative_share", "spread", "motion", "noise_db", "seen", "sounds")


_TIMES = {"start": "start_mono_ms", "end": "end_mono_ms"}
"""Wall times of a stored payload, and the field with the same moment in ms since the program's start."""


@dataclass(slots=True)
class RunOrigin:
    """The run that publishes, and the wall clock (Unix) at its `t_s` 0."""

    boot: str
    start_wall_s: float
    """Corrected once, when a clock that was unsynchronized at the start is synchronized."""
    clock: ClockState = "synced"
    """Whether `start_wall_s` is correct; a later synchronization of the kernel's clock alone does not make it so."""

    def set_right(self, start_wall_s: float) -> None:
        """The correct wall time at `t_s` 0 is known now."""
        self.start_wall_s, self.clock = start_wall_s, "synced"

    def utc(self, t_s: float) -> str:
        """Wall time of a capture time."""
        return iso_utc(self.start_wall_s + t_s)


def iso_utc(wall_s: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(wall_s, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encoded(payload: payloads.Payload | Mapping[str, Any]) -> str:
    """The payload as it is sent: JSON text."""
    if isinstance(payload, payloads.Payload):
        return payload.model_dump_json(by_alias=True)
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def status(
    state: PresenceState, boot: str, connection: int, software: str, why: str | None = None
) -> payloads.StatusPayload:
    """`seq` numbers the connections of a run: an `offline` ends the `online` with the same boot and seq."""
    return payloads.StatusPayload(state=state, boot=boot, seq=connection, sw=software, why=why)


def alert(message: Alert, origin: RunOrigin) -> payloads.StoredAlertPayload:
    """One step of an alert; `delivered` adds `seq` and `historical` when it is sent."""
    record = to_record(message)
    return payloads.StoredAlertPayload(
        id=message.id,
        boot=origin.boot,
        type=message.type,
        kind=message.alert,
        level=record["level"],
        start=origin.utc(message.start_s),
        start_mono_ms=round(message.start_s * 1000),
        clock=origin.clock,
        duration_ms=round(message.duration_s * 1000),
        evidence=record["evidence"],
        valid_ratio=record["evidence"].get("valid_ratio"),
    )


def summary(message: Summary, origin: RunOrigin) -> payloads.StoredSummaryPayload:
    """One period; `delivered` adds `seq` and `historical` when it is sent."""
    record = to_record(message)
    return payloads.StoredSummaryPayload(
        id=f"{origin.boot}-summary-{round(message.start_s * 1000)}",
        boot=origin.boot,
        start=origin.utc(message.start_s),
        end=origin.utc(message.end_s),
        start_mono_ms=round(message.start_s * 1000),
        end_mono_ms=round(message.end_s * 1000),
        clock=origin.clock,
        **{name: record[name] for name in _OF_SUMMARY},
        trip=_trip(message.trip, origin) if message.trip else None,
    )


def _trip(trip: TripFigures, origin: RunOrigin) -> payloads.TripFields:
    length_s = trip.end_s - trip.start_s
    rate = hourly(sum(trip.alerts.values()), length_s)
    gravest = max((Level[name.upper()] for name in trip.levels.values()), default=None)
    return payloads.TripFields(
        start=origin.utc(trip.start_s),
        end=origin.utc(trip.end_s),
        start_mono_ms=round(trip.start_s * 1000),
        end_mono_ms=round(trip.end_s * 1000),
        length_s=round(length_s, 1),
        distance_km=trip.distance_km,
        alerts=dict(trip.alerts),
        gravest_level=None if gravest is None else payloads.level_name(gravest),
        alerts_per_hour=None if rate is None else round(rate, 2),
        judged_ratio=round(trip.judged_ratio, 4),
    )


def group(message: Group, origin: RunOrigin) -> payloads.GroupPayload:
    """One window of a group."""
    record = to_record(message)
    return payloads.GroupPayload(
        boot=origin.boot,
        start=origin.utc(message.start_s),
        end=origin.utc(message.end_s),
        clock=origin.clock,
        **{name: record[name] for name in _OF_GROUP},
    )


def info(config: Config, boot: str, software: str, about: Mapping[str, Any]) -> payloads.InfoPayload:
    """What a box runs; `about` holds the fields from the runtime."""
    digest = f"sha256:{hashlib.sha256(config.model_dump_json().encode()).hexdigest()}"
    return payloads.InfoPayload(boot=boot, sw=software, purpose=config.purpose.value, config=digest, **about)


def delivered(stored: Mapping[str, Any], seq: int, historical: bool) -> str:
    """A stored payload as it is sent, with `seq` and `historical`."""
    return encoded({**stored, "seq": seq, "historical": historical})


def corrected(payload: Mapping[str, Any], start_wall_s: float | None) -> dict[str, Any]:
    """The payload with its wall times computed from its monotonic times.

    `start_wall_s` is the correct Unix time at `t_s` 0 of its run; None changes nothing. The function is idempotent.
    """
    if start_wall_s is None:
        return dict(payload)
    clock = "corrected" if payload.get("clock") == "unsynced" else payload.get("clock")
    trip = {"trip": payload["trip"] | _wall_times(payload["trip"], start_wall_s)} if payload.get("trip") else {}
    return {**payload, **_wall_times(payload, start_wall_s), **trip, "clock": clock}


def _wall_times(payload: Mapping[str, Any], start_wall_s: float) -> dict[str, str]:
    return {
        name: iso_utc(start_wall_s + payload[mono] / 1000)
        for name, mono in _TIMES.items()
        if payload.get(mono) is not None
    }


def is_sendable(path: str) -> bool:
    """Whether one may publish on it: no wildcard, no character for which a broker closes the connection."""
    return bool(path) and path.isprintable() and not set(path) & set("+#")


class PublicationBuilder:
    """Makes publications of this box: topic path, delivery settings of the topic, version of the payloads."""

    def __init__(self, base: str, box: BoxConfig, origin: RunOrigin, software: str) -> None:
        self._origin, self._software = origin, software
        self.paths: Mapping[str, str] = {name: path_of(name, base, box) for name in TOPICS}
        """The path of each topic of this box."""

    def publication(self, name: str, body: payloads.Payload) -> Publication:
        """A payload as it is published on this topic."""
        topic = TOPICS[name]
        schema = (("schema", str(payloads.SCHEMA)),)
        return Publication(self.paths[name], encoded(body), topic.qos, topic.retained, topic.expiry_s, schema)

    def status(self, state: PresenceState, connection: int, why: str | None = None) -> Publication:
        """Presence of the box; `connection` is the number of the connection that it is about."""
        return self.publication("status", status(state, self._origin.boot, connection, self._software, why))

    def goodbye(self, connection: int, failure: str | None) -> Publication:
        """The last `status` of a run: `stopped`, or `failed` with the reason."""
        return self.status("stopped" if failure is None else "failed", connection, failure)
