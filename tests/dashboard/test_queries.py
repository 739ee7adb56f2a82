"""The page's reader on real timelines: what counts as now, what as history, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_recording import LENGTH_S, drive

from edge.dashboard.data.queries import TimelineQueries, TimelineReadError
from edge.messages import Fatigue, Level, Message, Source
from edge.run_registry import started
from edge.store import Timeline

START_S = 1_700_000_000.0


def timeline(path: Path, messages: list[Message], start_s: float = START_S) -> TimelineQueries:
    written = Timeline(path, started("s", start_s))
    for message in messages:
        written.write(message)
    written.close()
    return TimelineQueries(path)


def report(t_s: float, track: int | None, level: Level) -> Fatigue:
    return Fatigue(t_s, track, level, None, None, 1.0)


def test_the_state_is_that_of_the_end_of_the_drive(tmp_path: Path) -> None:
    state = timeline(tmp_path / "t.db", drive()).state()
    assert state.written_s == START_S + LENGTH_S
    assert state.fatigue is not None
    assert state.fatigue.level is Level.NONE
    assert state.face is not None
    assert state.face.openness == pytest.approx(0.92)
    assert [item.source for item in state.missing] == ["text"], "the camera came back"
    assert [item.alert for item in state.incidents] == ["drowsiness", "microsleep"], "the newest first"
    assert state.age_s(START_S + LENGTH_S + 9.0) == 9.0
    assert state.age_s(START_S) == 0.0, "a clock that was set back"


def test_the_gravest_person_is_shown_and_one_who_left_is_not(tmp_path: Path) -> None:
    messages: list[Message] = [report(1.0, 7, Level.EMERGENCY)]
    messages += [report(20.0, 1, Level.NONE), report(20.1, 2, Level.WARNING), report(20.2, None, Level.NONE)]
    state = timeline(tmp_path / "t.db", messages).state()
    assert state.fatigue is not None
    assert state.fatigue.track == 2


def test_what_an_earlier_session_missed_is_not_missing_now(tmp_path: Path) -> None:
    timeline(tmp_path / "t.db", [Source(0.0, "microphone", "absent")])
    state = timeline(
        tmp_path / "t.db", [Source(0.0, "asr", "absent"), report(5.0, 1, Level.NONE)], START_S + 60
    ).state()
    assert [item.source for item in state.missing] == ["asr"]


def test_a_window_holds_what_happened_in_it(tmp_path: Path) -> None:
    found = timeline(tmp_path / "t.db", drive()).window(START_S + 30, START_S + 70)
    assert [(item.alert, item.start_s) for item in found.incidents] == [("microsleep", START_S + 60)]
    assert len(found.utterance_summaries) == 1
    assert min(step.t_s for step in found.steps) >= START_S + 29


def test_a_timeline_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    feed = TimelineQueries(tmp_path / "none.db")
    assert not feed.exists
    assert feed.state().written_s is None
    assert feed.window(0.0, 60.0).steps == ()


def test_a_file_that_is_no_timeline_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(b"this is no database" * 100)
    for read in (TimelineQueries(path).state, lambda: TimelineQueries(path).window(0.0, 1.0)):
        with pytest.raises(TimelineReadError, match=r"t\.db"):
            read()
