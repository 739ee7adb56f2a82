from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_recording import drive, write_jsonl

from edge.dashboard.data.deserialize import KINDS, RecordError, read_jsonl, to_message, to_wall_clock_message
from edge.messages import Blink, Closure, Level, Message, Trip, Warned
from edge.messages.serialize import to_record


def test_every_kind_comes_back_as_it_was_written() -> None:
    begun = Warned(61.6, "speaker", "critical", "begin", "a1")
    messages = [*drive("早上好"), Trip(120.0, 10.0, 115.0, 1.4), begun]
    assert {message.kind for message in messages} == set(KINDS)
    for message in messages:
        back = to_message(json.loads(json.dumps(to_record(message))))
        assert back is not None
        assert to_record(back) == to_record(message)


@given(st.sampled_from(list(Level)), st.floats(0, 1e6), st.sampled_from(["blink", "long", "microsleep", "sleep"]))
def test_levels_and_classes_survive(level: Level, t_s: float, class_: str) -> None:
    record = {"kind": "closure", "t_s": t_s, "track": 1, "start_s": t_s, "end_s": t_s, "class": class_}
    message = to_message(record)
    assert isinstance(message, Closure)
    assert message.class_ == class_
    alert = {"kind": "alert", "t_s": t_s, "id": "a", "type": "new", "alert": "x", "level": level.name.lower()}
    found = to_message(alert | {"start_s": 0.0, "duration_s": 1.0, "evidence": {}})
    assert found is not None
    assert to_record(found)["level"] == level.name.lower()


def test_times_move_to_the_wall_clock_and_lengths_stay() -> None:
    record = {**to_record(Blink(10.0, 1, 9.8, 10.0, 200.0, 0.9, 4.0)), "begun_s": 1_700_000_000.0}
    message = to_wall_clock_message(record)
    assert isinstance(message, Blink)
    assert (message.t_s, message.end_s) == (1_700_000_010.0, 1_700_000_010.0)
    assert message.start_s == pytest.approx(1_700_000_009.8)
    assert message.duration_ms == 200.0


def test_a_kind_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", drive())
    before = read_jsonl(path)
    with path.open("a") as stream:
        stream.write('{"kind":"heartbeat","t_s":1.0}\n')
    assert read_jsonl(path) == before


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"kind":"face","t_s":1.0', "not a JSON object"),
        ("[1, 2]", "not a JSON object"),
        ("", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"t_s":1.0}', "no `kind`"),
        ('{"kind":"speech","t_s":NaN,"start_s":0,"end_s":1}', "NaN"),
        ('{"kind":"speech","t_s":1.0,"start_s":"soon","end_s":1}', "`speech.start_s`"),
        ('{"kind":"closure","t_s":1,"track":1,"start_s":0,"end_s":1,"class":"nap"}', "`closure.class`"),
        ('{"kind":"fatigue","t_s":1,"track":1,"level":"high","valid_ratio":1}', "`fatigue."),
    ],
)
def test_a_damaged_line_is_told_with_its_number(tmp_path: Path, line: str, word: str) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", drive()[:2])
    with path.open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(RecordError) as error:
        read_jsonl(path)
    assert str(error.value).startswith(f"{path}:3: ")
    assert word in str(error.value)


def test_bytes_that_are_no_text_and_a_missing_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="cannot be read"):
        read_jsonl(tmp_path / "a.jsonl")
    with pytest.raises(RecordError, match="no such file"):
        read_jsonl(tmp_path / "b.jsonl")


@given(st.dictionaries(st.sampled_from(["kind", "t_s", "level", "track", "begun_s", "start_s"]), st.none() | st.text()))
def test_any_record_gives_a_message_or_a_sentence(record: dict[str, str | None]) -> None:
    for parse in (to_message, to_wall_clock_message):
        try:
            found = parse(record)
        except RecordError:
            continue
        assert found is None or isinstance(found, Message)
