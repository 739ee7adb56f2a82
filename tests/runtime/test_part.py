from __future__ import annotations

from edge.messages import Source
from edge.runtime.health import Health
from edge.runtime.part import Part
from edge.runtime.recovery import Recovery, SafeMode


class Engine:
    """Doubles; `cursed` engines raise."""

    def __init__(self, cursed: bool) -> None:
        self.cursed = cursed

    def work(self, item: int) -> list[int]:
        if self.cursed:
            raise RuntimeError("the engine stalled")
        return [2 * item]


class Bench:
    def __init__(self, *cursed: bool) -> None:
        """One engine after the other; the last of them is built again and again."""
        self.said: list[Source] = []
        self.health, self.built = Health(), 0
        self._cursed = cursed
        self.safe_mode = SafeMode(self.said.append)
        recovery = Recovery("vision", self.said.append, self.health, self.safe_mode)
        self.part = Part(self._make(), self._make, recovery, self.health)

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
    assert bench.feed(0.8) == [[42]]
    assert bench.words() == [(0.0, "vision", "lost"), (0.8, "vision", "ok")]
    assert (bench.built, bench.health.restarts["vision"]) == (2, 1)
    assert (bench.health.failures["vision"], bench.health.skipped["vision"]) == (3, 2)


def test_one_bad_item_costs_nothing_but_itself() -> None:
    bench = Bench(False)
    assert bench.part.run(0.0, lambda engine: engine.work(1 // 0), []) == []
    assert bench.feed(0.1) == [[42]]
    assert bench.built == 1, "what the stage has learned is kept"


def test_a_crash_loop_ends_in_safe_mode_which_says_why_and_is_left_when_it_works() -> None:
    bench = Bench(*[True] * 6, False)
    bench.feed(*(t / 10 for t in range(400)))
    safe = bench.said[-1]
    assert (safe.source, safe.state) == ("box", "lost")
    assert "safe mode" in safe.detail
    assert "vision" in safe.detail
    assert "the engine stalled" in safe.detail
    built = bench.built
    bench.feed(*(40 + t / 10 for t in range(2000)))
    assert bench.built == built, "no further attempt for five minutes"
    assert bench.feed(320.0, 379.0, 380.0) == [[42]] * 3
    assert bench.words()[-2:] == [(320.0, "vision", "ok"), (380.0, "box", "ok")]


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
    assert worked.part.stage is not None
    worked.part.stage.cursed = True
    for bench in (worked, never):
        bench.feed(*(1 + t / 10 for t in range(400)))
        assert bench.safe_mode.hopeless is None, "safe mode first"
        bench.feed(*(400 + t / 10 for t in range(10)))
    assert worked.safe_mode.hopeless is not None
    assert "the engine stalled" in worked.safe_mode.hopeless
    assert never.safe_mode.hopeless is None
