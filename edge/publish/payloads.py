"""Every payload that a box publishes: one model each, for the builders, the JSON schemas and the client.

Values that MQTT 5 carries in properties are fields here too, for MQTT 3.1.1.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from edge.messages import AlertType, Level

SCHEMA = 1
"""Version of the payloads: raised when a field changes its meaning or is removed, not when one is added."""

ClockState = Literal["synced", "unsynced", "corrected"]
"""`corrected`: created before the clock was synchronized, and corrected afterwards by the monotonic times."""
PresenceState = Literal["online", "offline", "stopped", "failed"]
LevelName = Literal["none", "advisory", "warning", "critical", "emergency"]
_NAMES: tuple[LevelName, ...] = get_args(LevelName)


def level_name(level: Level) -> LevelName:
    """The name of a level in payloads."""
    return _NAMES[level]


Time = Field(description="ISO 8601 in UTC, to the millisecond")


class Payload(BaseModel):
    """A payload: a JSON object in UTF-8; readers ignore unknown fields."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_: int = Field(
        SCHEMA,
        alias="schema",
        ge=SCHEMA,
        le=SCHEMA,
        description="version of the payloads; another version is another contract",
    )
    boot: str = Field(description="the run of the box's program; a new one at every start")


class OutboxFields(BaseModel):
    """The fields that the outbox adds when it sends."""

    seq: int = Field(ge=1, description="rises by one with every alert and summary of a box, across restarts")
    historical: bool = Field(
        description="true if delivered more than 60 s after it was raised, or by a later run: do not sound an alarm"
    )


class StatusPayload(Payload):
    """Presence of the box."""

    state: PresenceState = Field(
        description="`offline` is the will, published by the broker; `stopped` is a clean stop, `failed` an error"
    )
    seq: int = Field(
        ge=0, description="number of the connection; an `offline` ends the `online` with the same boot and seq"
    )
    sw: str = Field(description="version of the program")
    why: str | None = Field(None, description="with `failed`: the error that ended the run")


class InfoPayload(Payload):
    """What the box runs."""

    model_config = ConfigDict(extra="allow")

    sw: str = Field(description="version of the program")
    purpose: str = Field(description="what the box may infer and publish")
    config: str = Field(description="SHA-256 of the configuration in use")
    bundle: str | None = Field(None, description="name and version of the models")
    provider: str | None = Field(None, description="provider of the models: cpu, cuda or tensorrt")
    models: dict[str, str] = Field({}, description="variant of each role's model that really runs")


class SentenceCode(BaseModel):
    """An English sentence of the box as a code with parameters, so that it can be shown in another language."""

    code: str = Field(description="the sentence, by a name that stays when its wording changes")
    parameters: dict[str, Any] = Field(
        description="what stands in the sentence; a sentence in it is an object with code, parameters and text"
    )


class StatePayload(Payload):
    """The current state."""

    time: str = Time
    level: LevelName | None = Field(
        description="the worst fatigue in view; null: unknown, as no eyes were judged in the last 5 s"
    )
    unknown: str | None = Field(
        None,
        description="why the level is null: off (fatigue is switched off), starting, camera or vision (lost), no_face "
        "(no person in view), or why the eyes cannot be judged: turned_away, eyes_hidden, dark, blurred, too_small, "
        "upside_down, lids_unclear (open or shut cannot be told), baseline (the open eye is still being learned)",
    )
    since: str = Time
    causes: list[str] = Field(description="causes of the level")
    perclos_60: float | None = Field(description="share of the last minute's valid time with the lids down")
    perclos_180: float | None = Field(description="the same of three minutes")
    valid_ratio: float | None = Field(description="share of the last minute in which the eyes could be judged")
    track: int | None = Field(description="number, in this run, of the person that the figures are about")
    inputs: dict[str, Literal["ok", "lost", "absent"]] = Field(description="sources and stages")
    troubles: dict[str, str] = Field(description="why an input is not ok")
    trouble_codes: dict[str, SentenceCode] = Field(
        {}, description="the sentences of `troubles` that are the box's own, for other languages"
    )
    snoozed_until: dict[str, str] = Field(
        {}, description="kinds of alert that are snoozed below critical, and until when"
    )
    sensitivity: dict[str, float] = Field({}, description="settings that a command has changed since the start")
    clock: ClockState


class StoredAlertPayload(Payload):
    """One step of an alert, as stored in the outbox."""

    id: str = Field(description="the same from `new` over any `update` to `end`")
    type: AlertType
    kind: str = Field(description="microsleep, drowsiness, distraction, cannot_see_driver, source_lost, ...")
    level: LevelName
    start: str = Time
    start_mono_ms: int = Field(description="start in ms since the program's start: correct even with a wrong clock")
    clock: ClockState
    duration_ms: int = Field(ge=0)
    evidence: dict[str, Any] = Field(
        description="what it is based on; `track` is the person that it is about; `detail_code` is `detail` as a code "
        "with parameters, where it is a sentence of the box"
    )
    valid_ratio: float | None = Field(description="share of the last minute in which the eyes could be judged")


class AlertPayload(StoredAlertPayload, OutboxFields):
    """One step of an alert."""


class TripFields(BaseModel):
    """What happened on a trip; without a source of speed a run of the box is one."""

    start: str = Time
    end: str = Time
    start_mono_ms: int = Field(description="start in ms since the program's start: correct even with a wrong clock")
    end_mono_ms: int = Field(description="end in the same way")
    length_s: float
    distance_km: float | None = Field(description="null if the speed was not known well enough")
    alerts: dict[str, int] = Field(description="alerts that began on it, by kind")
    gravest_level: LevelName | None = Field(description="the gravest level of these alerts; null without any")
    alerts_per_hour: float | None = Field(description="null for a trip of less than ten minutes")
    judged_ratio: float = Field(description="share of the trip in which a person's eyes could be judged")


class StoredSummaryPayload(Payload):
    """What happened in a period, as stored in the outbox."""

    id: str
    start: str = Time
    end: str = Time
    start_mono_ms: int = Field(description="start in ms since the program's start: correct even with a wrong clock")
    end_mono_ms: int = Field(description="end in the same way")
    clock: ClockState
    emotions: dict[str, float] = Field(description="shares of the judged time; empty if the purpose forbids them")
    score_mean: float | None = Field(description="-1 negative to 1 positive")
    perclos: float | None = Field(description="mean share of time with the lids down")
    alerts: dict[str, int] = Field(description="alerts that began, by kind")
    valid_ratio: float = Field(description="share of the time in which a person's eyes could be judged")
    group: dict[str, float] = Field(description="means of the period's groups, by the names of topic `group`")
    trip: TripFields | None = Field(None, description="of the trip that ended with this period; null if none did")


class SummaryPayload(StoredSummaryPayload, OutboxFields):
    """What happened in a period."""


class GroupPayload(Payload):
    """What five or more faces had in common in a window; none of fewer."""

    start: str = Time
    end: str = Time
    clock: ClockState
    faces: int = Field(ge=5, description="how many could be judged")
    negative_share: float = Field(description="share that looks negative; a single face does not count")
    spread: float = Field(description="distance between the quartiles of their scores")
    motion: float | None = Field(description="median speed of the faces in face widths a second")
    noise_db: float | None = Field(description="median loudness of the room in dB below full scale")
    seen: int | None = Field(None, description="the most faces in one frame, judged or not")
    sounds: tuple[str, ...] = Field((), description="what the room's audio holds, of laughter and shouting")


class OutboxFigures(BaseModel):
    """Messages that wait for the broker."""

    rows: int
    bytes: int
    evicted: dict[str, int] = Field(description="messages evicted because the outbox was full, by topic")


class CommandFigures(BaseModel):
    """Commands since the program's start."""

    done: int
    refused: int = Field(description="answered with an error")
    ignored: int = Field(description="retained, too large or too many: not answered")


class ConnectionFigures(BaseModel):
    """The connection to the broker."""

    connection: int
    protocol: str


class HealthPayload(Payload):
    """Health of the box."""

    time: str = Time
    clock: ClockState
    outbox: OutboxFigures
    mqtt: ConnectionFigures | None = Field(description="null before the first connection")
    commands: CommandFigures
    readings: dict[str, Any] = Field(description="the runtime's own figures: frames, drops, queues, stages")


class ReportPayload(BaseModel):
    """The data of the response to `report`."""

    state: StatePayload | None = Field(description="null before the first")
    health: HealthPayload
    summary: StoredSummaryPayload = Field(description="of the current period")


class ResponsePayload(Payload):
    """The response to a command."""

    boot: str = Field(description="the run that executed the command; an earlier one if it was executed before")
    transaction: str | None = Field(description="the request's")
    op: str
    status: Literal["ok", "error"]
    data: dict[str, Any] | None = Field(None, description="ok: the result")
    error: str | None = Field(None, description="error: the field and its error")
