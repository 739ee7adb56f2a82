"""Counters of a run, and the table of metrics that `/metrics` and its documentation are made from.

Each metric is read from the health figures that the box also publishes over MQTT.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal

from edge.messages import Alert, Message
from edge.status import SystemStatus

Type = Literal["counter", "gauge"]
_MS = 1e-3


@dataclass(slots=True)
class StageTime:
    """Time spent in one stage, summed by its component (`edge.runtime.supervision`)."""

    calls: int = 0
    total_ms: float = 0.0
    worst_ms: float = 0.0

    @property
    def mean_ms(self) -> float:
        """Mean over all calls, 0 before the first."""
        return self.total_ms / self.calls if self.calls else 0.0


@dataclass(slots=True)
class RunCounters:
    """Each counter is written by one thread and may be read by any."""

    component_name: ClassVar[str] = "health"
    """Name of this sink in `Source` messages."""

    frames: int = 0
    """Frames that the camera delivered."""
    camera_hz: float = 0.0
    """Mean frames a second of the last seconds."""
    frames_dropped: int = 0
    """Frames that a newer one replaced before vision took them."""
    frames_shed: int = 0
    """Frames that were left out because the box is hot."""
    frames_seen: int = 0
    """Frames that went through vision."""
    sound_s: float = 0.0
    """Seconds of audio that the microphone delivered."""
    sound_dropped_s: float = 0.0
    utterances: int = 0
    utterances_dropped: int = 0
    records_dropped: int = 0
    """Telemetry that the timeline's disk refused."""
    alerts: dict[str, dict[str, int]] = field(default_factory=dict)
    """New alerts by kind and by their first level."""
    celsius: float | None = None
    """Temperature of the hottest part of the processor, filtered; None where it cannot be read."""
    band: str = "green"
    shed: dict[str, bool] = field(default_factory=dict)
    """Work that the box leaves out because of heat or load (`edge.runtime.degradation`)."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Items waiting in each queue."""
    failures: Counter[str] = field(default_factory=Counter)
    """Failed calls and crashes of each component."""
    restarts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    """Items that a component missed because it was down."""
    stages: dict[str, StageTime] = field(default_factory=dict)

    def write(self, message: Message) -> None:
        """Count new alerts, as a sink."""
        if isinstance(message, Alert) and message.type == "new":
            levels, level = self.alerts.setdefault(message.alert, {}), message.level.name.lower()
            levels[level] = levels.get(level, 0) + 1

    def readings(self, status: SystemStatus) -> dict[str, object]:
        """All counters and component states as plain data: the runtime's part of the health topic."""
        counted = {row.name: _plain(getattr(self, row.name)) for row in fields(self) if row.name != "stages"}
        stages = {name: _plain(asdict(spent) | {"mean_ms": spent.mean_ms}) for name, spent in list(self.stages.items())}
        sources = {name: part.state for name, part in status.parts.items()}
        return {**counted, "losses": status.losses, "stages": stages, "sources": sources}


def _plain(value: object) -> object:
    """A rounded copy that another thread may keep."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in list(value.items())}
    return round(value, 1) if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: `path` leads through the figures; `{label}` in it stands for every name at that place.

    A path that ends in `={label}` leads to a text: the text is the label, the value is 1.
    """

    name: str
    type: Type
    unit: str
    meaning: str
    path: str
    scale: float = 1.0
    """Factor from the figure to `unit`."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in order."""
        return tuple(part.strip("{}") for part in self.path.replace("=", ".").split(".") if part.startswith("{"))


METRICS: tuple[Metric, ...] = (
    Metric("emvas_box_info", "gauge", "", "what runs here; always 1", "box={version}={bundle}={provider}={purpose}"),
    Metric("emvas_model_info", "gauge", "", "the variant of each model that really runs; always 1",
           "models.{role}={variant}"),
    Metric("emvas_healthy", "gauge", "", "1 while `/healthz` answers 200, else 0", "verdict.healthy"),
    Metric("emvas_progress_age_seconds", "gauge", "s", "since the last turn of the main loop", "verdict.age_s"),
    Metric("emvas_source_state", "gauge", "", "state of each source and stage (ok, lost, absent); always 1",
           "readings.sources.{source}={state}"),
    Metric("emvas_losses", "counter", "", "how often a source or a stage was lost", "readings.losses"),
    Metric("emvas_frames", "counter", "frames", "frames that capture delivered", "readings.frames"),
    Metric("emvas_camera_hertz", "gauge", "1/s", "current frame rate of capture",
           "readings.camera_hz"),
    Metric("emvas_frames_dropped", "counter", "frames", "frames that a newer one replaced before vision took them",
           "readings.frames_dropped"),
    Metric("emvas_frames_shed", "counter", "frames", "frames left out because the box is hot",
           "readings.frames_shed"),
    Metric("emvas_frames_seen", "counter", "frames", "frames that went through vision", "readings.frames_seen"),
    Metric("emvas_temperature_celsius", "gauge", "°C", "hottest part of the processor, filtered", "readings.celsius"),
    Metric("emvas_thermal_band", "gauge", "", "how hot (green, yellow, red, danger); always 1", "readings.band={band}"),
    Metric("emvas_shed", "gauge", "", "1 while this is left out because of heat or load", "readings.shed.{work}"),
    Metric("emvas_sound_seconds", "counter", "s", "audio that capture delivered", "readings.sound_s"),
    Metric("emvas_sound_dropped_seconds", "counter", "s", "audio that arrived faster than it was processed",
           "readings.sound_dropped_s"),
    Metric("emvas_utterances", "counter", "utterances", "utterances", "readings.utterances"),
    Metric("emvas_utterances_dropped", "counter", "utterances", "utterances that were not transcribed",
           "readings.utterances_dropped"),
    Metric("emvas_records_dropped", "counter", "records", "telemetry that the timeline's disk refused",
           "readings.records_dropped"),
    Metric("emvas_waiting", "gauge", "items", "items in each queue between the threads", "readings.waiting.{queue}"),
    Metric("emvas_stage_calls", "counter", "calls", "calls of each stage", "readings.stages.{stage}.calls"),
    Metric("emvas_stage_seconds", "counter", "s", "time spent in each stage", "readings.stages.{stage}.total_ms", _MS),
    Metric("emvas_stage_longest_seconds", "gauge", "s", "the longest call of each stage",
           "readings.stages.{stage}.worst_ms", _MS),
    Metric("emvas_failures", "counter", "", "failed calls and crashes of each part of the box",
           "readings.failures.{part}"),
    Metric("emvas_restarts", "counter", "", "restarts of each part", "readings.restarts.{part}"),
    Metric("emvas_skipped", "counter", "items", "items that a part did not work on because it was down",
           "readings.skipped.{part}"),
    Metric("emvas_alerts", "counter", "alerts", "alerts begun, by kind and the level they began at",
           "readings.alerts.{kind}.{level}"),
    Metric("emvas_outbox_rows", "gauge", "messages", "alerts and summaries that wait for the broker", "outbox.rows"),
    Metric("emvas_outbox_bytes", "gauge", "B", "their size", "outbox.bytes"),
    Metric("emvas_outbox_evicted", "counter", "messages", "messages given up because the outbox was full, by topic",
           "outbox.evicted.{topic}"),
    Metric("emvas_mqtt_connections", "counter", "connections", "attempts to connect to the broker since the start",
           "mqtt.connection"),
    Metric("emvas_commands_done", "counter", "commands", "commands over MQTT that were carried out", "commands.done"),
    Metric("emvas_commands_refused", "counter", "commands", "commands answered with an error", "commands.refused"),
    Metric("emvas_commands_ignored", "counter", "commands", "commands without a response", "commands.ignored"),
)  # fmt: skip
"""Beside these come `process_...` (memory, CPU, descriptors) of prometheus_client's process collector."""


def figures(
    facts: Mapping[str, str],
    models: Mapping[str, str],
    health: RunCounters,
    status: SystemStatus,
    published: Mapping[str, Any],
) -> dict[str, Any]:
    """All figures of the table.

    `facts` are version, bundle, provider and purpose; `models` has the variant that runs for each role; `published` is
    the publisher's part of the health topic, empty without a publisher.
    """
    verdict = status.verdict(time.monotonic())
    summary = {"healthy": float(verdict.healthy), "age_s": verdict.age_s}
    fixed = {"box": dict(facts), "models": dict(models)}
    return {**published, **fixed, "readings": health.readings(status), "verdict": summary}


def samples(metric: Metric, figures: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """The labels and values of one metric; empty where the box does not have the figure."""
    path, *labels_of_text = metric.path.split("=")
    for labels, found in _at(figures, path.split(".")):
        if found is None:
            continue
        if not labels_of_text:
            yield labels, metric.scale * float(found)
        elif isinstance(found, Mapping):
            yield tuple(str(found.get(label.strip("{}"), "")) for label in labels_of_text), 1.0
        else:
            yield (*labels, str(found)), 1.0


def _at(figures: Any, steps: list[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not steps:
        yield (), figures
        return
    if not isinstance(figures, Mapping):
        return
    step, *rest = steps
    if step.startswith("{"):
        for name, inner in list(figures.items()):
            for labels, found in _at(inner, rest):
                yield (name, *labels), found
    elif step in figures:
        yield from _at(figures[step], rest)
