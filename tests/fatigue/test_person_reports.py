"""What one person's reports say about eyes that are not seen and a gaze that is half measured."""

from __future__ import annotations

import itertools

import pytest

from edge.config.decision import AttentionConfig, FatigueConfig
from edge.fatigue.attention import AttentionPolicy, StraightAhead
from edge.fatigue.eyelid_spans import LidSpan
from edge.fatigue.monitor import FatigueMonitor
from edge.fatigue.person import JUDGED_S, REPORT_S, AttentionReporter
from edge.fatigue.policy import Perclos
from edge.messages import Attention, Face, Fatigue, Reason


def seen(t_s: float, **gaze: float | None) -> Face:
    return Face(t_s, 1, usable=True, reason=None, eye_opening=0.31, yaw_deg=0.0, pitch_deg=0.0, **gaze)


def test_eyes_are_unknown_five_seconds_after_they_were_judged_with_the_reason() -> None:
    monitor = FatigueMonitor(FatigueConfig())
    for index in range(31):
        monitor.step(seen(index / 10))
    dark = [Face(3.0 + index / 10, 1, reason=Reason.DARK) for index in range(1, 90)]
    told = [message for face in dark for message in monitor.step(face) if isinstance(message, Fatigue)]
    assert [message.unknown for message in told if message.t_s <= 3.0 + JUDGED_S] == [None] * round(JUDGED_S)
    assert {message.unknown for message in told if message.t_s > 3.05 + JUDGED_S} == {"dark"}
    gaps = [after.t_s - before.t_s for before, after in itertools.pairwise(told)]
    assert gaps == pytest.approx([REPORT_S] * len(gaps))


@pytest.mark.parametrize(
    ("gaze", "away"),
    [((60.0, 0.0), True), ((None, 60.0), False), ((60.0, None), False), ((None, None), False), ((0.0, 0.0), False)],
)
def test_a_gaze_counts_when_both_of_its_angles_are_measured(
    gaze: tuple[float | None, float | None], away: bool
) -> None:
    policy = AttentionPolicy(AttentionConfig(), StraightAhead((0.0, 0.0), (0.0, 0.0)))
    reporter = AttentionReporter(1, 0.0, policy)
    for index in range(41):
        face = seen(index / 10, gaze_yaw_deg=gaze[0], gaze_pitch_deg=gaze[1])
        told = reporter.follow(face, closed=False, lowered=False, driving=True)
    assert policy.look.away == away
    assert isinstance(told[0], Attention) and (told[0].gaze_yaw_deg is None) == (None in gaze)


def test_time_at_a_stop_is_judged_and_counts_for_nothing() -> None:
    perclos = Perclos(0.0, 0.5)
    perclos.add(LidSpan(0.0, 40.0, closed=False))
    perclos.add(LidSpan(40.0, 50.0, closed=True))
    perclos.add(LidSpan(50.0, 60.0, closed=True), driving=False)
    assert perclos.share(60.0, 60.0) == pytest.approx(10 / 50)
    assert (perclos.judged_s, perclos.valid_ratio(60.0)) == (60.0, 1.0)
