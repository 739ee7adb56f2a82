"""A settled stretch is summed once: the same steps as from SQL, and what is new is still seen."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from dashboards import write

from edge.dashboard.data.trends import TrendCache, fatigue_trend
from edge.messages import Fatigue, Level
from edge.store.reader import TimelineReader


def reports(count: int, every_s: float) -> list[Fatigue]:
    return [Fatigue(n * every_s, 1, Level.NONE, n / count, None, 1.0) for n in range(count)]


@pytest.mark.parametrize(("since_s", "until_s"), [(0.0, 4000.0), (123.4, 2345.6), (3333.0, 3334.5), (-500.0, 90.0)])
def test_blocks_hold_what_one_query_gives(tmp_path: Path, since_s: float, until_s: float) -> None:
    start_s = time.time() - 5000.0
    reader = TimelineReader(write(tmp_path / "t.db", [*reports(800, 5.0)], start_s))
    ends = (start_s + since_s, start_s + until_s)
    blocks, inside = TrendCache(reader), fatigue_trend(reader, ends[0] + 7.3, ends[1] - 7.3, 7.3)
    for found in (blocks.steps(fatigue_trend, *ends, 7.3), blocks.steps(fatigue_trend, *ends, 7.3)):
        times_s = [step.t_s for step in found]
        assert times_s == sorted(set(times_s)), "no step twice"
        assert set(inside[1:-1]) <= set(found), "steps that lie inside have the same figures"
        assert all(ends[0] - 7.3 < t_s < ends[1] for t_s in times_s)


def test_the_settled_past_is_not_read_again_and_the_present_is(tmp_path: Path) -> None:
    path, now_s = tmp_path / "t.db", time.time()
    write(path, [*reports(60, 5.0)], now_s - 1000.0)
    blocks = TrendCache(TimelineReader(path))
    past = blocks.steps(fatigue_trend, now_s - 1000.0, now_s, 1.0)
    assert len(past) == 60
    path.unlink()
    write(path, [Fatigue(0.0, 1, Level.WARNING, 0.2, None, 1.0)], now_s - 5.0)
    assert blocks.steps(fatigue_trend, now_s - 1000.0, now_s, 1.0)[:60] == past
    assert blocks.steps(fatigue_trend, now_s - 1000.0, now_s, 1.0)[60:] != []
