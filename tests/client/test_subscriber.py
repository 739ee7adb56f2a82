"""The backend's library on a real Mosquitto, through restarts of box, broker and backend."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
from mqtt_helpers import START_WALL_S, alert, box, free_port, mosquitto, needs_mosquitto, until
from paho.mqtt.enums import CallbackAPIVersion

from edge.client.box_messages import BoxMessage, UnknownMessage
from edge.client.subscriber import Subscriber
from edge.config.delivery import MqttConfig
from edge.publish import Publisher
from edge.publish.mqtt.packets import Connected
from edge.publish.payloads import AlertPayload
from edge.run_registry import started

pytestmark = needs_mosquitto
DURABLE = "allow_anonymous true\npersistence true\nautosave_interval 1\nautosave_on_changes true\n"


def publisher(port: int, folder: Path, boot: str) -> Publisher:
    out = Publisher(box(port), folder / "outbox.db", started(boot, START_WALL_S))
    out.start()
    return out


class Backend(threading.Thread):
    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(daemon=True)
        self.subscriber = subscriber
        self.heard: list[BoxMessage[AlertPayload]] = []
        self.start()

    def run(self) -> None:
        for item in self.subscriber.alerts():
            self.heard.append(item)

    def ids(self) -> list[str]:
        return [item.body.id for item in self.heard]


def listening(inbox: Subscriber) -> Backend:
    """A backend that hears already."""
    assert any(isinstance(item, Connected) for item in inbox.items(10))
    time.sleep(0.3)  # until the broker has its subscription
    return Backend(inbox)


def test_a_backend_gets_each_alert_once_and_in_order_through_restarts_of_box_and_broker(tmp_path: Path) -> None:
    port = free_port()
    durable = f"{DURABLE}persistence_location {tmp_path}/\n"
    with Subscriber("127.0.0.1", port=port, client_id="dispatch", keep_s=600) as inbox:
        with mosquitto(tmp_path, port, durable) as broker:
            backend = listening(inbox)
            first = publisher(port, tmp_path, "boot-1")
            first.write(alert(0))
            until(lambda: len(backend.heard) == 1)
            for number in range(1, 20):
                first.write(alert(number))
            broker.kill()
            broker.wait()
        for number in range(20, 30):
            first.write(alert(number))
        first.stop()
        with mosquitto(tmp_path, port, durable):
            second = publisher(port, tmp_path, "boot-2")
            second.write(alert(30))
            until(lambda: len(backend.heard) >= 31, 20)
            second.stop()
        inbox.stop()
        backend.join(5)
    assert backend.ids() == [f"alert-{number:04d}" for number in range(31)]
    assert [item.body.seq for item in backend.heard] == list(range(1, 32))
    assert not any(item.late for item in backend.heard)
    assert {item.address.box for item in backend.heard} == {"bus-1"}


def test_the_example_of_the_document_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    port = free_port()
    assert "port=1883" in example
    with mosquitto(tmp_path, port):
        program = example.replace("port=1883", f"port={port}").replace("seconds=60", "seconds=2")
        backend = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        out = publisher(port, tmp_path, "boot-1")
        for number in range(300):  # it takes a while to start
            if backend.poll() is not None:
                break
            out.write(alert(number))
            time.sleep(0.1)
        said, _ = backend.communicate(timeout=20)
        out.stop()
    assert backend.returncode == 0
    assert "depot bus-1 microsleep critical 2023-11-14T22:" in said


def test_what_comes_while_a_backend_is_away_waits_for_it_at_the_broker(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port):
        out = publisher(port, tmp_path, "boot-1")
        with Subscriber("127.0.0.1", port=port, client_id="dispatch", keep_s=600) as inbox:
            backend = listening(inbox)
            out.write(alert(0))
            until(lambda: len(backend.heard) == 1)
        backend.join(5)
        out.write(alert(1))
        with Subscriber("127.0.0.1", port=port, client_id="dispatch", keep_s=600) as inbox:
            again = Backend(inbox)
            until(lambda: again.ids() == ["alert-0001"])
        again.join(5)
        out.stop()


def test_repetitions_are_heard_once_gaps_are_told_and_strangers_are_no_crash(tmp_path: Path) -> None:
    port = free_port()
    path = "emvas/depot/bus-1/main/alert"
    with mosquitto(tmp_path, port), Subscriber(MqttConfig(host="127.0.0.1", port=port)) as inbox:
        stranger = paho.Client(CallbackAPIVersion.VERSION2)
        stranger.connect("127.0.0.1", port)
        stranger.loop_start()
        said = []
        items = inbox.items(10)
        assert any(isinstance(item, Connected) for item in items)
        time.sleep(0.3)
        out = publisher(port, tmp_path, "boot-1")
        out.write(alert(0))
        for item in items:
            if isinstance(item, BoxMessage) and isinstance(item.body, AlertPayload):
                payload = json.loads(item.event.payload)
                break
        out.stop()
        for seq in (1, 2, 2, 1, 3, 6, 5, 9):
            stranger.publish(path, json.dumps(payload | {"seq": seq}), 1)
        stranger.publish(path, b"\xff", 1)
        stranger.publish(path, json.dumps(payload | {"schema": 2}), 1)
        for item in items:
            if isinstance(item, BoxMessage) and isinstance(item.body, AlertPayload):
                said.append(str(item.body.seq))
            elif isinstance(item, UnknownMessage):
                said.append(item.why.split(":")[0])
            elif type(item).__name__ == "Gap":
                said.append(f"{item.first}-{item.last}")  # type: ignore[union-attr]
            if "9" in said:
                break
        stranger.disconnect()
        stranger.loop_stop()
    assert said == ["2", "3", "payload", "schema", "4-4", "5", "6", "7-8", "9"]
