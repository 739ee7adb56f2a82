"""One part of a run: guarded, begun anew, told once, and watched for hanging; told as a technician would tell it."""

from __future__ import annotations

import time

import pytest

from edge.error import EmvasError
from edge.messages import Source
from edge.runtime.metrics import RunCounters
from edge.runtime.supervision import MOST_IN_A_ROW, STEADY_S, Component, Ends, Supervision


class Engine:
    """Doubles; `cursed` engines raise."""

    def __init__(self, cursed: bool) -> None:
        self.cursed = cursed

    def work(self, item: int) -> list[int]:
        if self.cursed:
            raise RuntimeError("the engine stalled")
        return [2 * item]


class Bench:
    def __init__(self, *cursed: bool, ends: Ends = "if it worked") -> None:
        """One engine after the other; the last of them is built again and again."""
        self.said: list[Source] = []
        self.health, self.built = RunCounters(), 0
        self._cursed = cursed
        self.part = Component("vision", self._make, self._make(), self.said.append, self.health, ends)

    def _make(self) -> Engine:
        self.built += 1
        return Engine(self._cursed[min(self.built, len(self._cursed)) - 1])

    def feed(self, *times_s: float) -> list[list[int]]:
        return [self.part.run(t_s, lambda engine: engine.work(21), []) for t_s in times_s]

    def words(self) -> list[tuple[float, str, str]]:
        return [(s.t_s, s.source, s.state) for s in self.said]


def test_a_stage_that_keeps_failing_is_built_anew_and_what_it_missed_is_counted() -> None:
    bench = Bench(True, False)
    assert bench.feed(0.0, 0.1, 0.2, 0.3, 0.4) == [[]] * 5
    assert bench.feed(0.8, 5.1, 5.2) == [[42]] * 3
    assert bench.words() == [(0.0, "vision", "lost"), (5.2, "vision", "ok")]
    assert (bench.built, bench.health.restarts["vision"]) == (2, 1)
    assert (bench.health.failures["vision"], bench.health.skipped["vision"]) == (3, 2)


def test_one_bad_item_costs_nothing_but_itself() -> None:
    bench = Bench(False)
    assert bench.part.run(0.0, lambda engine: engine.work(1 // 0), []) == []
    assert bench.feed(0.1) == [[42]]
    assert bench.built == 1, "what the stage has learned is kept"


@pytest.mark.parametrize("every", [2, 3, 10])
def test_a_part_that_fails_again_and_again_is_lost_and_does_not_flap(every: int) -> None:
    bench = Bench(False)
    for frame in range(300):
        bench.part.part = Engine(frame % every == 0)
        bench.feed(frame / 30)
    assert [state for _, _, state in bench.words()] == ["lost"]
    bench.part.part = Engine(False)
    bench.feed(*(10 + frame / 30 for frame in range(300)))
    assert [state for _, _, state in bench.words()] == ["lost", "ok"]
    assert bench.said[-1].t_s == pytest.approx(10 + STEADY_S, abs=0.5)


def test_a_crash_loop_ends_in_safe_mode_which_says_why_and_is_left_when_it_works() -> None:
    bench = Bench(*[True] * 6, False)
    bench.feed(*(t / 10 for t in range(400)))
    safe = bench.said[-1]
    assert (safe.source, safe.state) == ("vision", "lost")
    assert "safe mode" in safe.detail
    assert "the engine stalled" in safe.detail
    assert [source.state for source in bench.said] == ["lost", "lost"], "once when it fails, once when it is left alone"
    built = bench.built
    bench.feed(*(40 + t / 10 for t in range(2000)))
    assert bench.built == built, "no further attempt for five minutes"
    assert bench.feed(320.0, 379.0, 380.0) == [[42]] * 3
    assert bench.words()[-1] == (380.0, "vision", "ok")


def test_a_stage_that_cannot_be_built_is_tried_again() -> None:
    bench = Bench(True, False)
    attempts = iter([OSError("the file is gone"), None])
    good = bench._make

    def make() -> Engine:
        error = next(attempts)
        if error:
            raise error
        return good()

    bench.part._make = make
    assert bench.feed(0.0, 0.1, 0.2, 0.8, 1.0, 2.0) == [[], [], [], [], [], [42]]
    assert bench.health.failures["vision"] == 4


def test_eyes_that_worked_and_cannot_be_begun_anew_ask_for_a_new_process_and_those_that_never_did_do_not() -> None:
    worked, never = Bench(False, True), Bench(True)
    assert worked.feed(0.0) == [[42]]
    assert worked.part.part is not None
    worked.part.part.cursed = True
    for bench in (worked, never):
        bench.feed(*(1 + t / 10 for t in range(400)))
    assert worked.part.broken is not None
    assert "the engine stalled" in worked.part.broken
    assert never.part.broken is None


@pytest.mark.parametrize(("ends", "broken"), [("always", True), ("never", False)])
def test_judgement_that_cannot_be_begun_anew_ends_the_process_though_it_never_worked(ends: Ends, broken: bool) -> None:
    bench = Bench(True, ends=ends)
    bench.feed(*(t / 10 for t in range(400)))
    assert (bench.part.broken is not None) == broken


def test_a_part_that_holds_what_cannot_be_lost_is_asked_each_time_and_ends_the_process_after_a_row() -> None:
    said: list[Source] = []
    parts = Supervision(said.append)
    part, asked = parts.bare("judgement", "always"), []

    def broken() -> None:
        asked.append(1)
        raise EmvasError("no")

    for t in range(MOST_IN_A_ROW - 1):
        part.guard(t / 30, broken, None)
    part.guard(0.5, lambda: None, None)
    for t in range(MOST_IN_A_ROW):
        assert parts.stuck(0.0) is None
        part.guard(1 + t / 30, broken, None)
    assert len(asked) == 2 * MOST_IN_A_ROW - 1
    assert [(source.state, source.detail) for source in said] == [("lost", "no")]
    assert str(parts.stuck(0.0)).startswith(f"judgement failed {MOST_IN_A_ROW} times in a row")


def test_a_call_that_takes_too_long_hangs_and_the_first_has_more_time() -> None:
    parts = Supervision()
    part = parts.component("vision", object, object(), patience_s=10.0)
    found: list[str | None] = []

    def look(*later_s: float) -> None:
        part.run(0.0, lambda _: found.extend(parts.stuck(time.monotonic() + s) for s in later_s), None)

    look(60.0)
    assert found == [None], "a provider prepares its kernels"
    look(9.0, 11.0)
    assert found[1] is None
    assert str(found[2]).startswith("vision hangs: no answer for 11 s")
    assert parts.stuck(time.monotonic() + 11) is None
