"""The page's line to a box, over a real Mosquitto."""

from __future__ import annotations

from pathlib import Path

import pytest
from mqtt_helpers import box, free_port, mosquitto, needs_mosquitto, until

from edge.config import Config
from edge.config.delivery import CommandsConfig
from edge.dashboard.box_link import BoxLink
from edge.messages import Summary
from edge.publish import Publisher
from edge.publish.commands.receiver import Answer, Outcome
from edge.publish.commands.requests import Command
from edge.run_registry import started

pytestmark = needs_mosquitto
SO_FAR = Summary(60.0, 0.0, 60.0, {}, None, None, {}, 1.0)


def config(port: int, *allow: str) -> Config:
    return box(port).model_copy(update={"commands": CommandsConfig.model_validate({"allow": allow})})


def test_it_hears_the_box_and_is_answered(tmp_path: Path) -> None:
    port = free_port()
    asked: list[Command] = []

    def execute(command: Command, answer: Answer) -> None:
        asked.append(command)
        data = (
            publisher.report(SO_FAR).model_dump(mode="json", by_alias=True)
            if command.op == "report"
            else {"done": True}
        )
        answer(Outcome(data=data))

    settings = config(port, "report", "snooze", "acknowledge")
    with mosquitto(tmp_path, port):
        publisher = Publisher(settings, tmp_path / "outbox.db", started("b", 1.7e9))
        publisher.take_commands(execute)
        publisher.start()
        until(lambda: publisher._client.connected)
        link = BoxLink(settings)
        link.start()
        until(lambda: link.newest("info") is not None and link.newest("health") is not None)
        answer = link.send_command("snooze", kind="drowsiness", seconds=60.0)
        assert answer is not None
        assert answer.result(10)["data"] == {"done": True}
        assert asked[-1].request.model_dump(exclude={"transaction"}) == {"kind": "drowsiness", "seconds": 60.0}
        publisher.stop()
        until(lambda: (word := link.newest("status")) is not None and word.payload["state"] == "stopped")
        link.stop()


def test_without_a_broker_nothing_is_ordered_and_the_reason_is_told(tmp_path: Path) -> None:
    link = BoxLink(config(free_port(), "acknowledge"))
    link.start()
    assert link.send_command("acknowledge", id="a") is None
    until(lambda: link.error != "")
    assert not link.connected
    link.stop()


def test_only_what_the_configuration_allows_is_sent() -> None:
    link = BoxLink(config(free_port(), "report"))
    assert link.ops == ()
    with pytest.raises(ValueError, match="not allowed"):
        link.send_command("snooze", kind="drowsiness", seconds=60.0)


def test_a_box_of_which_nothing_is_heard_is_said_and_one_that_speaks_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.dashboard.box_link._SILENT_S", 0.3)
    port = free_port()
    with mosquitto(tmp_path, port):
        link = BoxLink(config(port))
        link.start()
        until(lambda: link.connected)
        assert not link.is_silent, "not at once"
        until(lambda: link.is_silent)
        assert link.place == "emvas/depot/bus-1"
        publisher = Publisher(config(port), tmp_path / "outbox.db", started("b", 1.7e9))
        publisher.start()
        until(lambda: not link.is_silent)
        publisher.stop()
        link.stop()


def test_a_broker_that_lets_the_page_hear_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.dashboard.box_link._SILENT_S", 0.3)
    port, rules = free_port(), tmp_path / "acl"
    rules.write_text("topic write emvas/#\n")
    with mosquitto(tmp_path, port, f"allow_anonymous true\nacl_file {rules}\n"):
        link = BoxLink(config(port))
        link.start()
        publisher = Publisher(config(port), tmp_path / "outbox.db", started("b", 1.7e9))
        publisher.start()
        until(lambda: publisher._client.connected and link.is_silent)
        publisher.stop()
        link.stop()
