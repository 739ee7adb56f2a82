"""`emvas listen`: readable lines of everything a box says, and no crash on what others say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from mqtt_helpers import alert, box, free_port

from demo.broker import LocalBroker
from edge.cli.listen import Filter, _json_line, listen
from edge.cli.message_format import line_of
from edge.client.box_messages import UnknownMessage, read
from edge.i18n.texts import Labels, Sentence
from edge.messages import Fatigue, Group, Level, Source, Summary
from edge.publish import Publisher, publications
from edge.publish.mqtt.packets import Received
from edge.publish.payloads import AlertPayload, Payload, ResponsePayload
from edge.publish.reports import StateTracker
from edge.publish.topics import TOPICS, Address, path_of
from edge.run_registry import started

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def test_a_listener_hears_a_box_with_or_without_a_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from edge.cli.listen import listen; listen()", "--seconds", "3", "--port"]
    with LocalBroker() as broker:
        out = Publisher(box(broker.port), tmp_path / "outbox.db", started("boot", time.time()))
        for message in (
            Fatigue(1.0, 1, Level.WARNING, 0.2, 0.1, 0.9, ("perclos_warning",)),
            Source(1.0, "microphone", "lost", "unplugged"),
        ):
            out.write(message)
        listeners = [
            subprocess.Popen(
                [*command, str(broker.port), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for more in ([], ["--json"])
        ]
        for listener in listeners:
            assert listener.stderr is not None
            assert "Connected with MQTT 3.1.1" in listener.stderr.readline()
        out.start()
        out.write(alert(1))
        out.write(Summary(9.0, 0.0, 9.0, {}, None, 0.03, {"microsleep": 1}, 0.9))
        readable, raw = (listener.communicate(timeout=10)[0] for listener in listeners)
        out.stop()
    assert [listener.returncode for listener in listeners] == [0, 0]
    for words in (
        "depot/bus-1           status   online",
        "state    warning  eyes closed too much of the time, perclos_60 0.20, valid_ratio 0.90, microphone lost",
        "alert    critical  microsleep new, 1.6 s  closure_ms=1600",
        "summary  1 microsleep, valid 90%, PERCLOS 3.0%",
        "info     version",
        "health   ",
    ):
        assert words in readable
    records = [json.loads(line) for line in raw.splitlines()]
    assert {record["topic"].split("/")[-1] for record in records} == set(TOPICS) - {"group", "request", "response"}


def test_a_missing_broker_is_a_sentence_and_exit_code_1() -> None:
    result = CliRunner().invoke(listen, ["--host", "127.0.0.1", "--port", str(free_port()), "--seconds", "0.5"])
    assert result.exit_code == 1
    assert "No broker answers at 127.0.0.1" in result.output
    assert "Trying again." in result.output


def test_a_bad_option_is_a_sentence() -> None:
    result = CliRunner().invoke(listen, ["--base", "a/b"])
    assert result.exit_code == 2
    assert "--base" in result.output


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ORIGIN = publications.RunOrigin("boot", 1_700_000_000.0)


def said(body: Payload) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(publications.encoded(body))
    return found


SAID: dict[str, dict[str, Any]] = {
    "status": said(publications.status("online", "boot", 1, "1.0")),
    "info": {"sw": "1.0", "purpose": "research"},
    "state": {"level": "warning", "causes": [], "perclos_60": 0.1, "valid_ratio": 0.9, "inputs": {"camera": "lost"}},
    "alert": said(publications.alert(alert(1), ORIGIN)),
    "summary": said(publications.summary(Summary(9.0, 0.0, 9.0, {"happy": 1.0}, 0.5, 0.03, {}, 0.9), ORIGIN)),
    "group": said(publications.group(Group(9.0, 0.0, 9.0, 6, 0.5, 0.1, 0.2, -40.0), ORIGIN)),
    "request": {"transaction": "t", "kind": "drowsiness", "seconds": 60.0},
    "response": said(ResponsePayload(boot="boot", transaction="t", op="report", status="error", error="no")),
    "health": {
        "time": "2026-01-01T00:00:00Z",
        "outbox": {"rows": 1, "evicted": {"alert": 1}},
        "readings": {"camera_hz": 29.5, "frames_dropped": 3, "celsius": 61.2, "band": "green"}
        | {"stages": {"asr": {"calls": 2, "mean_ms": 378.0}, "vision": {"calls": 9, "mean_ms": 8.6}}},
    },
}


FULL = publications.alert(alert(1), ORIGIN).model_dump()
ANYTHING = publications.status("online", "boot", 1, "1.0")
BODIES = dict.fromkeys(TOPICS, ANYTHING) | {
    "alert": AlertPayload(**FULL, seq=1, historical=False),
    "state": StateTracker(ORIGIN).observe(Fatigue(1.0, 1, Level.WARNING, 0.2, 0.1, 0.9), "synced"),
}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(), set(TOPICS) - {"request", "response"} | {"?"}),
        (Filter(topics=("request",)), {"request"}),
        (Filter(topics=("status", "state")), {"status", "state"}),
        (Filter(kind="microsleep"), {"alert"}),
        (Filter(kind="drowsiness"), set()),
        (Filter(level=Level.WARNING), {"alert", "state"}),
        (Filter(level=Level.EMERGENCY), set()),
        (Filter(box="depot/bus-1", topics=("alert",)), {"alert"}),
        (Filter(box="bus-1", level=Level.CRITICAL), {"alert"}),
        (Filter(box="bus-2"), set()),
    ],
)
def test_a_filter_takes_what_was_asked_for(wanted: Filter, names: set[str]) -> None:
    takes = {name for name, body in BODIES.items() if wanted.takes(Address("depot", "bus-1", name), body)}
    assert takes | ({"?"} if wanted.takes(None, None) else set()) == names


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, bytes]:
    """A real payload with one field of another type, or gone."""
    name = draw(st.sampled_from(sorted(SAID)))
    payload = dict(SAID[name])
    field = draw(st.sampled_from(sorted(payload)))
    if draw(st.booleans()):
        del payload[field]
    else:
        payload[field] = draw(JSON)
    return path_of(name, "emvas", box(1883).box), json.dumps(payload).encode()


@given(message=spoilt() | st.tuples(st.sampled_from(["emvas/x", "emvas/a/b/main/alert"]), st.binary(max_size=20)))
def test_whatever_anybody_publishes_is_one_printable_line(message: tuple[str, bytes]) -> None:
    line = line_of(Received(*message, retained=False), "emvas", NOW).plain
    assert line.isprintable()
    assert line


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"a":' * 5000,
        b'"\\ud800"',
        b'{"level": "\\udfff"}',
        b"NaN",
        b"[Infinity]",
        b"\xff\xfe",
        b"9" * 5000,
        b"",
    ],
    ids=["brackets", "objects", "half a pair", "half in a field", "nan", "infinity", "no utf-8", "digits", "nothing"],
)
@pytest.mark.parametrize("path", ["emvas/depot/bus-1/main/alert", "emvas/depot/bus-1/info", "elsewhere"])
def test_a_payload_made_to_break_a_listener_is_one_line_in_both_shapes(
    payload: bytes, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event = Received(path, payload, retained=False)
    assert line_of(event, "emvas", NOW).plain.isprintable()
    _json_line(event)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line, parse_constant=refuse)["topic"] == path
    assert isinstance(read(event, "emvas"), UnknownMessage)


@pytest.mark.parametrize("name", TOPICS)
def test_every_topic_has_its_own_words(name: str) -> None:
    event = Received(path_of(name, "emvas", box(1883).box), json.dumps(SAID[name]).encode(), retained=False)
    line = line_of(event, "emvas", NOW).plain
    assert "depot/bus-1  " in line
    assert name in line
    assert "{" not in line


@pytest.mark.parametrize("name", sorted(set(TOPICS) - {"request", "response"}))
def test_every_topic_has_its_words_in_chinese(name: str) -> None:
    event = Received(path_of(name, "emvas", box(1883).box), json.dumps(SAID[name]).encode(), retained=False)
    line = line_of(event, "emvas", NOW, Labels("zh")).plain
    assert re.search(r"[\u4e00-\u9fff]", line)
    assert "{" not in line


def test_a_lost_source_is_told_in_chinese_as_the_box_reported_it() -> None:
    detail = Sentence("source_ended")
    evidence = {"source": "camera", "detail": str(detail), "detail_code": detail.as_data}
    payload = {**SAID["alert"], "kind": "source_lost", "level": "advisory", "evidence": evidence}
    event = Received(path_of("alert", "emvas", box(1883).box), json.dumps(payload).encode(), retained=False)
    assert "提示  信号丢失 新, 1.6 s  来源=摄像头 原因=已结束" in line_of(event, "emvas", NOW, Labels("zh")).plain
    assert "advisory  source_lost new, 1.6 s  source=camera detail=it ended" in line_of(event, "emvas", NOW).plain


def test_health_is_six_figures_and_old_news_says_of_when_it_is() -> None:
    path = path_of("health", "emvas", box(1883).box)
    line = line_of(Received(path, json.dumps(SAID["health"]).encode(), retained=False), "emvas", NOW).plain
    assert "1 waiting, 1 given up, 29.5 frames/s, 3 frames dropped, 61.2 °C, asr 378.0 ms" in line
    assert line.startswith(f"{NOW:%H:%M:%S}"), "the time of arrival"
    assert "(of 2026-01-01 " in line
