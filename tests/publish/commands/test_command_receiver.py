"""Whatever comes on a request topic or stands in a configuration: an answer, never a crash, never less safety.

`make proof-commands` runs this with 10,000 orders to either box and 10,000 configurations.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mqtt_helpers import START_WALL_S

from edge.alerts.condition import KINDS
from edge.client.box_messages import BoxMessage, read
from edge.config import Config, ConfigError, load_config
from edge.config.constants import ALERTS, FATIGUE
from edge.config.delivery import HARMLESS, OPS
from edge.publish import Publisher
from edge.publish.commands.idempotency_log import IdempotencyLog
from edge.publish.commands.receiver import MOST_REQUESTS, WITHIN_S, CommandReceiver
from edge.publish.commands.requests import REQUESTS
from edge.publish.mqtt.packets import Received
from edge.publish.topics import Address
from edge.run_registry import started
from edge.runtime.commands import CommandHandler
from edge.runtime.decision_stages import DecisionStages
from edge.runtime.event_queue import CommandEvent
from edge.runtime.live import LiveRunner

EXAMPLES = int(os.environ.get("EMVAS_EXAMPLES", "160"))
CONFIGURATIONS = int(os.environ.get("EMVAS_EXAMPLES", "40"))
"""Making and reading one takes ten times as long as an order."""
ROOT = Path(__file__).parents[3]
PROOF = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["microsleep", "drowsiness", "camera", "fatigue.perclos_warning", "alerts.cooldown_s", "x"])
    | st.floats(0, 700)
)  # fmt: skip
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({field for model in REQUESTS.values() for field in model.model_fields})
ORDERS = st.dictionaries(st.sampled_from(FIELDS), LEAF, max_size=5).map(lambda order: json.dumps(order).encode())
SETTINGS = [*(f"fatigue.{key}" for key in FATIGUE), "affect.alerts_per_hour", "alerts.cooldown_s"]
LIKELY = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([*KINDS, "x"]),
        "seconds": st.floats(1, 600) | st.floats(-10, 2000) | st.integers(-10, 2000),
        "id": st.sampled_from(["a", ""]),
        "setting": st.sampled_from(SETTINGS),
        "value": st.floats(0, 1) | st.floats(-1, 400),
        "source": st.sampled_from(["camera", "microphone", "x"]),
    },
    optional={"transaction": st.sampled_from("ab") | st.from_regex(r"\A[ -~]{1,64}\Z"), "stray": LEAF},
)
PAYLOADS = st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()) | ORDERS
WHOLE = {op: set(model.model_fields) for op, model in REQUESTS.items()}


@st.composite
def likely(draw: st.DrawFn) -> tuple[str, bytes]:
    """An order with the fields that its op knows, so that many of them are carried out."""
    op = draw(st.sampled_from(OPS))
    return op, json.dumps({k: v for k, v in draw(LIKELY).items() if k in WHOLE[op] | {"stray"}}).encode()


def config(allow: list[str]) -> Config:
    return Config.model_validate(
        {
            "purpose": "driver-safety",
            "box": {"site": "depot", "id": "bus-1"},
            "mqtt": {"host": "127.0.0.1"},
            "commands": {"allow": allow},
        }
    )


class Box:
    """The desk and the judgement of a box, without threads: what is ordered is done at once."""

    def __init__(self, folder: Path, allow: list[str]) -> None:
        self.config, self.now_s = config(allow), 0.0
        self.publisher = Publisher(self.config, folder / "outbox.db", started("boot", START_WALL_S))
        self.decisions = DecisionStages(self.config, "boot")
        runner = cast(LiveRunner, SimpleNamespace(decisions=self.decisions, command=self._order, captures=[]))
        self.handler = CommandHandler(self.config, runner, cast(Any, None), self.publisher, lambda: self.now_s)
        answered = IdempotencyLog(folder / "desk.db")
        self.desk = CommandReceiver(
            "emvas", self.config.box, "boot", self.config.commands.allow, lambda: None, answered
        )
        self.desk.execute = self.handler

    def _order(self, order: CommandEvent) -> bool:
        self.handler.carry_out(order)
        return True

    def send(self, op: str, payload: bytes, **more: Any) -> list[dict[str, Any]]:
        self.now_s += WITHIN_S / MOST_REQUESTS
        event = Received(f"emvas/depot/bus-1/request/{op}", payload, False, **more)
        self.desk.take(event, Address("depot", "bus-1", "request", op), self.now_s)
        answers = self.desk.answers()
        for answer in answers:
            assert answer.path.startswith("emvas/depot/bus-1/response/")
            assert not set(answer.path) & set("+#")
            body = read(Received(answer.path, answer.payload.encode(), False), "emvas")
            assert isinstance(body, BoxMessage) or answer.path.count("/") > 4, body  # below one's own response topic
        return [json.loads(answer.payload) for answer in answers]


@pytest.fixture(scope="module")
def open_box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    return Box(tmp_path_factory.mktemp("open"), [op for op in OPS if op != "self_test"])


@pytest.fixture(scope="module")
def shut_box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    return Box(tmp_path_factory.mktemp("shut"), [op for op in HARMLESS if op != "self_test"])


def answered(answers: list[dict[str, Any]]) -> dict[str, Any]:
    (answer,) = answers
    assert (answer["status"] == "ok") == (answer["error"] is None)
    return answer


def test_retained_oversized_and_too_many_orders_are_counted_and_not_answered(tmp_path: Path) -> None:
    box = Box(tmp_path, ["report"])
    path, address = "emvas/depot/bus-1/request/report", Address("depot", "bus-1", "request", "report")
    box.desk.take(Received(path, b"{}", True), address, 0.0)
    box.desk.take(Received(path, b" " * 5000, False), address, 0.0)
    for _ in range(MOST_REQUESTS + 3):
        box.desk.take(Received(path, b"{}", False), address, 0.0)
    assert len(box.desk.answers()) == MOST_REQUESTS
    assert box.desk.figures.model_dump() == {"done": MOST_REQUESTS, "refused": 0, "ignored": 5}
    box.desk.take(Received(path, b"{}", False), address, WITHIN_S)
    assert len(box.desk.answers()) == 1


@PROOF
@given(
    order=likely() | st.tuples(st.sampled_from(OPS) | st.text(max_size=12), PAYLOADS),
    topic=st.none() | st.text(max_size=40) | st.just("emvas/depot/bus-1/main/alert"),
    correlation=st.none() | st.binary(max_size=400),
)
def test_whatever_is_asked_is_answered_and_nothing_critical_is_touched(
    open_box: Box, order: tuple[str, bytes], topic: str | None, correlation: bytes | None
) -> None:
    answered(open_box.send(*order, response_topic=topic, correlation=correlation))
    box = open_box
    assert all(KINDS[kind].snoozable for kind in box.decisions.snoozed_s)
    longest_s = box.config.alerts.most_snooze_s
    assert all(until_s <= box.now_s + longest_s for until_s in box.decisions.snoozed_s.values())
    fatigue, alerts = box.decisions._fatigue.part, box.decisions._engine._config
    assert fatigue is not None
    movable = {"perclos_advisory", "perclos_warning", "perclos_180_warning"}
    for key, row in FATIGUE.items():
        value = getattr(fatigue._config, key)
        assert row.low <= value <= row.high
        assert key in movable or value == row.value, key
    assert ALERTS["cooldown_s"].low <= alerts.cooldown_s <= ALERTS["cooldown_s"].high
    assert alerts.model_copy(update={"cooldown_s": 45.0}) == box.config.alerts


@PROOF
@given(order=likely() | st.tuples(st.sampled_from(OPS), PAYLOADS))
def test_without_being_named_in_the_configuration_no_order_moves_anything(
    shut_box: Box, order: tuple[str, bytes]
) -> None:
    answer = answered(shut_box.send(*order))
    assert answer["status"] == "error" or answer["op"] in HARMLESS
    fatigue = shut_box.decisions._fatigue.part
    assert fatigue is not None
    assert fatigue._config == shut_box.config.fatigue
    assert shut_box.decisions._engine._config == shut_box.config.alerts
    assert shut_box.decisions.snoozed_s == {}


BUS = yaml.safe_load((ROOT / "configs" / "bus-cab.yaml").read_text(encoding="utf-8"))
SECTIONS = [key for key, value in BUS.items() if isinstance(value, dict)]
PLACES = [(key,) for key in BUS] + [(section, key) for section in SECTIONS for key in BUS[section]]


@settings(PROOF, max_examples=CONFIGURATIONS)
@given(
    changes=st.lists(st.tuples(st.sampled_from([*PLACES, ("commands",), ("commands", "allow")]), JSON), max_size=3),
    allow=st.none() | st.lists(st.sampled_from(OPS) | LEAF, max_size=3),
)
def test_whatever_stands_in_a_configuration_is_refused_in_words_or_within_the_bounds(
    tmp_path: Path, changes: list[tuple[tuple[str, ...], Any]], allow: list[Any] | None
) -> None:
    content = json.loads(json.dumps(BUS))
    if allow is not None:
        content["commands"] = {"allow": allow}
    for place, value in changes:
        inner = content
        for part in place[:-1]:
            inner = inner.setdefault(part, {}) if isinstance(inner, dict) else {}
        if isinstance(inner, dict):
            inner[place[-1]] = value
    path = tmp_path / "box.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    try:
        read_back = load_config(path)
    except ConfigError as error:
        assert str(error).startswith(f"{path}:")
        return
    assert set(read_back.commands.allow) <= set(OPS)
    assert all(row.low <= getattr(read_back.fatigue, key) <= row.high for key, row in FATIGUE.items())
    assert all(row.low <= getattr(read_back.alerts, key) <= row.high for key, row in ALERTS.items())
