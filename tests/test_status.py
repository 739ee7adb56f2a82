"""The one record of what works."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages import Source
from edge.status import OLDEST_S, VITAL, SystemStatus


def working() -> SystemStatus:
    status = SystemStatus()
    status.worked("camera")
    status.turned(100.0, None)
    return status


def test_a_box_is_ready_with_its_first_picture_or_when_it_is_known_that_none_comes() -> None:
    status = SystemStatus("camera")
    status.worked("microphone")
    assert not status.ready
    assert status.sentence == "waiting for the first picture or sound"
    status.take(Source(4.0, "camera", "lost", "nobody answers"))
    assert status.ready
    assert status.sentence == "camera lost: nobody answers"


def test_a_loop_that_does_not_turn_and_a_part_that_hangs_are_unhealthy() -> None:
    status = working()
    assert status.verdict(100.0 + OLDEST_S).healthy
    silent = status.verdict(101.0 + OLDEST_S)
    assert (silent.healthy, silent.reasons[0][:11]) == (False, "no progress")
    status.turned(200.0, "vision hangs")
    assert status.verdict(200.0).reasons == ("vision hangs",)
    assert status.sentence == "vision hangs"


def test_a_camera_without_models_that_see_is_no_healthy_box() -> None:
    status = working()
    status.take(Source(0.0, "vision", "absent", "the bundle has no iris"))
    assert status.verdict(100.0).reasons == ("vision absent: the bundle has no iris",)
    assert not status.verdict(100.0).healthy
    status.take(Source(0.0, "camera", "absent", "camera.uri is not set"))
    assert status.verdict(100.0).healthy


@pytest.mark.parametrize("name", VITAL)
def test_a_box_whose_judgement_is_lost_watches_nobody_and_is_unhealthy(name: str) -> None:
    status = working()
    status.take(Source(1.0, name, "lost", "RuntimeError: no"))
    verdict = status.verdict(100.0)
    assert (verdict.healthy, verdict.reasons, verdict.lost) == (False, (f"{name} lost: RuntimeError: no",), (name,))
    status.take(Source(2.0, name, "ok"))
    assert status.verdict(100.0).healthy


def test_the_time_of_a_loss_is_that_of_its_first_word_and_the_reason_that_of_its_last() -> None:
    status = SystemStatus()
    assert status.take(Source(1.0, "speed", "lost", "no speed for 5 s"))
    assert not status.take(Source(2.0, "speed", "lost", "no speed for 5 s"))
    assert status.take(Source(3.0, "speed", "lost", "the broker is gone"))
    assert (status.lost["speed"].since_s, status.lost["speed"].detail) == (1.0, "the broker is gone")
    assert status.losses == 1


def test_nothing_is_said_of_a_part_that_the_box_does_without() -> None:
    status = SystemStatus()
    status.do_without(Source(0.0, "asr", "absent", "switched off by speech.transcribe"))
    assert not status.take(Source(5.0, "asr", "lost", "people speak too fast"))
    assert not status.lost
    assert status.losses == 0


@given(st.lists(st.tuples(st.sampled_from(["camera", "speed", "asr"]), st.sampled_from(["ok", "lost", "absent"]))))
def test_what_was_told_as_news_alone_gives_the_same_record(words: list[tuple[str, str]]) -> None:
    whole, told = SystemStatus(), SystemStatus()
    for t_s, (name, state) in enumerate(words):
        source = Source(float(t_s), name, state)  # type: ignore[arg-type]
        if whole.take(source):
            assert told.take(source)
    assert whole.parts == told.parts
    assert whole.losses == told.losses
