"""Any order, any repetition: each message out once, in order where it came in time, and gaps told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.client import box_messages as sequence_module
from edge.client.box_messages import BoxMessage, Gap, ReorderBuffer
from edge.publish.mqtt.packets import Received
from edge.publish.payloads import AlertPayload
from edge.publish.topics import Address

PATIENCE_S = 0.5


def step(seq: int, boot: str = "a", historical: bool = False, box: str = "bus") -> BoxMessage[AlertPayload]:
    body = AlertPayload(
        boot=boot, id="x", type="new", kind="microsleep", level="critical", start="s", start_mono_ms=0, clock="synced",
        duration_ms=1, evidence={}, valid_ratio=None, seq=seq, historical=historical,
    )  # fmt: skip
    return BoxMessage(Address("depot", box, "alert"), body, Received("p", b"", False))


def numbers(items: list[BoxMessage[AlertPayload] | Gap]) -> list[int | tuple[int, int]]:
    return [(item.first, item.last) if isinstance(item, Gap) else item.body.seq for item in items]


@given(order=st.permutations(range(2, 12)), again=st.lists(st.integers(1, 11), max_size=10))
def test_whatever_comes_in_time_goes_out_once_and_in_order(order: list[int], again: list[int]) -> None:
    sequence, out = ReorderBuffer(PATIENCE_S), []
    for seq in [1, *order, *again]:
        out += sequence.take(step(seq), 0.1)
    assert numbers(out) == list(range(1, 12))
    assert sequence.wait_s(9.0) is None


@given(
    arrivals=st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from("abc"), st.booleans(), st.floats(0, 0.4)), max_size=40
    )
)
def test_nothing_is_ever_lost_or_told_twice(arrivals: list[tuple[int, str, bool, float]]) -> None:
    sequence, out, now_s = ReorderBuffer(PATIENCE_S), [], 0.0
    for seq, boot, historical, pause_s in arrivals:
        now_s += pause_s
        out += [*sequence.due(now_s), *sequence.take(step(seq, boot, historical), now_s)]
    out += sequence.due(now_s + PATIENCE_S)
    told = [(item.body.boot, item.body.seq) for item in out if isinstance(item, BoxMessage)]
    assert len(told) == len(set(told))
    assert set(told) == {(boot, seq) for seq, boot, *_ in arrivals}


def test_a_gap_is_told_when_its_time_is_up_and_what_comes_later_is_late() -> None:
    sequence = ReorderBuffer(PATIENCE_S)
    assert numbers(sequence.take(step(7), 0.0)) == [7]
    assert sequence.take(step(10), 1.0) == []
    assert sequence.due(1.4) == []
    assert sequence.wait_s(1.4) == 0.1 or abs((sequence.wait_s(1.4) or 0) - 0.1) < 1e-9
    assert numbers(sequence.due(1.5)) == [(8, 9), 10]
    (late,) = sequence.take(step(8), 2.0)
    assert isinstance(late, BoxMessage)
    assert late.late
    assert sequence.take(step(8), 2.0) == []


def test_a_new_outbox_counts_from_one_again() -> None:
    sequence = ReorderBuffer(PATIENCE_S)
    sequence.take(step(500), 0.0)
    assert numbers(sequence.take(step(1, "b"), 1.0)) == [1]
    assert numbers(sequence.take(step(2, "b"), 1.0)) == [2]


def test_boxes_do_not_wait_for_each_other() -> None:
    sequence = ReorderBuffer(PATIENCE_S)
    sequence.take(step(1, box="one"), 0.0)
    sequence.take(step(3, box="one"), 0.0)
    assert numbers(sequence.take(step(9, box="two"), 0.0)) == [9]


def test_made_up_boxes_and_boots_take_a_bounded_room_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence_module, "MOST_BOXES", 50)
    monkeypatch.setattr(sequence_module, "MOST_REMEMBERED", 400)
    monkeypatch.setattr(sequence_module, "MOST_HELD", 30)
    sequence, out = ReorderBuffer(PATIENCE_S), []
    for number in range(3000):
        out += sequence.take(step(1 + 3 * number, f"boot-{number}", box=f"bus-{number % 130}"), 0.0)
    boxes = sequence._boxes
    assert len(boxes) <= 51
    assert sum(len(box.seen) for box in boxes.values()) == sequence._remembered <= 401
    assert sum(len(box.held) for box in boxes.values()) == sequence._held <= 31
    assert max(len(box.boots) for box in boxes.values()) <= 64
    out += sequence.due(PATIENCE_S)
    assert sum(isinstance(item, BoxMessage) for item in out) == 3000, (
        "whoever is forgotten, its messages are handed out"
    )
