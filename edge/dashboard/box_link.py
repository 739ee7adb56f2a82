"""The link of the page to its box: reports over MQTT, their figures, permitted commands, `/healthz` over HTTP.

Fields of a report may be missing or unknown: other versions of the box differ.
"""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from edge.config import Config
from edge.config.delivery import HealthConfig, Op
from edge.i18n.texts import Labels, read_sentence
from edge.publish.mqtt.client import GuardedThread, MqttClient
from edge.publish.mqtt.packets import Connected, Disconnected, Publication, Received, SubscriptionDenied
from edge.publish.topics import TOPICS, address_of, path_of

_HTTP_TIMEOUT_S = 2.0
_STATES = frozenset({"ok", "degraded", "unhealthy"})
_REPORTS = ("status", "info", "state", "health")
PAGE_OPS: tuple[Op, ...] = ("acknowledge", "snooze")
"""The commands for which the page has buttons."""
PATIENCE_S = 5.0
"""How long the page waits for the answer of the box to a command."""
_SILENT_S = 5.0
"""Retained messages arrive well within this time."""

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReceivedPayload:
    """The newest payload of one topic, and its arrival (monotonic seconds)."""

    payload: Payload
    came_s: float

    @property
    def age_s(self) -> float:
        """Time since arrival; a retained payload may be much older."""
        return time.monotonic() - self.came_s


class BoxLink:
    """The connection of the page to the broker, open from `start` to `stop`; thread-safe."""

    def __init__(self, config: Config) -> None:
        """`config` must have a section `mqtt`."""
        if config.mqtt is None:
            raise ValueError("the configuration has no section `mqtt`: there is no broker")
        self.broker = f"{config.mqtt.host}:{config.mqtt.port}"
        self.ops = tuple(op for op in PAGE_OPS if op in config.commands.allow)
        self.snooze_s = min(600.0, config.alerts.most_snooze_s)
        self.error = ""
        """Why there is no connection, if known."""
        self._base, self._box = config.mqtt.base, config.box
        paths = [path_of(name, self._base, self._box) for name in _REPORTS]
        self._may_report = "report" in config.commands.allow
        answered = [op for op in (*PAGE_OPS, "report") if op in config.commands.allow]
        paths += [path_of("response", self._base, self._box, op) for op in answered]
        self._client = MqttClient(config.mqtt, "", subscribe=paths)
        self._newest: dict[str, ReceivedPayload] = {}
        self._open: dict[str, Future[Payload]] = {}
        self.place = f"{self._base}/{self._box.site}/{self._box.id}"
        self._connected_s: float | None = None
        self._thread = GuardedThread(self._run, "box-link")

    def start(self) -> None:
        """Start to connect; returns immediately."""
        self._client.start()
        self._thread.start()

    def stop(self) -> None:
        """End the connection."""
        self._client.stop()

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._client.connected

    @property
    def is_silent(self) -> bool:
        """Whether the broker is connected but has no retained message of the box."""
        since_s = self._connected_s
        return self.connected and since_s is not None and not self._newest and time.monotonic() - since_s > _SILENT_S

    def newest(self, name: str) -> ReceivedPayload | None:
        """The newest payload of a topic, by its name in the table of topics."""
        return self._newest.get(name)

    def send_command(self, op: Op, **fields: str | float) -> Future[Payload] | None:
        """Send a command to the box; the future holds its answer. None without a connection to the broker.

        Raises:
            ValueError: the configuration does not allow it.
        """
        if op not in self.ops and not (op == "report" and self._may_report):
            raise ValueError(f"{op} is not allowed by commands.allow")
        transaction = f"dashboard-{uuid.uuid4().hex}"
        answer: Future[Payload] = Future()
        self._open = {name: future for name, future in self._open.items() if not future.done()}
        self._open[transaction] = answer
        topic = TOPICS["request"]
        body = json.dumps({"transaction": transaction, **fields})
        path = path_of("request", self._base, self._box, op)
        sent = self._client.publish(Publication(path, body, topic.qos, topic.retained, topic.expiry_s))
        if sent is None:
            del self._open[transaction]
            return None
        return answer

    def _run(self) -> None:
        while True:
            event = self._client.events.get()
            if isinstance(event, Disconnected | SubscriptionDenied):
                self.error = event.sentence
            elif isinstance(event, Connected):
                self.error, self._connected_s = "", time.monotonic()
                self._ask_health()
            elif isinstance(event, Received):
                self._take(event)

    def _ask_health(self) -> None:
        """Ask for a health report after connecting, if allowed: the box sends one only every 30 s."""
        answer = self.send_command("report") if self._may_report else None
        if answer is not None:
            answer.add_done_callback(self._take_report)

    def _take_report(self, answer: Future[Payload]) -> None:
        data = answer.result().get("data")
        health = data.get("health") if isinstance(data, dict) else None
        if isinstance(health, dict):
            self._newest["health"] = ReceivedPayload(health, time.monotonic())

    def _take(self, event: Received) -> None:
        address = address_of(event.path, self._base)
        try:
            payload = json.loads(event.payload)
        except (ValueError, RecursionError):  # from another client: the box sends JSON only
            return
        if address is None or not isinstance(payload, dict):
            return
        if address.name != "response":
            self._newest[address.name] = ReceivedPayload(payload, time.monotonic())
            return
        waiting = self._open.pop(str(payload.get("transaction")), None)
        if waiting is not None and waiting.set_running_or_notify_cancel():
            waiting.set_result(payload)


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """The answer of `/healthz`; `state` is None without an answer."""

    address: str
    state: str | None
    reasons: tuple[str, ...] = ()


def ask_health(config: HealthConfig) -> HealthAnswer | None:
    """Ask `/healthz` of the box; None without a configured port, or if its address is not loopback."""
    if config.port is None or not config.is_loopback:
        return None
    address = f"{config.host}:{config.port}"
    connection = http.client.HTTPConnection(config.host, config.port, timeout=_HTTP_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return HealthAnswer(address, None)
    finally:
        connection.close()
    if not isinstance(answer, dict) or answer.get("state") not in _STATES:  # another program uses the port
        return HealthAnswer(address, None)
    reasons = answer.get("reasons")
    if not isinstance(reasons, list):
        return HealthAnswer(address, str(answer["state"]))
    codes = answer.get("reason_codes")
    codes = codes if isinstance(codes, list) and len(codes) == len(reasons) else [None] * len(reasons)
    return HealthAnswer(address, str(answer["state"]), tuple(map(read_sentence, map(str, reasons), codes)))


_FRESH_S = 65.0
"""The box reports every 30 s; one report may be lost."""
_SHOWN_ELSEWHERE = frozenset({"schema", "boot", "readings", "stages"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Figures of one stage."""

    name: str
    figures: tuple[str, str, str]
    """Calls, mean and worst time in ms."""


def fresh(report: ReceivedPayload) -> bool:
    """Whether a health report is recent."""
    return report.age_s <= _FRESH_S


def figures(health: Payload) -> list[tuple[str, str]]:
    """Name and value of all figures except stages; names of nested figures are joined by dots."""
    flat = {**health, **_part(health, "readings")}
    return list(_leaves("", {name: value for name, value in flat.items() if name not in _SHOWN_ELSEWHERE}))


def figure_name(key: str, labels: Labels) -> str:
    """Label of a figure: of the whole key if the catalogue has it, else word by word."""
    whole = labels(key, "")
    return whole or " · ".join(labels(part, part.replace("_", " ")) for part in key.split("."))


def figure(health: Payload, *path: str) -> str | None:
    """One figure as text, by its path; None if it is missing."""
    found: object = {**health, **_part(health, "readings")}
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return None if found is None or isinstance(found, Mapping) else _text(found)


def stages(health: Payload) -> list[Stage]:
    """The stages, slowest first."""
    found = _part(_part(health, "readings"), "stages")
    rows = [(name, _part(found, name)) for name in found]
    rows.sort(key=lambda row: -mean if isinstance(mean := row[1].get("mean_ms"), (int, float)) else 0.0)
    return [Stage(name, (_text(s.get("calls")), _text(s.get("mean_ms")), _text(s.get("worst_ms")))) for name, s in rows]


def _part(values: Payload, name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def _leaves(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(f"{prefix}{name}.", value)
        elif value is not None:
            yield f"{prefix}{name}", _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–" if value is None else str(value)
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:.1f}"
