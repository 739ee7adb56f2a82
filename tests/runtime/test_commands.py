"""Orders to a live box over a real Mosquitto: done once, answered, bounded, never silencing what is critical."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from empty_bundle import make_empty_bundle
from http_camera import HttpCamera
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.config.delivery import OPS
from edge.messages import Alert, Fatigue, Level
from edge.publish import Publisher
from edge.publish.commands.requests import CommandRequest
from edge.run_registry import RunClock
from edge.runtime.commands import CommandHandler
from edge.runtime.event_queue import CommandEvent
from edge.runtime.live import LiveRunner

pytestmark = needs_mosquitto
REQUEST = "emvas/depot/bus-1/request"


class Desk:
    """Somebody who gives orders and hears the answers, over MQTT 5."""

    def __init__(self, heard: Subscriber, runner: LiveRunner) -> None:
        self.heard, self.runner = heard, runner

    def send(self, op: str, payload: Any, retain: bool = False, **properties: Any) -> None:
        said = Properties(PacketTypes.PUBLISH)
        for name, value in properties.items():
            setattr(said, name, value)
        body = payload if isinstance(payload, bytes) else json.dumps(payload)
        self.heard._client.publish(f"{REQUEST}/{op}", body, 1, retain, said)

    def answers(self, transaction: str | None) -> list[dict[str, Any]]:
        responses = [a.payload for a in self.heard.arrivals if "/response/" in a.path]
        return [payload for payload in responses if payload["transaction"] == transaction]

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        transaction = f"t{len(self.heard.arrivals)}-{time.monotonic_ns()}"
        self.send(op, {"transaction": transaction, **fields})
        until(lambda: bool(self.answers(transaction)))
        return self.answers(transaction)[0]

    def error(self, op: str, **fields: Any) -> str:
        answer = self.ask(op, **fields)
        assert answer["status"] == "error"
        return str(answer["error"])

    def state(self) -> dict[str, Any]:
        return self.heard.on("state")[-1]

    def judge(self, call: Callable[[], list[Any]]) -> list[Any]:
        """Have something done in the judging thread, as the box's own stages do, and return what was told."""
        done: list[list[Any]] = []

        def work(_order: CommandEvent) -> list[Any]:
            done.append(call())
            return done[0]

        before, self.runner.carry_out = self.runner.carry_out, work
        assert self.runner.command(CommandEvent(CommandRequest(), lambda _: None))
        until(lambda: bool(done))
        self.runner.carry_out = before
        return done[0]


@contextlib.contextmanager
def box(folder: Path, purpose: str = "driver-safety", **commands: Any) -> Iterator[Desk]:
    """A live box with a real camera over HTTP and a broker."""
    port, stop, clock = free_port(), threading.Event(), RunClock("boot")
    with contextlib.ExitStack() as stack:
        stack.enter_context(mosquitto(folder, port))
        heard = stack.enter_context(Subscriber(port, paho.MQTTv5))
        camera = stack.enter_context(HttpCamera())
        off = {"fatigue": {"enabled": False}, "speech": {"transcribe": False}} if "class" in purpose else {}
        config = Config.model_validate(
            {
                "purpose": purpose,
                "box": {"site": "depot", "id": "bus-1"},
                "camera": {"uri": camera.uri},
                "microphone": {"device": None},
                "mqtt": {"host": "127.0.0.1", "port": port},
                "commands": commands,
                **off,
            }
        )
        bundle = Bundle(make_empty_bundle(folder / "bundle"))
        runner = LiveRunner(bundle, config, "boot", clock)
        publisher = Publisher(config, folder / "outbox.db", clock.start)
        publisher.take_commands(CommandHandler(config, runner, bundle, publisher, clock.now_s))
        publisher.start()
        thread = threading.Thread(target=runner.run, args=([publisher], stop, lambda _: None), daemon=True)
        thread.start()
        until(lambda: runner.health.frames > 0 and bool(heard.on("status")))
        try:
            yield Desk(heard, runner)
        finally:
            stop.set()
            thread.join(10)
            publisher.stop()


def drowsy(t_s: float, level: Level, cause: str) -> Fatigue:
    return Fatigue(t_s, 1, level, 0.3, 0.3, 1.0, (cause,))


def test_a_box_reports_on_demand_and_restarts_its_camera_once_a_minute(tmp_path: Path) -> None:
    with box(tmp_path) as desk:
        report = desk.ask("report")["data"]
        assert report["health"]["readings"] is not None
        assert report["summary"]["valid_ratio"] == 0.0
        assert desk.ask("self_test")["data"]["passed"] is True
        assert desk.ask("restart_source", source="camera")["status"] == "ok"
        until(lambda: [a["type"] for a in desk.heard.on("alert")] == ["new", "end"])
        assert "it was told to start anew" in desk.heard.on("alert")[0]["evidence"]["detail"]
        assert "less than a minute ago" in desk.error("restart_source", source="camera")
        assert desk.error("restart_source", source="microphone") == "source: this box has none"
        assert desk.error("restart_source", source="engine").startswith("source: ")


def test_what_could_silence_an_alert_is_off_unless_the_configuration_names_it(tmp_path: Path) -> None:
    with box(tmp_path) as desk:
        for op, fields in {
            "snooze": {"kind": "drowsiness", "seconds": 60},
            "acknowledge": {"id": "x"},
            "sensitivity": {"setting": "alerts.cooldown_s", "value": 300},
        }.items():
            assert "is switched off" in desk.error(op, **fields)


def test_a_snooze_holds_back_what_is_not_critical_and_stands_in_the_state(tmp_path: Path) -> None:
    with box(tmp_path, allow=list(OPS)) as desk:
        judgement, now_s = desk.runner.decisions, desk.runner._clock.now_s
        assert desk.ask("snooze", kind="drowsiness", seconds=600)["status"] == "ok"
        until(lambda: bool(desk.heard.on("state")) and "drowsiness" in desk.state()["snoozed_until"])
        step = judgement._engine.step
        assert desk.judge(lambda: step(drowsy(now_s(), Level.WARNING, "perclos_warning"))) == []
        (told,) = desk.judge(lambda: step(drowsy(now_s(), Level.CRITICAL, "perclos_critical")))
        assert isinstance(told, Alert)
        assert told.level is Level.CRITICAL
        assert desk.ask("acknowledge", id=told.id)["status"] == "ok"
        assert "id: no open alert" in desk.error("acknowledge", id="another")
        for fields, words in (
            ({"kind": "microsleep", "seconds": 60}, "kind: microsleep cannot be snoozed"),
            ({"kind": "drowsiness", "seconds": 601}, "seconds: "),
            ({"kind": "drowsiness", "seconds": -1}, "seconds: "),
            ({"kind": "group_mood", "seconds": 60}, "kind: group_mood is never raised"),
            ({"kind": "nonsense", "seconds": 60}, "kind: nonsense is no kind"),
            ({"kind": "drowsiness"}, "seconds: Field required"),
            ({"kind": "drowsiness", "seconds": "60"}, "seconds: Input should be a valid number"),
        ):
            assert desk.error("snooze", **fields).startswith(words)


def test_sensitivity_moves_within_the_bounds_of_the_configuration_only(tmp_path: Path) -> None:
    with box(tmp_path, allow=["sensitivity"]) as desk:
        policy = desk.runner.decisions._fatigue.part
        assert policy is not None
        done = desk.ask("sensitivity", setting="fatigue.perclos_warning", value=0.13)
        assert done["data"] == {"setting": "fatigue.perclos_warning", "before": 0.15, "value": 0.13}
        until(lambda: desk.state()["sensitivity"] == {"fatigue.perclos_warning": 0.13})
        assert policy._config.perclos_warning == 0.13
        assert desk.error("sensitivity", setting="fatigue.perclos_warning", value=0.9).startswith("value: ")
        assert desk.error("sensitivity", setting="fatigue.microsleep_s", value=1.9).startswith("setting: ")
        assert policy._config.perclos_warning == 0.13


def test_a_repeated_order_is_answered_again_and_not_done_again(tmp_path: Path) -> None:
    with box(tmp_path, allow=["snooze"]) as desk:
        order = {"transaction": "once", "kind": "drowsiness", "seconds": 60}
        for _ in range(3):
            desk.send("snooze", order)
        until(lambda: len(desk.answers("once")) == 3)
        assert len({json.dumps(answer) for answer in desk.answers("once")}) == 1
        until_s = desk.runner.decisions.snoozed_s["drowsiness"]
        desk.send("snooze", order | {"seconds": 90})
        until(lambda: len(desk.answers("once")) == 4)
        assert desk.answers("once")[3]["error"].startswith("transaction: ")
        assert desk.runner.decisions.snoozed_s["drowsiness"] == until_s


def test_mqtt_5_asks_where_to_answer_and_nobody_writes_as_the_box(tmp_path: Path) -> None:
    with box(tmp_path) as desk:
        below = "emvas/depot/bus-1/response/report/dispatch-7"
        desk.send("report", {"transaction": "a"}, ResponseTopic=below, CorrelationData=b"\x00\x07")
        until(lambda: bool(desk.answers("a")))
        desk.send("report", {"transaction": "b"}, ResponseTopic="emvas/depot/bus-1/main/alert")
        until(lambda: bool(desk.answers("b")))
        arrived = {a.payload["transaction"]: a for a in desk.heard.arrivals if "/response/" in a.path}
        assert arrived["a"].path == below
        assert arrived["a"].properties["CorrelationData"] == b"\x00\x07"
        assert arrived["b"].path == "emvas/depot/bus-1/response/report"
        assert desk.heard.on("alert") == []


def test_oversized_and_too_many_orders_are_not_even_answered(tmp_path: Path) -> None:
    with box(tmp_path) as desk:
        desk.send("report", {"transaction": "big", "x": "y" * 5000})
        for number in range(40):
            desk.send("nothing", {"transaction": f"n{number}"})
        until(lambda: bool(desk.answers("n9")))
        time.sleep(0.5)
        assert not desk.answers("big")
        assert not desk.answers("n10")
        assert desk.answers("n0")[0]["error"].startswith("op: there is none of this name")


def test_a_classroom_is_not_asked_about_drivers(tmp_path: Path) -> None:
    with box(tmp_path, "classroom-wellbeing", allow=list(OPS)) as desk:
        assert desk.error("sensitivity", setting="fatigue.perclos_warning", value=0.13).startswith("setting: ")
        assert desk.error("snooze", kind="drowsiness", seconds=60).startswith("kind: ")
        report = desk.ask("report")["data"]["summary"]
        assert (report["perclos"], report["emotions"], report["valid_ratio"]) == (None, {}, 0.0)


def test_what_is_no_order_gets_an_error_and_the_box_goes_on(tmp_path: Path) -> None:
    spoilt = [b"\xff\xfe", b"[1]", b"{", b'{"transaction": "\\ud800"}', b"[" * 4000, b"nan"]
    with box(tmp_path) as desk:
        for payload in spoilt:
            desk.send("report", payload)
        until(lambda: len(desk.answers(None)) == len(spoilt))
        assert all(answer["error"].startswith("payload: ") for answer in desk.answers(None))
        assert desk.ask("report")["status"] == "ok"
