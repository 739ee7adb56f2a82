from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from edge.cli.terminal import TerminalSink
from edge.config.purpose import ALLOWANCES, Purpose
from edge.messages import Alert, Face, Level, Message, Source, Transcript
from edge.runtime.sinks import JsonlSink, LogSink, Outlet
from edge.runtime.supervision import Supervision


class Kept(list[Message]):
    write = list.append


WORDS = Transcript(1.0, 0.0, 1.0, "你好", "zh", 0.9)


def test_a_line_is_the_record_in_the_order_of_the_contract(tmp_path: Path) -> None:
    with JsonlSink(tmp_path / "a.jsonl") as sink:
        sink.write(WORDS)
        sink.write(Face(1 / 3, 1, (0, 1, 2, 3)))
    first, second = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert (
        first
        == '{"kind":"transcript","t_s":1.0,"start_s":0.0,"end_s":1.0,"text":"你好","language":"zh","confidence":0.9}'
    )
    assert list(json.loads(second))[:3] == ["kind", "t_s", "track"]
    assert json.loads(second)["t_s"] == 0.3333


def test_an_unfinished_file_never_bears_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("from before\n")
    with pytest.raises(KeyboardInterrupt), JsonlSink(path) as sink:
        sink.write(WORDS)
        raise KeyboardInterrupt
    assert path.read_text() == "from before\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_sink_gets_only_what_the_purpose_permits(purpose: Purpose) -> None:
    one, two = Kept(), Kept()
    allowance = ALLOWANCES[purpose]
    Outlet([one, two], allowance).write([WORDS, Source(0.0, "camera", "lost"), Face(0.0, 1, expression={"happy": 1.0})])
    assert one == two
    assert any(isinstance(message, Transcript) for message in one) is allowance.words
    assert any(isinstance(message, Source) for message in one)
    faces = [message for message in one if isinstance(message, Face)]
    assert bool(faces) is allowance.per_person
    assert all((face.expression is not None) is allowance.person_emotions for face in faces)


def test_the_first_sink_has_everything_before_the_next_has_anything() -> None:
    """A sound must not wait for the disk of an outbox, be it only for the message before."""
    order: list[str] = []

    class Noting:
        def __init__(self, name: str) -> None:
            self._name = name

        def write(self, message: Message) -> None:
            order.append(f"{self._name} {message.t_s:g}")

    messages = [Source(1.0, "camera", "lost"), Source(2.0, "camera", "ok")]
    Outlet([Noting("warner"), Noting("outbox")], ALLOWANCES[Purpose.DRIVER_SAFETY]).write(messages)
    assert order == ["warner 1", "warner 2", "outbox 1", "outbox 2"]


def test_the_terminal_shows_alerts_and_words_and_leaves_faces_out() -> None:
    text = io.StringIO()
    sink = TerminalSink(Console(file=text, width=100))
    for message in (Face(0.0), WORDS, Alert(2.0, "x", "new", "microsleep", Level.CRITICAL, 0.0, 1.5)):
        sink.write(message)
    lines = text.getvalue().splitlines()
    assert len(lines) == 2
    assert "你好" in lines[0]
    assert "microsleep" in lines[1]
    assert "critical" in lines[1]


def test_the_log_gets_alerts_and_sources_with_fields_and_nothing_of_what_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    sink = LogSink()
    sink.write(WORDS)
    sink.write(Face(1.0, 1, (0, 1, 2, 3)))
    sink.write(Alert(2.0, "a-1", "new", "microsleep", Level.CRITICAL, 0.5, 1.5, {"track": 1}))
    sink.write(Source(3.0, "camera", "lost", "rtsp://u:S3cret@cam/ cannot be read"))
    assert caplog.messages == [
        "alert microsleep new critical after 1.5 s",
        "camera lost rtsp://***@cam/ cannot be read",
    ]
    alert, source = caplog.records
    assert (vars(alert)["emvas_kind"], vars(alert)["emvas_level"], vars(alert)["emvas_id"]) == (
        "microsleep", "critical", "a-1",
    )  # fmt: skip
    assert (source.levelname, vars(source)["emvas_source"]) == ("WARNING", "camera")


@pytest.mark.parametrize("error", [OSError(30, "Read-only file system"), RuntimeError("a fault")])
def test_a_sink_that_raises_is_lost_and_the_others_get_every_message(error: Exception) -> None:
    class Broken:
        def write(self, message: Message) -> None:
            raise error

    said: list[Source] = []
    before, after = Kept(), Kept()
    outlet = Outlet([before, Broken(), after], ALLOWANCES[Purpose.DRIVER_SAFETY], Supervision(said.append))
    alerts = [Alert(t_s, "a", "new", "microsleep", Level.CRITICAL, 0.0, 1.5) for t_s in (1.0, 2.0, 3.0, 4.0, 5.0)]
    outlet.write(alerts)
    assert before == after == alerts
    assert [(source.source, source.state) for source in said] == [("broken", "lost")]
