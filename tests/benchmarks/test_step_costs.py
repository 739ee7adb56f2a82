"""The walk's stopwatch: every call of a watched method is timed, and does what it did."""

from __future__ import annotations

import time

from benchmarks.speed.step_costs import Costs


class Adder:
    def add(self, first: int, second: int) -> int:
        end_s = time.thread_time() + 0.002
        while time.thread_time() < end_s:
            pass
        return first + second


def test_watched_calls_are_timed_and_answer_as_before() -> None:
    costs, adder = Costs(), Adder()
    costs.watch(adder, "add", "sum")
    assert [adder.add(1, 2), adder.add(3, 4)] == [3, 7]
    with costs.of("nothing"):
        pass
    assert [len(ms) for ms in costs.ms.values()] == [2, 1]
    assert min(costs.ms["sum"]) >= 2.0
    assert costs.table().row_count == 2
