from pathlib import Path

import pytest
from mqtt_helpers import START_WALL_S, alert, box
from rich.text import Text

from demo.broker import LocalBroker
from demo.subscriber import Subscriber, SubscriberError
from edge.publish.publisher import Publisher
from edge.run_registry import started


def test_what_the_box_publishes_is_shown_and_kept(tmp_path: Path) -> None:
    lines: list[Text] = []
    with LocalBroker() as broker:
        config = box(broker.port)
        assert config.mqtt is not None
        with Subscriber(config.mqtt, lines.append) as subscriber:
            publisher = Publisher(config, tmp_path / "outbox.db", started("session", START_WALL_S))
            publisher.start()
            publisher.write(alert(7))
            subscriber.wait_for(1, 10.0)
            publisher.stop()
            assert [payload["id"] for payload in subscriber.alerts()] == ["alert-0007"]
    assert any("microsleep new" in line.plain for line in lines)


def test_no_broker_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.subscriber._CONNECT_S", 1.5)
    config = box(1).mqtt
    assert config is not None
    with pytest.raises(SubscriberError, match="no MQTT subscription"), Subscriber(config, lambda _: None):
        raise AssertionError("there is no broker to connect to")
