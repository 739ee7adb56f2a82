"""What must hold for every stream of faces, however broken."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.decision import FatigueConfig
from edge.fatigue.eyelid_spans import BRIDGE_S, GAP_S
from edge.fatigue.monitor import FORGET_S, FatigueMonitor
from edge.fatigue.policy import ASLEEP
from edge.messages import Face, Fatigue, Level, Message, Reason

CONFIG = FatigueConfig()


def run(faces: list[Face]) -> list[Message]:
    monitor = FatigueMonitor(CONFIG)
    messages = [message for face in faces for message in monitor.step(face)]
    return messages + monitor.finish(faces[-1].t_s)


def reports(faces: list[Face]) -> list[Fatigue]:
    return [message for message in run(faces) if isinstance(message, Fatigue)]


openings = st.floats(0.0, 0.5)
unusable = st.sampled_from(list(Reason))
tracks = st.sampled_from([None, 1, 2])


@st.composite
def streams(draw: st.DrawFn, usable: bool) -> list[Face]:
    """Up to 90 s in stretches of one opening or one reason, at a drifting frame rate, with gaps."""
    t_s, faces = 0.0, []
    for _ in range(draw(st.integers(1, 12))):
        step_s = draw(st.sampled_from([0.033, 0.08, 0.125, 0.3, 1.7]))
        seen = usable and draw(st.booleans())
        opening, track = draw(openings), draw(tracks)
        for _ in range(draw(st.integers(1, 60))):
            t_s += step_s
            if track is None:
                faces.append(Face(t_s))
            elif seen:
                faces.append(Face(t_s, track, usable=True, reason=None, eye_opening=opening, mouth=0.1, pitch_deg=0.0))
            else:
                faces.append(Face(t_s, track, reason=draw(unusable), eye_opening=opening, mouth=0.9, pitch_deg=40.0))
    return faces


@settings(max_examples=60, deadline=None)
@given(streams(usable=True))
def test_measures_stay_in_range_and_faces_pass_first(faces):
    monitor = FatigueMonitor(CONFIG)
    for face in faces:
        first, *others = monitor.step(face)
        assert isinstance(first, Face)
        assert first == replace(face, openness=first.openness)
        assert (first.openness is not None) == (face.usable and face.eye_opening is not None)
        assert first.openness is None or 0 <= first.openness <= 1
        for message in others:
            assert message.t_s == face.t_s
            if isinstance(message, Fatigue):
                shares = (message.perclos_60, message.perclos_180, message.valid_ratio)
                assert all(share is None or 0 <= share <= 1 for share in shares)
                assert (message.level is Level.NONE) == (message.causes == ())


@settings(max_examples=60, deadline=None)
@given(streams(usable=False))
def test_frames_without_usable_eyes_never_raise_a_cause(faces):
    for report in reports(faces):
        assert report.causes == ()
        assert report.perclos_60 is None
        assert report.valid_ratio == 0


@settings(max_examples=60, deadline=None)
@given(streams(usable=True))
def test_a_level_rises_only_in_a_frame_with_usable_eyes_or_where_shut_ones_fell_out_of_sight(faces):
    monitor, before, last_seen = FatigueMonitor(CONFIG), {1: Level.NONE, 2: Level.NONE}, {1: 1.0, 2: 1.0}
    for face in faces:
        if face.usable and face.track is not None and face.eye_opening is not None:
            last_seen[face.track] = face.eye_opening
        for message in monitor.step(face):
            if isinstance(message, Fatigue) and message.track is not None:
                asleep = bool(message.causes) and set(message.causes) <= set(ASLEEP)
                fell = asleep and last_seen[message.track] < 0.3
                seen = face.usable and face.track == message.track
                assert message.level <= before[message.track] or seen or fell
                before[message.track] = message.level


@settings(max_examples=40, deadline=None)
@given(st.floats(15.0, 30.0), st.floats(2.5, 5.0), st.floats(0.0, 0.6), st.integers(0, 10_000))
def test_a_closure_is_told_once_enough_of_it_was_seen_and_never_without_eyes(fps, shut_s, share, seed):
    """Eyes shut at 3 s; frames are lost from 2 s on. The start is known within a gap, so is the time of the alarm."""
    rng, monitor, told_s, kept = random.Random(seed), FatigueMonitor(CONFIG), None, []
    for index in range(round((3 + shut_s) * fps)):
        t_s = index / fps
        lost = t_s > 2 and rng.random() < share
        opening = 0.05 if t_s >= 3 else 0.31
        frame = Face(t_s, 1, usable=not lost, reason=Reason.BLURRED if lost else None, eye_opening=opening)
        kept += [] if lost else [t_s]
        if told_s is None and any(isinstance(m, Fatigue) and m.causes for m in monitor.step(frame)):
            told_s = t_s
            assert not lost
    assert told_s is None or told_s >= 4.5 - 0.3 * BRIDGE_S
    late = [t_s for t_s in kept if t_s >= 4.5 + 0.7 * GAP_S]
    if late and all(right - left <= GAP_S for left, right in pairwise(kept)):
        assert told_s is not None
        assert told_s <= late[0]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 25)), min_size=40, max_size=60),
    st.lists(st.integers(0, 600), max_size=60),
    unusable,
)
def test_unusable_frames_between_usable_ones_change_no_perclos(runs, places, reason):
    """Frames at 10 fps; others without eyes are put between them."""
    shut = [closed for closed, length in runs for _ in range(length)]
    faces = [
        Face(index / 10, 1, usable=True, reason=None, eye_opening=0.05 if closed else 0.31)
        for index, closed in enumerate(shut)
    ]
    blind = [Face(place / 10 + 0.02, 1, reason=reason, eye_opening=0.05) for place in places if place < len(faces) - 1]
    mixed = sorted([*faces, *blind], key=lambda face: face.t_s)
    plain = {report.t_s: report.perclos_60 for report in reports(faces)}
    for report in reports(mixed):
        if report.t_s in plain:
            assert report.perclos_60 == pytest.approx(plain[report.t_s])


def face(t_s: float, opening: float | None = 0.31, track: int | None = 1) -> Face:
    return Face(t_s, track, usable=opening is not None, reason=None, eye_opening=opening)


def test_one_report_a_second_at_any_rate():
    for fps in (7.3, 30.0):
        times = [report.t_s for report in reports([face(index / fps) for index in range(round(60 * fps))])]
        assert len(times) == 60
        assert all(0 <= t_s - second <= 1 / fps for second, t_s in enumerate(times))


def test_frames_further_apart_than_a_gap_tell_nothing():
    last = reports([face(index * 0.6, 0.05) for index in range(200)])[-1]
    assert (last.valid_ratio, last.perclos_60, last.level) == (0, None, Level.NONE)


def test_a_closure_is_cut_where_the_frames_stop():
    faces = [face(index / 20) for index in range(100)]
    faces += [face(5 + index / 20, 0.05) for index in range(24)]
    faces += [face(8 + index / 20, 0.05) for index in range(24)]
    assert all(report.level is Level.NONE for report in reports(faces))


def test_people_are_forgotten():
    monitor = FatigueMonitor(CONFIG)
    for track in range(1, 500):
        monitor.step(face(track * 1.0, track=track))
    assert len(monitor._people) <= FORGET_S + 1


def test_a_raised_level_ends_when_its_person_is_forgotten():
    config = FatigueConfig(hold_s=300, perclos_critical=0.2, least_valid_ratio=0.3)
    monitor = FatigueMonitor(config)
    faces = [face(index / 10, 0.05 if index % 20 < 14 else 0.31) for index in range(600)]
    told = [m for f in faces for m in monitor.step(f) if isinstance(m, Fatigue)]
    assert told[-1].level is Level.CRITICAL
    others = [face(60 + index / 10, track=2) for index in range(700)]
    after = [m for f in others for m in monitor.step(f) if isinstance(m, Fatigue) and m.track == 1]
    assert after[-1].level is Level.NONE
    assert after[-1].t_s == pytest.approx(120, abs=0.2)


def test_eyes_seen_open_once_end_a_closure_that_a_lost_face_would_lengthen():
    """A blink before a blurred half second, one frame with open eyes, then no face: nobody has fallen asleep."""

    def posed(index: int, opening: float) -> Face:
        return Face(index / 10, 1, usable=True, reason=None, eye_opening=opening, yaw_deg=0.0, pitch_deg=0.0)

    shown = [posed(index, 0.31) for index in range(100)] + [posed(index, 0.05) for index in range(100, 104)]
    blurred = [Face(index / 10, 1, reason=Reason.BLURRED) for index in range(104, 109)]
    lost = [Face(index / 10, 1) for index in range(110, 150)]
    assert max(report.level for report in reports([*shown, *blurred, *lost])) is Level.CRITICAL, "the head fell"
    assert max(report.level for report in reports([*shown, *blurred, posed(109, 0.31), *lost])) is Level.NONE
