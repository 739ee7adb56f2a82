import itertools
import math

from demo.story import DRIVE, SHUT, Event, Story

_SHUT_KINDS = {"blink", "closure", "nod"}


def _shut_spans() -> list[tuple[float, float]]:
    return [(event.start_s, event.end_s) for event in DRIVE.events if event.kind in _SHUT_KINDS]


def test_lids_are_down_exactly_while_the_ground_truth_says_so() -> None:
    inside = [s + share * (e - s) for s, e in _shut_spans() for share in (0.05, 0.5, 0.95)]
    far = [t / 20 for t in range(round(20 * DRIVE.length_s))]
    far = [t for t in far if all(t < s - 0.45 or t > e + 0.3 for s, e in _shut_spans())]
    assert min(DRIVE.lids(t) for t in inside) > SHUT
    assert max(DRIVE.lids(t) for t in far) < 0.5


def test_the_driver_is_awake_and_talks_while_the_box_learns_open_eyes() -> None:
    assert not [event for event in DRIVE.events if event.start_s < 20 and event.kind in {"closure", "nod", "yawn"}]
    assert len([sentence for sentence in DRIVE.sentences if sentence.start_s < 20]) >= 3


def test_blinks_are_irregular_and_two_to_five_seconds_apart_at_the_start() -> None:
    starts = [event.start_s for event in DRIVE.events if event.kind == "blink" and event.start_s < 24]
    gaps = [round(b - a, 2) for a, b in itertools.pairwise(starts)]
    assert all(2 <= gap <= 5 for gap in gaps)
    assert max(gaps) - min(gaps) > 1


def test_one_long_closure_of_about_four_seconds() -> None:
    closures = [event for event in DRIVE.events if event.kind == "closure"]
    assert [round(event.end_s - event.start_s, 1) for event in closures] == [4.0]
    assert 38 < closures[0].start_s < 42


def test_in_a_nod_the_eyes_shut_first_and_the_head_follows_and_comes_back() -> None:
    nod = next(event for event in DRIVE.events if event.kind == "nod")
    assert DRIVE.lids(nod.start_s + 0.3) > SHUT
    assert DRIVE.nod_deg(nod.start_s + 0.3) == 0.0
    assert max(DRIVE.nod_deg(nod.start_s + t / 20) for t in range(40)) > 15
    assert DRIVE.nod_deg(nod.end_s + 1.0) == 0.0


def test_a_story_without_events_is_a_calm_face() -> None:
    calm = Story(5.0, (), ())
    assert [calm.lids(1.0), calm.yawn(1.0), calm.smile(1.0), calm.nod_deg(1.0)] == [0.0, 0.0, 0.0, 0.0]


def test_a_smile_and_a_yawn_rise_and_fall_without_a_jump() -> None:
    story = Story(10.0, (Event("smile", 1.0, 4.0), Event("yawn", 5.0, 9.0)), ())
    for curve in (story.smile, story.yawn):
        values = [curve(frame / 30) for frame in range(300)]
        assert max(values) > 0.8
        assert max(abs(b - a) for a, b in itertools.pairwise(values)) < 0.12
        assert math.isclose(values[0], 0.0)
        assert math.isclose(values[-1], 0.0)
