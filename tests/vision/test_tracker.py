import numpy as np

from edge.messages import Box
from edge.vision.crop import Crop
from edge.vision.detector import Detection
from edge.vision.mesh import Mesh
from edge.vision.tracker import GRACE_S, MESH_STANDS_S, Head, Tracker, head_of


def head(box: Box, t_s: float = 0.0) -> Head:
    rng = np.random.default_rng(0)
    points = np.zeros((468, 3), np.float32)
    points[:, :2] = rng.uniform((box[0], box[1]), (box[0] + box[2], box[1] + box[3]), (468, 2))
    points[0, :2], points[1, :2] = box[:2], (box[0] + box[2], box[1] + box[3])
    points[33, :2], points[263, :2] = (box[0], box[1] + 20), (box[0] + box[2], box[1] + 20)
    return head_of(Mesh(points, 1.0), t_s)


def detection(box: Box) -> Detection:
    return Detection(0.9, box, Crop(box[0] + box[2] / 2, box[1] + box[3] / 2, 1.5 * box[2]))


LEFT: Box = (100.0, 100.0, 80.0, 90.0)
RIGHT: Box = (400.0, 100.0, 80.0, 90.0)


def numbers(tracker: Tracker) -> list[int]:
    return [track.number for track in tracker.visible]


def test_people_are_numbered_from_one_and_keep_their_numbers() -> None:
    tracker = Tracker(2)
    first = tracker.follow(None, head(LEFT, 0.0))
    tracker.follow(None, head(RIGHT, 0.0))
    tracker.follow(first, head((105.0, 100.0, 80.0, 90.0), 0.1))
    tracker.settle()
    assert numbers(tracker) == [1, 2]


def test_a_followed_face_is_not_claimed_again() -> None:
    tracker = Tracker(2)
    tracker.follow(None, head(LEFT, 0.0))
    assert tracker.claim([detection((104.0, 104.0, 78.0, 84.0))]) == []


def test_a_face_that_comes_back_nearby_keeps_its_number() -> None:
    tracker = Tracker(1)
    track = tracker.follow(None, head(LEFT, 0.0))
    tracker.lose(track)
    tracker.expire(GRACE_S - 0.1)
    claims = tracker.claim([detection((160.0, 130.0, 80.0, 80.0))])
    assert [claimed for claimed, _ in claims] == [track]


def test_a_face_that_appears_far_away_is_somebody_else() -> None:
    tracker = Tracker(1)
    tracker.lose(tracker.follow(None, head(LEFT, 0.0)))
    assert [claimed for claimed, _ in tracker.claim([detection(RIGHT)])] == [None]


def test_a_much_smaller_face_at_the_same_place_is_somebody_else() -> None:
    tracker = Tracker(1)
    tracker.lose(tracker.follow(None, head(LEFT, 0.0)))
    assert [claimed for claimed, _ in tracker.claim([detection((130.0, 130.0, 30.0, 30.0))])] == [None]


def test_after_the_grace_the_number_is_gone_for_good() -> None:
    tracker = Tracker(1)
    tracker.lose(tracker.follow(None, head(LEFT, 0.0)))
    tracker.expire(GRACE_S + 0.1)
    assert tracker.tracks == []
    assert tracker.follow(None, head(LEFT, 6.0)).number == 2


def test_the_driver_gets_his_place_back_from_the_passenger() -> None:
    tracker = Tracker(1)
    driver = tracker.follow(None, head((100.0, 100.0, 160.0, 180.0), 0.0))
    tracker.lose(driver)
    tracker.follow(None, head(RIGHT, 1.0))
    claims = tracker.claim([detection((110.0, 110.0, 150.0, 150.0)), detection(RIGHT)])
    assert [claimed for claimed, _ in claims] == [driver]
    tracker.follow(driver, head((110.0, 110.0, 160.0, 180.0), 2.0))
    tracker.settle()
    assert numbers(tracker) == [driver.number]


def test_a_much_larger_face_takes_the_place_of_the_smallest() -> None:
    tracker = Tracker(1)
    tracker.follow(None, head(LEFT, 0.0))
    assert tracker.claim([detection((400.0, 100.0, 100.0, 100.0))]) == []
    large: Box = (400.0, 100.0, 200.0, 200.0)
    assert len(tracker.claim([detection(large)])) == 1
    tracker.follow(None, head(large, 0.1))
    tracker.settle()
    assert numbers(tracker) == [2]


def test_two_tracks_on_one_face_become_the_older_one() -> None:
    tracker = Tracker(4)
    tracker.follow(None, head(LEFT, 0.0))
    tracker.follow(None, head((108.0, 104.0, 80.0, 90.0), 0.0))
    tracker.settle()
    assert [track.number for track in tracker.tracks] == [1]


def test_a_still_head_stands_for_the_next_picture_and_not_for_the_one_after() -> None:
    tracker = Tracker(1)
    track = tracker.follow(None, head(LEFT, 0.0))
    assert not track.stands(0.04), "one mesh says nothing of stillness"
    tracker.follow(track, head(LEFT, 0.04))
    assert track.stands(0.08)
    tracker.keep(track, 0.08)
    assert not track.stands(0.12)


def test_an_old_head_does_not_stand() -> None:
    tracker = Tracker(1)
    track = tracker.follow(None, head(LEFT, 0.0))
    tracker.follow(track, head(LEFT, 0.04))
    assert not track.stands(0.041 + MESH_STANDS_S)


def test_a_head_that_was_lost_in_between_does_not_stand() -> None:
    tracker = Tracker(1)
    track = tracker.follow(None, head(LEFT, 0.0))
    tracker.lose(track)
    tracker.follow(track, head(LEFT, 0.08))
    assert not track.stands(0.12)
