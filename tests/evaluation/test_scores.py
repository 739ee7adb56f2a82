from __future__ import annotations

import pytest

from edge.config.decision import FatigueConfig
from edge.evaluation.scores import Score, rate_per_hour, ratio, score, told_after_s
from edge.evaluation.truth import ClipTruth
from edge.messages import Alert, AlertType, Closure, Face, Level, Message, Reason, Yawn

CONFIG = FatigueConfig()


def truth(**lists: object) -> ClipTruth:
    return ClipTruth.model_validate({"path": "ride.mp4", "person": "Ada", **lists})


def microsleep(start_s: float, t_s: float, type_: AlertType = "new") -> Alert:
    return Alert(t_s, "a", type_, "microsleep", Level.CRITICAL, start_s, t_s - start_s)


def faces(until_s: float, hidden_from_s: float = 1e9) -> list[Message]:
    found: list[Message] = []
    for index in range(round(until_s * 10) + 1):
        hidden = index / 10 >= hidden_from_s
        found.append(
            Face(
                index / 10,
                1,
                (0.0, 0.0, 90.0, 90.0),
                not hidden,
                Reason.DARK if hidden else None,
                None if hidden else 0.9,
            )
        )
    return found


def test_a_microsleep_told_while_the_eyes_are_shut_is_right_and_its_delay_counts_from_the_mark() -> None:
    found = score("ride", "as filmed", truth(closed=[[4.4, 8.9, 0.9]]), [microsleep(4.5, 6.0)], CONFIG)
    assert found.false_alerts == [] and found.sleeps == [pytest.approx(0.1)]


def test_a_microsleep_told_of_open_eyes_is_false() -> None:
    found = score("ride", "dim", truth(), [microsleep(4.5, 6.0)], CONFIG)
    assert [(alert.view, alert.alert, alert.level, alert.t_s) for alert in found.false_alerts] == [
        ("dim", "microsleep", "critical", 6.0)
    ]


def test_nobody_is_wrong_about_what_nobody_can_see() -> None:
    assert score("ride", "dim", truth(unknown=[[4.0, 7.0, 0.9]]), [microsleep(4.5, 6.0)], CONFIG).false_alerts == []


def test_a_microsleep_that_is_never_told_is_missed() -> None:
    assert score("ride", "dim", truth(closed=[[4.4, 8.9, 0.9]]), faces(10), CONFIG).sleeps == [None]


def test_open_time_held_for_closed_leaves_out_what_is_shut_or_unknown() -> None:
    messages = [*faces(10), Closure(3.0, 1, 1.0, 2.0, "long"), Closure(8.0, 1, 6.0, 7.0, "long")]
    found = score("ride", "dim", truth(closed=[[6.0, 7.0, 0.9]]), messages, CONFIG)
    assert found.open_as_closed_s == pytest.approx(1.0)
    assert found.open_s == pytest.approx(8.7, abs=0.2)


def test_unknown_time_is_counted_by_reason() -> None:
    found = score("ride", "dim", truth(), faces(10, hidden_from_s=6), CONFIG)
    assert found.face_s == pytest.approx(10) and found.unknown_s == {"dark": pytest.approx(4.0)}


def test_yawns_that_the_reader_doubted_are_neither_found_nor_false() -> None:
    known = truth(yawns=[[4.0, 9.0, 0.9], [20.0, 24.0, 0.5]])
    yawns = [Yawn(9.5, 1, 4.5, 9.2), Yawn(24.0, 1, 20.0, 24.0), Yawn(40.0, 1, 36.0, 39.0)]
    found = score("ride", "dim", known, yawns, CONFIG)
    assert (found.yawns, found.yawns_found, found.yawns_false) == (1, 1, 1)


@pytest.mark.parametrize(
    ("alerts", "told_s"),
    [
        ([microsleep(10.1, 11.6)], 1.6),
        ([microsleep(8.0, 9.5), microsleep(8.0, 13.0, "end")], 0.0),
        ([microsleep(8.0, 9.5), microsleep(8.0, 10.5, "end")], None),
        ([microsleep(13.0, 14.5)], None),
        ([], None),
    ],
    ids=["told", "open already", "over before", "too late", "silent"],
)
def test_a_stretched_closure_is_told_in_time_or_open_already(alerts: list[Alert], told_s: float | None) -> None:
    found = told_after_s(alerts, 10.0, CONFIG)
    assert found == (None if told_s is None else pytest.approx(told_s))


def person(name: str, right: int, of: int) -> Score:
    return Score("ride", name, "dim", face_s=3600.0, yawns=of, yawns_found=right)


def test_intervals_go_by_people_not_by_events() -> None:
    """A hundred yawns of one person say less than a hundred people's."""
    few = [person("Ada", 100, 100), person("Bo", 0, 100)]
    many = [person(f"p{index}", int(index % 2 == 0), 1) for index in range(200)]
    wide, narrow = (ratio(people, lambda s: s.yawns_found, lambda s: s.yawns) for people in (few, many))
    assert wide.value == narrow.value == 0.5
    assert (wide.low, wide.high) == (0.0, 1.0)
    assert narrow.low is not None and narrow.low > 0.4


def test_what_never_came_has_an_upper_end_all_the_same() -> None:
    found = rate_per_hour([person("Ada", 0, 0), person("Bo", 0, 0)], lambda score: score.yawns_false)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1.5, abs=0.01)


def test_a_figure_of_nothing_is_none() -> None:
    assert ratio([person("Ada", 0, 0)], lambda s: s.yawns_found, lambda s: s.yawns).value is None
