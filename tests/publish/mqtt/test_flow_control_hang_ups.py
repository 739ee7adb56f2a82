"""A broker that hangs up instead of refusing: whatever it forbids, the alerts arrive, and what it is about is named."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mqtt_helpers import alert, box, until
from raw_broker import PUBLISH, SUBSCRIBE, Packet, RawBroker

from edge.messages import Source, Summary
from edge.publish import Publisher
from edge.run_registry import started

BUS = "emvas/depot/bus-1"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.publish.mqtt.client._JITTER", (0.05, 0.05))
    monkeypatch.setattr("edge.publish.mqtt.flow_control.SILENT_S", 0.2)
    monkeypatch.setattr("edge.publish.reports._HEAR_FIRST_S", 0.1)


def forbids(kind: int, end: str) -> Callable[[Packet], bool]:
    return lambda heard: heard.kind == kind and heard.topic.endswith(end)


def run(
    broker: RawBroker, folder: Path, done: Callable[[], bool], told: Callable[[Publisher], object] | None = None
) -> Publisher:
    """A box with alerts, summaries and all that is optional, until `done`; closed then."""
    out = Publisher(box(broker.port, home_assistant=True), folder / "outbox.db", started("boot", time.time()))
    for number in range(30):
        out.write(alert(number))
        if number % 10 == 5:
            out.write(Summary(9.0, 0.0, 9.0, {}, None, 0.03, {}, 0.9))
    out.write(Source(0.1, "camera", "ok"))
    out.start()
    try:
        until(lambda: done() and (told is None or bool(told(out))), 40)
    finally:
        out.stop()
    return out


@pytest.mark.parametrize(
    ("kind", "end", "name", "v5"),
    [
        (PUBLISH, "/config", "homeassistant/device/emvas_depot_bus-1/config", True),
        (PUBLISH, "/state", f"{BUS}/main/state", False),
        (PUBLISH, "/status", f"{BUS}/status", True),
        (PUBLISH, "/health", f"{BUS}/health", False),
        (SUBSCRIBE, "/request/+", f"a subscription to {BUS}/request/+", True),
        (SUBSCRIBE, "/bus-1/status", f"a subscription to {BUS}/status", False),
        (PUBLISH, "/summary", f"messages on {BUS}/main/summary", True),
        (PUBLISH, "/summary", f"messages on {BUS}/main/summary", False),
    ],
)
def test_whatever_is_forbidden_every_alert_arrives_once_and_it_is_named(
    kind: int, end: str, name: str, v5: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RawBroker(v5=v5, hangs_up=forbids(kind, end)).running() as broker:
        words: list[str] = []

        def told(out: Publisher) -> bool:
            words.extend(f"{word.source} {word.state}: {word.detail}" for word in out.take_reports(1.0))
            return f"hangs up on {name}" in caplog.text + "".join(words)

        out = run(broker, tmp_path, lambda: len(set(broker.taken("/alert"))) >= 30, told)
        assert len(set(broker.taken("/alert"))) == 30
        if end == "/summary":
            assert out.health().outbox.rows == 3, "they wait for a broker that takes them"
            assert [word.partition(":")[0] for word in words] == ["delivery lost"]
        else:
            assert len(set(broker.taken("/summary"))) == 3
    assert (caplog.text + "".join(words)).count(f"hangs up on {name}") == 1
    assert caplog.text.count("ends each connection") <= 1
    assert broker.connections <= 8


def test_what_is_allowed_again_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.publish.mqtt.flow_control._FIRST_WAIT_S", 1.0)
    with RawBroker(hangs_up=forbids(PUBLISH, "/summary")).running() as broker:

        def done() -> bool:
            if len(set(broker.taken("/alert"))) == 30:
                broker.hangs_up = lambda _: False
            return len(set(broker.taken("/summary"))) == 3

        out = run(broker, tmp_path, done)
        assert out.health().outbox.rows == 0
        assert len(broker.taken("/summary")) == 3


def test_one_message_that_a_broker_cannot_take_bars_no_other_of_its_topic(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monster = lambda heard: heard.topic.endswith("/alert") and b"alert-0007" in heard.payload  # noqa: E731
    with RawBroker(hangs_up=monster).running() as broker:
        done = lambda: len(set(broker.taken("/alert"))) == 29 and len(broker.taken("/summary")) >= 3  # noqa: E731
        out = run(broker, tmp_path, done)
        assert out.health().outbox.rows == 1
    assert caplog.text.count(f"hangs up on message {BUS}/main/alert #9") == 1


def test_a_message_larger_than_the_broker_takes_waits_and_bars_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limit = b"\x27\0\0\x04\0"  # 1024 bytes: too few for the announcement of a device
    with RawBroker(limits=limit, hangs_up=lambda heard: len(heard.payload) > 1024).running() as broker:
        run(broker, tmp_path, lambda: len(broker.taken("/alert")) == 30 and bool(broker.taken("/state")))
        assert broker.connections == 1
        assert broker.taken("/config") == []
    assert "homeassistant/device/emvas_depot_bus-1/config needs" in caplog.text
    assert "Maximum Packet Size" in caplog.text


def test_no_more_is_in_flight_than_a_broker_takes_the_last_word_included(tmp_path: Path) -> None:
    asked, ends = threading.Event(), threading.Event()

    def stuck_when_the_box_ends(heard: Packet) -> bool:
        if heard.kind == PUBLISH and heard.topic.endswith("/status") and not asked.is_set():  # `state` comes behind it
            asked.set()
            ends.wait(10.0)
            time.sleep(0.4)
        return False

    def done() -> bool:
        if asked.is_set():
            ends.set()
        return ends.is_set()

    with RawBroker(limits=b"\x21\0\2", slow_s=0.02, hangs_up=stuck_when_the_box_ends).running() as broker:
        run(broker, tmp_path, done)
        until(lambda: b"stopped" in b"".join(broker.taken("/status")[-1:]))
    assert broker.most_unanswered <= 2


def test_a_line_that_breaks_again_and_again_costs_alerts_no_more_than_seconds(tmp_path: Path) -> None:
    """A bad network is no broker that hangs up: what was taken once in between is under no suspicion."""
    count = [0]

    def drops(heard: Packet) -> bool:
        count[0] += heard.topic.endswith("/alert")
        return heard.topic.endswith("/alert") and count[0] in {5, 10, 15, 20}

    with RawBroker(hangs_up=drops).running() as broker:
        began_s = time.monotonic()
        run(broker, tmp_path, lambda: len(set(broker.taken("/alert"))) == 30)
        assert time.monotonic() - began_s < 25.0


def test_a_connection_that_is_lost_and_made_anew_while_the_box_writes_its_disk_keeps_the_order(tmp_path: Path) -> None:
    """What was on its way over the lost one goes first over the new one, though the publisher has not heard of it."""
    writing = threading.Event()

    def drops(heard: Packet) -> bool:
        if broker.connections > 1 or not (heard.topic.endswith("/alert") and b"alert-0005" in heard.payload):
            return False
        return writing.wait(10.0)

    with RawBroker(hangs_up=drops).running() as broker:
        out = Publisher(box(broker.port), tmp_path / "outbox.db", started("boot", time.time()))
        settle = out._sender.settle

        def slow_settle(at_once: bool = False) -> None:
            if out._sender._in_flight and not writing.is_set():
                writing.set()
                until(lambda: broker.connections == 2 and out._client.connected)
                for number in range(20, 30):
                    out.write(alert(number))
            settle(at_once)

        out._sender.settle = slow_settle  # type: ignore[method-assign]
        for number in range(20):
            out.write(alert(number))
        out.start()
        until(lambda: len(set(broker.taken("/alert"))) == 30)
        out.stop()
    numbers = [json.loads(payload)["seq"] for payload in broker.taken("/alert")]
    assert list(dict.fromkeys(numbers)) == list(range(1, 31))


def test_an_alert_of_now_is_out_before_a_long_backlog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.publish.outbox.sender.SHORT_BACKLOG", 100)
    with RawBroker().running() as broker:
        before = Publisher(box(broker.port), tmp_path / "outbox.db", started("before", time.time()))
        for number in range(500):
            before.write(alert(number))
        before._outbox.close()
        out = Publisher(box(broker.port), tmp_path / "outbox.db", started("now", time.time()))
        out.start()
        until(lambda: len(broker.taken("/alert")) >= 20)
        out.write(alert(5000))
        asked_s = time.monotonic()
        until(lambda: any(b"alert-5000" in payload for payload in broker.taken("/alert")), 5)
        assert time.monotonic() - asked_s < 1.0
        assert out.health().outbox.rows > 350, "the backlog follows at its rate"
        out.stop()
