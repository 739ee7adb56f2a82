"""A box's own `status`: another's word is put right, and a second box of the same name is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from mqtt_helpers import START_WALL_S, Subscriber, box, free_port, mosquitto, needs_mosquitto, until
from raw_broker import Packet, RawBroker, publish

from edge.publish import Publisher
from edge.publish.mqtt.packets import Publication
from edge.publish.reports import Presence
from edge.run_registry import started

STATUS = "emvas/depot/bus-1/status"


def word(state: str, boot: str, seq: int) -> bytes:
    return json.dumps({"state": state, "boot": boot, "seq": seq}).encode()


def presence() -> Presence:
    return Presence("ours", lambda number: Publication(STATUS, word("online", "ours", number).decode(), 1, True))


def due(of: Presence, now_s: float) -> Any:
    said = of.due(now_s)
    return None if said is None else json.loads(said.payload)


def test_a_first_connection_is_said_at_once_and_a_later_one_after_it_has_listened() -> None:
    ours = presence()
    ours.begin(1, 0.0)
    assert due(ours, 0.0)["seq"] == 1
    assert due(ours, 0.1) is None
    ours.begin(2, 10.0)
    assert due(ours, 10.0) is None
    assert due(ours, 11.0)["seq"] == 2


@pytest.mark.parametrize(
    "foreign",
    [
        word("offline", "before", 3),
        word("offline", "ours", 1),
        word("online", "theirs", 1),
        b"",
        b"[1]",
        b"{",
        b"[" * 9999,
    ],
)
def test_another_s_word_is_put_right_and_not_more_often_than_it_helps(foreign: bytes) -> None:
    ours = presence()
    ours.begin(2, 0.0)
    assert due(ours, 0.0)
    ours.received(word("online", "ours", 2), 1.0)
    assert due(ours, 1.0) is None, "its own echo"
    for tenth in range(100):
        ours.received(foreign, 1.0 + tenth / 10)
    said = [due(ours, 1.0 + tenth / 10) for tenth in range(200)]
    assert sum(each is not None for each in said) == 1


def test_a_late_will_of_the_run_before_is_no_other_box_but_a_second_word_is() -> None:
    ours = presence()
    ours.begin(1, 0.0)
    for state in ("online", "offline"):
        ours.received(word(state, "before", 9), 0.5)
    assert not ours.is_shared, "what the broker kept for this name while the box was away"
    ours.received(word("online", "ours", 1), 0.9)
    ours.received(word("offline", "before", 9), 1.0)
    assert not ours.is_shared
    ours.received(word("offline", "theirs", 4), 9.0)
    assert ours.is_shared
    ours.received(word("online", "theirs", 5), 12.0)
    assert not ours.is_shared, "said once"


@needs_mosquitto
def test_a_foreign_word_that_a_broker_retains_is_put_right(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port, paho.MQTTv5) as heard:
        out = Publisher(box(port), tmp_path / "outbox.db", started("ours", START_WALL_S))
        out.start()
        until(lambda: bool(heard.on("status")))
        heard._client.publish(STATUS, word("offline", "before", 7), 1, retain=True)
        until(lambda: [said["state"] for said in heard.on("status")] == ["online", "offline", "online"])
        with Subscriber(port, paho.MQTTv5) as later:
            until(lambda: bool(later.on("status")))
            assert later.on("status")[0]["boot"] == "ours"
        out.stop()


def test_two_boxes_with_one_id_are_named_where_the_broker_gives_no_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The other took the connection over and said `online`; its word is what the broker has when the box is back."""
    monkeypatch.setattr("edge.publish.mqtt.client._JITTER", (0.05, 0.05))
    broker = RawBroker(v5=False)
    broker.hangs_up = lambda heard: broker.connections < 4 and heard.topic.endswith("/info")

    def echo(heard: Packet, v5: bool) -> bytes:
        return publish(STATUS.encode(), heard.payload, v5) if heard.topic == STATUS else b""

    def retained(topic: str, v5: bool) -> bytes:
        theirs = topic == STATUS and broker.connections > 2
        return publish(STATUS.encode(), word("offline", "theirs", 1), v5, retained=True) if theirs else b""

    broker.after_publish, broker.after_subscribe = echo, retained
    with broker.running():
        out = Publisher(box(broker.port), tmp_path / "outbox.db", started("ours", START_WALL_S))
        out.start()
        until(lambda: "two boxes have the same box.site and box.id" in caplog.text, 20)
        out.stop()
    assert caplog.text.count("two boxes have the same") == 1
