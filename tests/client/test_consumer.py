"""A backend's consumers on a real Mosquitto and a real PostgreSQL."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from mqtt_helpers import START_WALL_S, alert, box, free_port, mosquitto, needs_mosquitto

from benchmarks.delivery.fleet_database import trial
from benchmarks.delivery.postgresql import programs
from edge.client.consumer import Consumer
from edge.publish import Publisher
from edge.publish.payloads import AlertPayload
from edge.run_registry import started

pytestmark = needs_mosquitto
needs_postgresql = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed: apt install postgresql")


def ids(consumer: Consumer, seconds: float, settle: bool) -> list[str]:
    found = []
    for batch in consumer.batches(seconds):
        found += [message.body.id for message in batch.messages if isinstance(message.body, AlertPayload)]
        if settle:
            batch.settle()
    return found


def test_what_a_consumer_has_not_settled_comes_again_and_what_it_has_does_not(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port):
        with Consumer("127.0.0.1", port=port, name="one", group="g") as consumer:
            ids(consumer, 1.0, settle=True)  # its session begins
        out = Publisher(box(port), tmp_path / "outbox.db", started("run", START_WALL_S))
        out.start()
        for number in range(3):
            out.write(alert(number))
        with Consumer("127.0.0.1", port=port, name="one", group="g") as consumer:
            first = ids(consumer, 3.0, settle=False)
        with Consumer("127.0.0.1", port=port, name="one", group="g") as consumer:
            again = ids(consumer, 3.0, settle=True)
        with Consumer("127.0.0.1", port=port, name="one", group="g") as consumer:
            after = ids(consumer, 1.0, settle=True)
        out.stop()
    assert first == again == [f"alert-{number:04d}" for number in range(3)]
    assert after == []


def test_two_of_a_group_share_and_one_without_a_group_hears_all(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port):
        names = [("one", "g"), ("two", "g"), ("other", None)]
        consumers = [Consumer("127.0.0.1", port=port, name=name, group=group) for name, group in names]
        for consumer in consumers:
            consumer.__enter__()
        time.sleep(1.0)
        out = Publisher(box(port), tmp_path / "outbox.db", started("run", START_WALL_S))
        out.start()
        for number in range(10):
            out.write(alert(number))
        one, two, other = (ids(consumer, 2.0, settle=True) for consumer in consumers)
        out.stop()
        for consumer in consumers:
            consumer.__exit__()
    assert len(one) + len(two) == len(other) == len({*one, *two}) == 10
    assert one and two


@pytest.mark.parametrize(("name", "group"), [("", "g"), ("n", ""), ("n", "a/b"), ("n", "#")])
def test_a_name_that_cannot_work_is_refused(name: str, group: str) -> None:
    with pytest.raises(ValueError, match="a name and a group"):
        Consumer("localhost", name=name, group=group)


@needs_postgresql
def test_every_alert_is_written_once_though_consumers_and_broker_are_killed() -> None:
    found = trial(boxes=6, rounds=4)
    assert found.missing == 0, found
    assert found.stored == found.raised
    assert (found.consumers_killed, found.broker_killed) == (2, 2)
    assert {"dispatch-1", "dispatch-2"} <= found.by_consumer.keys(), "both work"
