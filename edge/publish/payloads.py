"""What each topic says, as JSON data; pure. Fields that MQTT 5 has properties for stand here too, for MQTT 3.1.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from edge.messages import Alert, Summary
from edge.record import to_record

SCHEMA = 1
"""Version of the payloads: raised when a field changes its meaning or goes, not when one is added."""

Payload = dict[str, Any]
ClockState = Literal["synced", "unsynced"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which run of the box speaks: its session and the wall clock (Unix) at `t_s` 0."""

    boot: str
    start_wall_s: float

    def utc(self, t_s: float) -> str:
        """Wall time of a capture time."""
        return iso_utc(self.start_wall_s + t_s)


def iso_utc(wall_s: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(wall_s, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(payload: Mapping[str, Any]) -> str:
    """The payload as it is sent."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def status(state: Literal["online", "offline", "stopped"], boot: str, connection: int, software: str) -> Payload:
    """`seq` numbers this boot's connections: an `offline` speaks of the `online` with the same boot and seq."""
    return {"schema": SCHEMA, "state": state, "boot": boot, "seq": connection, "sw": software}


def alert(message: Alert, origin: Origin, clock: ClockState) -> Payload:
    """One step of an alert; `delivered` adds `seq` and `historical` when it is sent."""
    record = to_record(message)
    return {
        "schema": SCHEMA,
        "id": message.id,
        "boot": origin.boot,
        "type": message.type,
        "kind": message.alert,
        "level": record["level"],
        "start": origin.utc(message.start_s),
        "start_mono_ms": round(message.start_s * 1000),
        "clock": clock,
        "duration_ms": round(message.duration_s * 1000),
        "evidence": record["evidence"],
        "valid_ratio": record["evidence"].get("valid_ratio"),
    }


def summary(message: Summary, origin: Origin, clock: ClockState) -> Payload:
    """One period; `delivered` adds `seq` and `historical` when it is sent."""
    record = to_record(message)
    return {
        "schema": SCHEMA,
        "id": f"{origin.boot}-summary-{round(message.start_s * 1000)}",
        "boot": origin.boot,
        "start": origin.utc(message.start_s),
        "end": origin.utc(message.end_s),
        "clock": clock,
        **{name: record[name] for name in ("emotions", "score_mean", "perclos", "alerts", "valid_ratio", "group")},
    }


def delivered(stored: str, seq: int, historical: bool) -> str:
    """A stored payload as it goes out: with its place in the outbox and whether it comes late."""
    return encode({**json.loads(stored), "seq": seq, "historical": historical})
