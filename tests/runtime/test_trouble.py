from __future__ import annotations

from edge.messages import Source
from edge.runtime.trouble import Trouble


def test_a_stage_that_fails_at_every_picture_is_one_word_and_another_when_it_is_back() -> None:
    said: list[Source] = []
    trouble = Trouble("vision", said.append)

    def broken() -> list[int]:
        raise RuntimeError("the engine stalled")

    assert [trouble.guard(float(t), broken, []) for t in range(3)] == [[], [], []]
    assert trouble.guard(3.0, lambda: [1], []) == [1]
    assert trouble.guard(4.0, lambda: [2], []) == [2]
    assert [(s.t_s, s.state) for s in said] == [(0.0, "lost"), (3.0, "ok")]
    assert said[0].detail == "RuntimeError: the engine stalled"
    assert trouble.count == 3
