"""What was carried out is not carried out again after a restart, whatever becomes of the file that tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mqtt_helpers import START_WALL_S, Subscriber, box, free_port, mosquitto, needs_mosquitto, until

from edge.publish import Publisher
from edge.publish.commands.idempotency_log import REMEMBERED, CompletedCommand, IdempotencyLog
from edge.publish.commands.receiver import Answer, CommandReceiver, Outcome
from edge.publish.commands.requests import Command, read_request
from edge.publish.mqtt.packets import Received
from edge.publish.publisher import COMMANDS_FILE
from edge.publish.topics import Address
from edge.run_registry import started


def publisher(port: int, folder: Path, boot: str, carried_out: list[Command]) -> Publisher:
    out = Publisher(box(port), folder / "outbox.db", started(boot, START_WALL_S))

    def execute(command: Command, answer: Answer) -> None:
        carried_out.append(command)
        answer(Outcome({"number": len(carried_out)}))

    out.take_commands(execute)
    return out


def ask(heard: Subscriber, op: str, order: dict[str, Any]) -> dict[str, Any]:
    """Say an order once and wait for its answer."""
    before = len(heard.on(op))
    heard._client.publish(f"emvas/depot/bus-1/request/{op}", json.dumps(order), 1)
    until(lambda: len(heard.on(op)) > before, 30)
    return heard.on(op)[-1]


@needs_mosquitto
def test_an_order_said_again_after_a_restart_is_answered_again_and_not_done_again(tmp_path: Path) -> None:
    port, done = free_port(), list[Command]()
    order = {"transaction": "d-17", "source": "camera"}
    with mosquitto(tmp_path, port), Subscriber(port) as heard:
        for run, boot in enumerate(("boot-1", "boot-2"), 1):
            out = publisher(port, tmp_path, boot, done)
            out.start()
            until(lambda run=run: len(heard.on("health")) == run, 30)  # type: ignore[misc]
            answer = ask(heard, "restart_source", order)
            assert (answer["status"], answer["data"]) == ("ok", {"number": 1})
            assert answer["boot"] == "boot-1", "the run that did it"
            other = ask(heard, "restart_source", order | {"source": "microphone"})
            assert "has named another command" in other["error"]
            assert ask(heard, "report", {"transaction": "r"})["boot"] == boot, "a report tells of now"
            out.stop()
    assert [command.op for command in done] == ["restart_source", "report", "report"]


def order(number: int) -> Command:
    return read_request("restart_source", json.dumps({"transaction": f"t{number}", "source": "camera"}).encode())


def test_the_last_are_kept_and_no_more(tmp_path: Path) -> None:
    kept = IdempotencyLog(tmp_path / "orders.db")
    for number in range(REMEMBERED + 20):
        kept.keep(CompletedCommand(order(number), {"number": number}, "boot-1"))
        if number % 50 == 0:
            kept.save()
    kept.save()
    kept.close()
    again = IdempotencyLog(tmp_path / "orders.db")
    assert again.load() == [CompletedCommand(order(n), {"number": n}, "boot-1") for n in range(20, REMEMBERED + 20)]
    assert again._database.read("SELECT count(*) FROM answered") == [(REMEMBERED,)]


def said(desk: CommandReceiver, number: int, now_s: float) -> dict[str, Any]:
    payload = order(number).request.model_dump_json().encode()
    path = "emvas/depot/bus-1/request/restart_source"
    desk.take(Received(path, payload, False), Address("depot", "bus-1", "request", "restart_source"), now_s)
    (answer,) = desk.answers()
    return json.loads(answer.payload)  # type: ignore[no-any-return]


def desk_with(answered: IdempotencyLog, done: list[Command]) -> CommandReceiver:
    desk = CommandReceiver("emvas", box(1).box, "boot-1", ["restart_source"], lambda: None, answered)

    def execute(command: Command, answer: Answer) -> None:
        done.append(command)
        answer(Outcome({}))

    desk.execute = execute
    return desk


def test_a_disk_that_takes_nothing_stops_no_order_and_gets_them_when_it_can(tmp_path: Path) -> None:
    (tmp_path / COMMANDS_FILE).mkdir()  # no database can be opened there
    answered, done = IdempotencyLog(tmp_path / COMMANDS_FILE), list[Command]()
    desk = desk_with(answered, done)
    for number in range(3):
        assert said(desk, number, 10.0 * number)["status"] == "ok"
    assert said(desk, 1, 40.0)["status"] == "ok"
    assert len(done) == 3, "in memory they are remembered all the same"
    (told,) = answered.take_reports(1.0)
    assert (told.source, told.state) == ("orders", "lost")
    (tmp_path / COMMANDS_FILE).rmdir()
    assert desk.answers() == []
    assert [source.state for source in answered.take_reports(2.0)] == ["ok"]
    assert [item.command for item in IdempotencyLog(tmp_path / COMMANDS_FILE).load()] == [order(n) for n in range(3)]


@pytest.mark.parametrize(
    "damage", [b"no database at all" * 400, None], ids=["not a database", "rows that do not fit together"]
)
def test_a_damaged_file_stops_no_order(tmp_path: Path, damage: bytes | None) -> None:
    path, done = tmp_path / COMMANDS_FILE, list[Command]()
    before = IdempotencyLog(path)
    desk = desk_with(before, done)
    assert said(desk, 1, 0.0)["status"] == said(desk, 2, 1.0)["status"] == "ok"
    if damage is None:
        before._database.write(
            lambda connection: connection.execute("UPDATE answered SET data = '{' WHERE name = 't1'")
        )
    before.close()
    if damage is not None:
        path.write_bytes(damage)
    answered = IdempotencyLog(path)
    desk = desk_with(answered, done)
    for number in (1, 2, 3):
        assert said(desk, number, 10.0 * number)["status"] == "ok"
    assert len(done) == (5 if damage else 4), "what the file no longer tells is done again, the rest is not"
    answered.close()
    assert {item.command.request.transaction for item in IdempotencyLog(path).load()} == {"t1", "t2", "t3"}
