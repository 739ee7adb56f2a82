import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo.drive import Clip
from demo.verdict import comparison, faults
from edge.messages import Alert, Blink, Closure, Level, Message


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    events = [
        {"kind": "blink", "start_s": 5.0, "end_s": 5.1},
        {"kind": "closure", "start_s": 40.0, "end_s": 44.0},
        {"kind": "nod", "start_s": 54.0, "end_s": 55.0},
        {"kind": "speech", "start_s": 1.0, "end_s": 3.0, "text": "Good morning."},
    ]
    truth = tmp_path / "clip.json"
    truth.write_text(json.dumps({"events": events}), encoding="utf-8")
    return Clip(tmp_path / "clip.mp4", truth)


def _alert(t_s: float, kind: str = "microsleep", id_: str = "a") -> Alert:
    return Alert(t_s, id_, "new", kind, Level.CRITICAL, t_s - 1.5, 1.5)


def _received(*ids: str) -> list[dict[str, Any]]:
    return [{"id": id_, "type": "new", "kind": "microsleep"} for id_ in ids]


def test_a_microsleep_seen_and_received_is_no_fault(clip: Clip) -> None:
    assert faults(clip, [_alert(41.5)], _received("a")) == []


def test_a_missed_closure_is_told(clip: Clip) -> None:
    assert "no microsleep alert" in faults(clip, [], [])[0]


def test_another_alert_does_not_stand_in_for_the_microsleep(clip: Clip) -> None:
    assert "no microsleep alert" in faults(clip, [_alert(41.5, "drowsiness")], _received("a"))[0]


def test_an_alert_that_never_arrived_is_told(clip: Clip) -> None:
    assert "did not reach the subscriber" in faults(clip, [_alert(41.5)], _received("b"))[0]


@pytest.mark.parametrize("t_s", [6.0, 39.9, 44.6, 60.0])
def test_an_alert_with_open_eyes_is_told(clip: Clip, t_s: float) -> None:
    found = faults(clip, [_alert(41.5), _alert(t_s, id_="b")], _received("a", "b"))
    assert len(found) == 1
    assert "with open eyes" in found[0]


def test_an_alert_while_nodding_off_is_no_false_one(clip: Clip) -> None:
    assert faults(clip, [_alert(41.5), _alert(54.8, "drowsiness", "b")], _received("a", "b")) == []


def test_the_table_counts_what_was_seen_and_what_was_not(clip: Clip) -> None:
    messages: list[Message] = [
        Blink(5.2, 1, 5.0, 5.1, 100.0, 0.9, 9.0),
        Closure(44.1, 1, 40.1, 44.0, "sleep"),
    ]
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(comparison(clip, messages))
    text = console.export_text()
    assert "1 of 1" in text
    assert "40.1 to 44.0 s" in text
    assert "not seen" in text
    assert "no words" in text
