"""What the timeline gives up, with real files: by age, by size, for the disk; telemetry first and alerts last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settled import settled

from edge.config.delivery import StoreConfig
from edge.messages import Alert, Blink, Level, Message, Summary
from edge.run_registry import Clocks, ClockState, started
from edge.store import Timeline, TimelineReader, retention

NOW_S = 1_790_000_000.0
DAY_S = 86_400.0


@dataclass
class Machine:
    """Clocks that a test moves."""

    now_s: float = NOW_S
    trusted: ClockState = "synced"
    kernel: str = "k"

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.now_s - NOW_S + 1e6, lambda: self.now_s, lambda: self.trusted, lambda: self.kernel)


def told(kind: str, t_s: float, note: str = "") -> Message:
    if kind == "alert":
        return Alert(t_s, f"a{t_s}", "new", "microsleep", Level.CRITICAL, t_s, 0.0, {"note": note})
    if kind == "summary":
        return Summary(t_s, t_s, t_s, {}, None, None, {}, 1.0)
    return Blink(t_s, 1, t_s, t_s, 200.0, 0.9, 4.0)


def kept(path: Path) -> Counter[str]:
    reader = TimelineReader(path)
    return Counter({kind: len(reader.between(kind, 0.0, 1e11)) for kind in ("alert", "summary", "blink")})


@settings(max_examples=15, deadline=None)
@given(runs=st.lists(st.tuples(st.floats(0.1, 20.0), st.booleans()), min_size=1, max_size=6))
def test_after_any_runs_nothing_known_to_be_old_is_kept_and_nothing_young_is_gone(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[float, bool]]
) -> None:
    path, machine = tmp_path_factory.mktemp("age") / "timeline.db", Machine()
    config = StoreConfig(retention_days=7)
    expected = []
    for number, (days, trusted) in enumerate([*runs, (1.0, True)]):
        machine.now_s += days * DAY_S
        machine.trusted, machine.kernel = ("synced" if trusted else "unsynced"), f"k{number}"
        timeline = Timeline(path, started(f"run{number}", machine.now_s, machine.clocks), config, machine.clocks)
        timeline.write(told("alert", float(number)))
        timeline.close()
        expected.append((machine.now_s + number, trusted))
    found = {record["wall_s"] for record in TimelineReader(path).between("alert", 0.0, 1e11)}
    oldest_s = machine.now_s - 7 * DAY_S
    young = {round(wall_s, 3) for wall_s, _ in expected if wall_s >= oldest_s}
    known_old = {round(wall_s, 3) for wall_s, trusted in expected if trusted and wall_s < oldest_s}
    assert young <= found
    assert not known_old & found


def test_a_clock_that_nobody_vouches_for_makes_nothing_old(tmp_path: Path) -> None:
    path, machine = tmp_path / "timeline.db", Machine()
    first = Timeline(
        path, started("first", machine.now_s, machine.clocks), StoreConfig(retention_days=1), machine.clocks
    )
    first.write(told("alert", 1.0))
    first.close()
    machine.now_s, machine.trusted = NOW_S + 30 * 365 * DAY_S, "unsynced"
    again = Timeline(
        path, started("again", machine.now_s, machine.clocks), StoreConfig(retention_days=1), machine.clocks
    )
    again.write(told("alert", 2.0))
    again.close()
    assert kept(path)["alert"] == 2


def fill(timeline: Timeline, machine: Machine, seconds: int) -> None:
    for second in range(seconds):
        machine.now_s += 1
        t_s = machine.now_s - NOW_S
        timeline.write(told("blink", t_s))
        if second % 100 == 0:
            timeline.write(told("alert", t_s, "x" * 200))
            timeline.write(told("summary", t_s))
        settled(timeline)


def test_by_size_the_oldest_telemetry_goes_and_the_file_shrinks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH_ROWS", 500)
    path, machine = tmp_path / "timeline.db", Machine()
    config = StoreConfig.model_construct(**{**StoreConfig().model_dump(), "most_mb": 0.6})
    timeline = Timeline(path, started("run", machine.now_s, machine.clocks), config, machine.clocks)
    fill(timeline, machine, 8000)
    timeline.close()
    found = kept(path)
    assert found["alert"] == found["summary"] == 80
    assert 0 < found["blink"] < 6000
    newest = TimelineReader(path).latest("blink")
    assert newest is not None
    assert newest["t_s"] == 8000.0
    assert path.stat().st_size < 1_000_000


def test_when_only_alerts_are_left_the_oldest_alerts_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH_ROWS", 50)
    path, machine = tmp_path / "timeline.db", Machine()
    config = StoreConfig.model_construct(**{**StoreConfig().model_dump(), "most_mb": 0.2})
    timeline = Timeline(path, started("run", machine.now_s, machine.clocks), config, machine.clocks)
    for number in range(1500):
        machine.now_s += 2
        timeline.write(told("alert", float(number), "x" * 300))
        settled(timeline)
    timeline.close()
    ids = [record["t_s"] for record in TimelineReader(path).between("alert", 0.0, 1e11)]
    assert 100 < len(ids) < 800
    assert ids == [float(number) for number in range(1500 - len(ids), 1500)]


def test_a_disk_that_runs_low_takes_telemetry_only_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH_ROWS", 500)
    path, machine = tmp_path / "timeline.db", Machine()
    low = [False]
    monkeypatch.setattr("edge.store.retention.disk_low", lambda *_: low[0])
    monkeypatch.setattr(retention, "disk_low", lambda *_: low[0])
    timeline = Timeline(path, started("run", machine.now_s, machine.clocks), StoreConfig(), machine.clocks)
    fill(timeline, machine, 2000)
    assert timeline.take_reports(0.0) == []
    low[0] = True
    fill(timeline, machine, 400)
    (lost,) = timeline.take_reports(1.0)
    assert "nearly full" in lost.detail
    low[0] = False
    fill(timeline, machine, 200)
    assert [source.state for source in timeline.take_reports(2.0)] == ["ok"]
    timeline.close()
    found = kept(path)
    assert found["alert"] == found["summary"] == 26
    assert found["blink"] < 1000


def test_the_floor_is_the_larger_of_bytes_and_share(tmp_path: Path) -> None:
    path = tmp_path / "timeline.db"
    assert not retention.disk_low(path, StoreConfig(least_free_mb=10, least_free_share=0.01))
    assert retention.disk_low(path, StoreConfig(least_free_mb=1e6, least_free_share=0.01))
