"""What counts as the same alerts on two processors."""

from typing import Any

import pytest

from benchmarks.install.aarch64 import same


def step(t_s: float, type_: str = "new", level: str = "critical") -> dict[str, Any]:
    return {"alert": "microsleep", "type": type_, "level": level, "t_s": t_s}


@pytest.mark.parametrize(
    ("there", "alike"),
    [
        ([step(4.064), step(6.864, "end")], True),
        ([step(4.064), step(7.064, "end")], True),
        ([step(4.064), step(7.264, "end")], False),
        ([step(4.064, level="warning"), step(6.864, "end")], False),
        ([step(4.064)], False),
    ],
)
def test_a_picture_earlier_or_later_is_the_same_and_nothing_else(there: list[dict[str, Any]], alike: bool) -> None:
    assert same([step(4.064), step(6.864, "end")], there) is alike
