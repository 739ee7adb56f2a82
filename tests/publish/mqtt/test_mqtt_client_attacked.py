"""What a broker may send to break a client: it is a lost link that comes back, never a silent one."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from mqtt_helpers import alert, box, until
from pydantic import ValidationError
from raw_broker import CONNECT, PUBLISH, RawBroker, packet, publish
from test_mqtt_client import first, running

from edge.config import ConfigError, load_config
from edge.config.delivery import MqttConfig
from edge.publish import Publisher
from edge.publish.mqtt import connection
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.connection import LARGEST_PACKET_BYTES
from edge.publish.mqtt.packets import Connected, Disconnected, Limits, Received
from edge.run_registry import started

_MAXIMUM_PACKET_SIZE = 0x27
_BAD_TOPIC = publish(b"emvas/\xff/request/x", b"{}", True)
_BAD_PROPERTIES = packet(PUBLISH, b"\0\1a\3\xff\xff\xff")
_HUGE = bytes([PUBLISH << 4]) + b"\xff\xff\xff\x7f" + b"\0\1a\0"


def link_to(broker: RawBroker) -> MqttClient:
    return MqttClient(MqttConfig(host="127.0.0.1", port=broker.port), "client", subscribe=["emvas/#"])


@pytest.mark.parametrize("bytes_", [_BAD_TOPIC, _BAD_PROPERTIES, _HUGE], ids=["topic", "properties", "huge"])
def test_what_cannot_be_read_is_a_lost_link_that_comes_back_and_hears(bytes_: bytes) -> None:
    broker = RawBroker()
    broker.after_subscribe = lambda _topic, v5: bytes_ if broker.connections == 1 else publish(b"emvas/a", b"{}", v5)
    with broker.running(), running(link_to(broker)) as link:
        said = first(link, Disconnected).sentence
        assert "sent what cannot be read" in said or "was lost" in said
        assert first(link, Connected).connection == 2
        assert first(link, Received).path == "emvas/a"
        assert link.broken is None


def test_with_mqtt_5_the_broker_is_told_what_is_too_large() -> None:
    with RawBroker().running() as broker, running(link_to(broker)) as link:
        first(link, Connected)
        (connect,) = [heard for heard in broker.hears if heard.kind == CONNECT]
    assert bytes([_MAXIMUM_PACKET_SIZE]) + struct.pack("!I", LARGEST_PACKET_BYTES) in connect.properties


def test_an_order_that_is_too_large_costs_no_memory_with_mqtt_3_1_1() -> None:
    megabytes, sent = b"x" * (1 << 20), []

    def bomb(_topic: str, _v5: bool) -> bytes:
        sent.append(1)
        return bytes([PUBLISH << 4]) + b"\xff\xff\xff\x7f" + b"\0\1a" + megabytes if len(sent) == 1 else b""

    with RawBroker(after_subscribe=bomb, v5=False).running() as broker, running(link_to(broker)) as link:
        assert f"{LARGEST_PACKET_BYTES} are the most" in first(link, Disconnected).sentence
        first(link, Connected)


@pytest.mark.parametrize("code", [b"\x24\0", b"\x25\0"], ids=["max_qos 0", "no retain"])
def test_a_broker_that_cannot_do_what_a_box_needs_is_told_what_it_must_allow(
    code: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RawBroker(limits=code).running() as broker:
        out = Publisher(box(broker.port), tmp_path / "outbox.db", started("boot", 0.0))
        out.start()
        out.write(alert(1))
        until(lambda: "it must allow" in caplog.text)
        out.stop()
    assert ("takes no QoS 1" if code[0] == 0x24 else "retains nothing") in caplog.text
    assert broker.taken("/alert") == [], "an alert that is not acknowledged would be lost unseen"


def test_the_limits_of_a_broker_are_read() -> None:
    said = b"\x21" + struct.pack("!H", 7) + bytes([_MAXIMUM_PACKET_SIZE]) + struct.pack("!I", 4096)
    with RawBroker(limits=said).running() as broker, running(link_to(broker)) as link:
        assert first(link, Connected).limits == Limits(4096, 7)


def test_connections_that_die_at_once_are_tried_with_growing_waits_and_told_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.publish.mqtt.client._JITTER", (0.2, 0.2))
    broker = RawBroker()
    broker.hangs_up = lambda heard: heard.kind != CONNECT
    with broker.running(), running(link_to(broker)) as link:
        time.sleep(3.5)
        waiting = []
        while not link.events.empty():
            waiting.append(link.events.get())
    sentences = [event.sentence for event in waiting if isinstance(event, Disconnected)]
    assert len(sentences) == 2
    assert "was lost" in sentences[0]
    assert "ends each connection soon after it stands" in sentences[1]
    assert "box.id" in sentences[1]
    assert 4 <= broker.connections <= 6, "at 0, 0.2, 0.6, 1.4, 2.2 and 3.0 s"


def test_who_does_not_take_what_it_hears_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_WAITING", 50)
    flood = lambda _topic, v5: publish(b"emvas/a", b"{}", v5) * 500  # noqa: E731
    with RawBroker(after_subscribe=flood).running() as broker, running(link_to(broker)) as link:
        until(lambda: link.events.qsize() >= 50)
        time.sleep(0.5)
        assert link.events.qsize() <= 51
        heard = [first(link, Received) for _ in range(500)]
    assert len(heard) == 500


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "host",
    [
        f"mqtt://bus:{SECRET}@broker",
        f"bus:{SECRET}@broker",
        f"{SECRET} broker",
        f"broker/{SECRET}",
        f"broker?{SECRET}",
        f"broker:1883#{SECRET}",
        f" {SECRET}",
    ],
)
def test_a_host_that_is_more_than_a_host_is_refused_without_an_echo(host: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="only the broker's name or address") as refused:
        MqttConfig(host=host)
    (tmp_path / "box.yaml").write_text(f"purpose: driver-safety\nmqtt:\n  host: '{host}'\n")
    with pytest.raises(ConfigError, match=r"box.yaml:3: `mqtt.host`: only the broker's name") as told:
        load_config(tmp_path / "box.yaml")
    assert SECRET not in str(refused.value) + str(told.value)


@pytest.mark.parametrize("host", ["localhost", "10.0.0.2", "::1", "fe80::1%eth0", "broker.example", "bus_net-1"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert MqttConfig(host=host).host == host
