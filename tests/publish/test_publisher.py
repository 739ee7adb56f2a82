"""The publisher against the broker of the demonstration: topics, order, retained words, the will, a kill."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mqtt_helpers import START_WALL_S, Subscriber, alert, box, free_port, until

from demo.broker import LocalBroker
from edge.messages import Blink, Fatigue, Level, Source, Summary, TripFigures
from edge.publish import Publisher
from edge.run_registry import started

HELPERS = Path(__file__).parents[1] / "helpers"


def publisher(port: int, folder: Path, boot: str = "boot-1", **mqtt: object) -> Publisher:
    return Publisher(box(port, **mqtt), folder / "outbox.db", started(boot, START_WALL_S))


def test_a_box_comes_up_speaks_and_goes(tmp_path: Path) -> None:
    with LocalBroker() as broker, Subscriber(broker.port) as heard:
        out = publisher(broker.port, tmp_path)
        out.describe({"bundle": "default 1", "providers": {"vad": "CPUExecutionProvider"}})
        out.measure({"fps": 29.7})
        out.start()
        out.write(alert(1))
        out.write(Blink(1.0, 1, 0.8, 1.0, 200.0, 0.9, 4.0))
        trip = TripFigures(0.0, 1800.0, 21.4, {"microsleep": 2}, {"microsleep": "critical"}, 0.93)
        out.write(Summary(9.0, 0.0, 9.0, {}, None, 0.03, {"microsleep": 1}, 0.9, trip=trip))
        until(lambda: bool(heard.on("summary") and heard.on("health")))
        out.stop()
        until(lambda: len(heard.on("status")) == 2)
    assert {arrival.path for arrival in heard.arrivals} == {
        "emvas/depot/bus-1/status",
        "emvas/depot/bus-1/info",
        "emvas/depot/bus-1/health",
        "emvas/depot/bus-1/main/alert",
        "emvas/depot/bus-1/main/state",
        "emvas/depot/bus-1/main/summary",
    }
    online, stopped = heard.on("status")
    assert (online["state"], stopped["state"]) == ("online", "stopped")
    assert heard.on("info")[0]["providers"] == {"vad": "CPUExecutionProvider"}
    assert heard.on("health")[0]["readings"] == {"fps": 29.7}
    (raised,) = heard.on("alert")
    assert raised["start"] == "2023-11-14T22:13:19.400Z"
    assert (raised["id"], raised["type"], raised["duration_ms"]) == ("alert-0001", "new", 1600)
    assert raised["historical"] is False
    assert heard.on("summary")[0]["seq"] == raised["seq"] + 1
    told = heard.on("summary")[0]["trip"]
    assert (told["length_s"], told["distance_km"], told["alerts_per_hour"]) == (1800.0, 21.4, 4.0)
    assert (told["gravest_level"], told["judged_ratio"], told["alerts"]) == ("critical", 0.93, {"microsleep": 2})
    assert told["start"] == "2023-11-14T22:13:20.000Z"
    assert [state["level"] for state in heard.on("state")] == [None], "what the run before said holds no longer"


def test_what_was_raised_without_a_broker_arrives_later_in_order_and_says_so(tmp_path: Path) -> None:
    port = free_port()
    alone = publisher(port, tmp_path)
    alone.start()
    for number in range(50):
        alone.write(alert(number))
    alone.stop()
    with LocalBroker(port) as broker, Subscriber(broker.port) as heard:
        later = publisher(port, tmp_path, "boot-2")
        later.write(alert(50))
        later.start()
        until(lambda: len(heard.alert_ids()) == 51)
        later.stop()
    alerts = heard.on("alert")
    assert heard.alert_ids() == [f"alert-{number:04d}" for number in range(51)]
    assert [payload["seq"] for payload in alerts] == list(range(1, 52))
    assert [payload["historical"] for payload in alerts] == [True] * 50 + [False]
    assert {payload["boot"] for payload in alerts[:50]} == {"boot-1"}


def test_nothing_waits_for_a_broker_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    out = publisher(free_port(), tmp_path)
    out.start()
    started = time.monotonic()
    for number in range(20):
        out.write(alert(number))
        out.write(Fatigue(number, 1, Level(number % 4), 0.1, 0.1, 1.0))
    assert time.monotonic() - started < 2.0  # twenty commits to the disk, no network
    until(lambda: "No broker answers at 127.0.0.1" in caplog.text)
    out.stop()


_CHILD = """
import sys, time
from pathlib import Path
from mqtt_helpers import alert, box
from edge.publish import Publisher
from edge.run_registry import started
out = Publisher(box(int(sys.argv[1])), Path(sys.argv[2]), started("boot-child", 1_700_000_000.0))
out.start()
for number in range(100_000):
    out.write(alert(number))
    print(number, flush=True)
    time.sleep(0.005)
"""


def test_a_box_killed_in_mid_sentence_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    with LocalBroker() as broker, Subscriber(broker.port) as heard:
        command = [sys.executable, "-c", _CHILD, str(broker.port), str(tmp_path / "outbox.db")]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HELPERS)
        assert child.stdout is not None
        until(lambda: len(heard.alert_ids()) >= 20)
        child.send_signal(signal.SIGKILL)
        raised = [f"alert-{int(line):04d}" for line in child.stdout]
        child.wait()
        until(lambda: any(payload["state"] == "offline" for payload in heard.on("status")))
        online, offline = heard.on("status")[0], heard.on("status")[-1]
        assert (offline["boot"], offline["seq"]) == (online["boot"], online["seq"]) == ("boot-child", online["seq"])
        again = publisher(broker.port, tmp_path, "boot-2")
        again.start()
        until(lambda: set(raised) <= set(heard.alert_ids()))
        again.stop()
    assert heard.alert_ids()[: len(raised)] == raised


def test_the_state_is_told_when_it_changes_and_kept_for_whoever_comes_later(tmp_path: Path) -> None:
    with LocalBroker() as broker:
        out = publisher(broker.port, tmp_path)
        out.start()
        for second in range(5):
            out.write(Fatigue(float(second), 1, Level.NONE, 0.02, 0.02, 1.0))
        out.write(Fatigue(5.0, 1, Level.WARNING, 0.2, 0.11, 0.95, ("perclos_warning",)))
        out.write(Source(6.0, "microphone", "lost", "unplugged"))
        with Subscriber(broker.port) as heard:
            until(lambda: any(state["inputs"] for state in heard.on("state")) and bool(heard.on("status")))
            out.stop()
    state = next(found for found in heard.arrivals if found.path.endswith("/state") and found.payload["inputs"])
    assert state.payload["level"] == "warning"
    assert state.payload["causes"] == ["perclos_warning"]
    assert state.payload["since"] == "2023-11-14T22:13:25.000Z"
    assert state.payload["inputs"] == {"microphone": "lost"}
    assert state.payload["troubles"] == {"microphone": "unplugged"}


def test_mqtt_5_is_tried_first_and_3_1_1_taken_where_it_is_all_there_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with LocalBroker() as broker:
        out = publisher(broker.port, tmp_path)
        out.start()
        until(lambda: "with MQTT 3.1.1" in caplog.text, seconds=2.0)
        out.stop()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
