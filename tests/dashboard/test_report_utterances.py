from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from made_recording import drive

from edge.dashboard.report.html import _rows
from edge.dashboard.report.utterances import utterance_lines
from edge.messages import Affect, Message, Speech, Transcript


def affect(start_s: float, score: float = 0.5, track: int | None = None) -> Affect:
    return Affect(start_s + 1, start_s, start_s + 1, score, "happy", "positive", {"text": score}, 0.8, track)


def test_an_utterance_is_one_line_whatever_is_on_record_of_it() -> None:
    told: list[Message] = [
        Speech(2.0, 1.0, 2.0),
        Transcript(2.0, 1.0, 2.0, "one", "en", 0.9),
        affect(1.0, track=3),
        Speech(5.0, 4.0, 5.0),
        affect(7.0, track=1),
        affect(7.0, track=2),
        Speech(9.0, 8.0, 9.0),
        Transcript(9.0, 8.0, 9.0, "last", "en", 0.9),
    ]
    found = utterance_lines(told)
    assert [(line.start_s, line.spoken) for line in found] == [
        (1.0, True),
        (4.0, True),
        (7.0, False),
        (7.0, False),
        (8.0, True),
    ]
    assert [line.words.text if line.words else None for line in found] == ["one", None, None, None, "last"]
    assert found[0].affect and found[0].affect.track == 3
    assert [line.affect.track for line in found[2:4] if line.affect] == [1, 2]


def test_every_utterance_of_the_drive_is_there() -> None:
    assert [line.words.text for line in utterance_lines(drive("hello")) if line.words] == ["hello"] * 4


@given(st.lists(st.one_of(st.none(), st.floats(-1, 1)), max_size=20))
def test_the_curve_is_unbroken_between_scores_and_broken_where_there_is_none(scores: list[float | None]) -> None:
    told: list[Message] = []
    for number, score in enumerate(scores):
        told.append(Speech(number + 1.0, float(number), number + 1.0))
        told += [] if score is None else [affect(float(number), score)]
    rows = _rows(utterance_lines(told))
    assert [row.at is None for row in rows] == [score is None for score in scores]
    assert all(0 <= place <= 100 for row in rows for place in (row.at, row.above, row.below) if place is not None)
    for one, other in itertools.pairwise(rows):
        assert one.below == other.above
        assert (one.below is None) == (one.at is None or other.at is None)
