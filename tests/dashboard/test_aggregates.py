"""Figures come from the records: the same for three minutes, a day and a month, and however they are drawn."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path

import pytest
from dashboards import write
from hypothesis import given
from hypothesis import strategies as st

from edge.dashboard.data.aggregates import aggregate
from edge.dashboard.data.deserialize import to_wall_clock_message
from edge.dashboard.data.events import LevelSpanBuilder
from edge.dashboard.report.json_data import report_figures
from edge.dashboard.report.report_data import from_timeline
from edge.dashboard.report.utterances import utterance_lines
from edge.messages import Affect, Face, Fatigue, Level, Message, Speech, Transcript
from edge.store.reader import TimelineReader

START_S = 1_796_000_000.25
DAY_S = 86_400.0


def cab() -> list[Message]:
    """66 s: awake, four seconds of sleep, drowsy after it; a report a second and one at each change."""
    times = {0: Level.NONE, 41.2: Level.CRITICAL, 45.2: Level.ADVISORY}
    told: list[Message] = []
    for t_s in sorted({*map(float, range(66)), *times}):
        level = next(level for begun_s, level in reversed(times.items()) if begun_s <= t_s)
        told.append(Fatigue(t_s, 1, level, 0.1, 0.1, 1.0, judged_s=0.9))
        told.append(Face(t_s, 1, usable=True, reason=None))
    return told


@pytest.mark.parametrize("length_s", [66.0, 180.0, 8 * 3600.0, DAY_S, 30 * DAY_S])
def test_time_at_each_level_does_not_depend_on_the_length_of_the_report(tmp_path: Path, length_s: float) -> None:
    path = write(tmp_path / "t.db", cab(), START_S)
    found = report_figures(from_timeline(path, START_S + 66 - length_s, START_S + 66))
    assert found["level_s"] == pytest.approx({"none": 41.2, "advisory": 20.8, "critical": 4.0})


def test_a_report_that_begins_and_ends_within_a_level_counts_what_lies_in_it(tmp_path: Path) -> None:
    path = write(tmp_path / "t.db", cab(), START_S)
    found = report_figures(from_timeline(path, START_S + 43.5, START_S + 44.5))
    assert found["level_s"] == pytest.approx({"critical": 1.0})


@given(
    st.lists(st.tuples(st.floats(0.01, 5.0), st.integers(0, 2), st.sampled_from([None, *Level])), max_size=60),
    st.lists(st.floats(0, 100), min_size=2, max_size=6),
)
def test_the_parts_of_a_stretch_add_up_to_the_whole(
    reports: list[tuple[float, int, Level | None]], cuts: list[float]
) -> None:
    """Whoever cuts a day into hours gets as many seconds of each level as in the day."""

    def lengths(start_s: float, end_s: float) -> dict[Level, float]:
        fold, t_s = LevelSpanBuilder(start_s, end_s), 0.0
        for gap_s, track, level in reports:
            t_s += gap_s
            fold.add(t_s, track, level)
        found = dict.fromkeys(Level, 0.0)
        for span in fold.spans():
            found[span.level] += span.end_s - span.start_s
        return found

    ends = sorted({0.0, 500.0, *cuts})
    parts = [lengths(a, b) for a, b in itertools.pairwise(ends)]
    whole = lengths(0.0, 500.0)
    for level in Level:
        assert sum(part[level] for part in parts) == pytest.approx(whole[level], abs=1e-6)


def test_what_was_judged_is_a_share_of_time_holes_included() -> None:
    minutes = [
        Fatigue(float(t_s), 1, Level.NONE, 0.0, 0.0, 1.0, judged_s=1.0) for t_s in (*range(61), *range(180, 241))
    ]
    assert aggregate(minutes).usable_ratio == pytest.approx(0.5, abs=0.01)
    slow = [Fatigue(float(t_s), 1, Level.NONE, None, None, 0.0, judged_s=0.0) for t_s in range(60)]
    faces = [Face(t_s / 2, 1, usable=True, reason=None) for t_s in range(120)]
    assert aggregate([*slow, *faces]).usable_ratio == 0.0, "a face in every picture, and lids that nobody can judge"


def test_the_night_in_which_the_box_is_off_is_no_time_in_which_nobody_was_judged(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    for day in range(3):
        write(
            path, [Fatigue(float(s), 1, Level.NONE, 0.0, 0.0, 1.0, judged_s=0.8) for s in range(60)], day * DAY_S + 1e9
        )
    assert from_timeline(path, 1e9, 1e9 + 3 * DAY_S).found.usable_ratio == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("starts_s", [[5.2004, 9.9996, 23.3333], [0.1, 0.2, 0.3]])
def test_words_voice_and_mood_of_an_utterance_find_each_other(tmp_path: Path, starts_s: list[float]) -> None:
    """However the sum of the run's beginning and theirs is rounded."""
    told: list[Message] = []
    for start_s in starts_s:
        end_s = start_s + 1.6640001
        told += [Speech(end_s, start_s, end_s), Transcript(end_s, start_s, end_s, "words", "en", 0.9)]
        told.append(Affect(end_s + 0.7, start_s, end_s, 0.3, "happy", "positive", {}, 0.8))
    for number, begun_s in enumerate((1_796_025_410.680499, 1_700_000_000.123456, 1_000_000_000.9999999)):
        path = write(tmp_path / f"{number}.db", told, begun_s)
        reader = TimelineReader(path)
        read = [to_wall_clock_message(r) for kind in ("affect", "transcript") for r in reader.between(kind, 0.0, 9e9)]
        said = [item for item in aggregate(m for m in read if m).utterance_summaries if item.words]
        assert len([item for item in said if item.score is not None]) == len(starts_s)
        found = [line for line in from_timeline(path, 0.0, 9e9).lines if line.words]
        assert len([line for line in found if line.affect]) == len(starts_s)
        assert utterance_lines(m for m in read if m)


def test_reports_of_days_take_no_memory_each(tmp_path: Path) -> None:
    """A day's 2400 reports are 3 MB as messages; the steps that are drawn are all that is kept of any of them."""
    path, days = tmp_path / "t.db", 6
    for day in range(days):
        reports = [Fatigue(float(s), 1, Level.NONE, 0.05, 0.05, 1.0, judged_s=1.0) for s in range(0, 28_800, 12)]
        write(path, list(reports), START_S + day * DAY_S)
    tracemalloc.start()
    from_timeline(path, START_S, START_S + days * DAY_S)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6
