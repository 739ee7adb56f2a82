from __future__ import annotations

from dataclasses import replace

import pytest

from edge.config.decision import FatigueConfig
from edge.fatigue.policy import CAUSES, FatigueEvidence, FatiguePolicy, FatigueState
from edge.messages import Level

CALM = FatigueEvidence(t_s=0, seen=True, closed_s=0, open_s=9, perclos_60=0.02, perclos_180=0.02, yawns=0)


def judge(*evidence: FatigueEvidence) -> FatigueState:
    """The last word on evidence a second apart."""
    policy, judgement = FatiguePolicy(FatigueConfig(hold_s=20)), FatigueState()
    for index, one in enumerate(evidence):
        judgement = policy.step(replace(one, t_s=float(index)))
    return judgement


@pytest.mark.parametrize(
    ("evidence", "causes"),
    [
        (CALM, ()),
        (replace(CALM, perclos_60=0.08), ("perclos_advisory",)),
        (replace(CALM, perclos_60=0.20, perclos_180=0.05), ("perclos_advisory",)),
        (replace(CALM, perclos_60=0.20, perclos_180=None), ("perclos_advisory",)),
        (replace(CALM, perclos_60=0.15, perclos_180=0.10), ("perclos_warning",)),
        (replace(CALM, perclos_60=0.30), ("perclos_critical",)),
        (replace(CALM, yawns=3), ()),
        (replace(CALM, yawns=3, perclos_60=0.08), ("perclos_advisory", "yawns")),
        (replace(CALM, yawns=2, perclos_60=0.08), ("perclos_advisory",)),
        (replace(CALM, drowsy_blinks_s=59), ()),
        (replace(CALM, drowsy_blinks_s=60), ("drowsy_blinks",)),
        (replace(CALM, drowsy_blinks_s=59, perclos_60=0.08), ("perclos_advisory",)),
        (replace(CALM, drowsy_blinks_s=60, perclos_60=0.08), ("perclos_advisory", "drowsy_blinks_perclos")),
        (replace(CALM, open_s=0, closed_s=1.49), ()),
        (replace(CALM, open_s=0.01, closed_s=1.5), ("microsleep",)),
        (replace(CALM, open_s=0, closed_s=1.5), ("microsleep",)),
        (replace(CALM, open_s=0, closed_s=3.0), ("sleep",)),
        (replace(CALM, open_s=0, closed_s=6.0), ("unresponsive",)),
        (replace(CALM, perclos_60=None, perclos_180=None), ()),
    ],
)
def test_the_table(evidence, causes):
    judgement = judge(evidence)
    assert judgement.causes == causes
    assert judgement.level == max((CAUSES[cause] for cause in causes), default=Level.NONE)


def test_nothing_rises_on_a_frame_without_eyes():
    high = replace(CALM, seen=False, perclos_60=0.5, perclos_180=0.5, yawns=5, drowsy_blinks_s=99)
    assert judge(high, high).level is Level.NONE


def test_a_perclos_level_stays_above_three_quarters_of_its_threshold():
    high, between, low = (replace(CALM, perclos_60=share) for share in (0.09, 0.065, 0.05))
    assert judge(high, *[between] * 60).level is Level.ADVISORY
    assert judge(high, *[low] * 20).level is Level.ADVISORY
    assert judge(high, *[low] * 21).level is Level.NONE
    assert judge(between).level is Level.NONE


def test_a_level_falls_step_by_step():
    high, half = replace(CALM, perclos_60=0.35, perclos_180=0.3), replace(CALM, perclos_60=0.2, perclos_180=0.2)
    assert judge(high).level is Level.CRITICAL
    assert judge(high, *[half] * 20).level is Level.CRITICAL
    assert judge(high, *[half] * 22).level is Level.WARNING


def test_what_becomes_unknown_ends_after_the_hold():
    high, unknown = replace(CALM, perclos_60=0.35), replace(CALM, seen=False, perclos_60=None, perclos_180=None)
    assert judge(high, *[unknown] * 20).level is Level.CRITICAL
    assert judge(high, *[unknown] * 22).level is Level.NONE


def test_a_closure_ends_only_with_eyes_open_for_long_enough():
    asleep, flutter = replace(CALM, open_s=0, closed_s=4), replace(CALM, open_s=0.2)
    assert judge(asleep, flutter).causes == ("sleep",)
    assert judge(asleep, flutter, replace(flutter, open_s=0.3)).causes == ()


def test_a_second_closure_does_not_lower_what_the_first_reached():
    asleep, again = replace(CALM, open_s=0, closed_s=4), replace(CALM, open_s=0, closed_s=1.6)
    assert judge(asleep, again).causes == ("sleep",)


def test_a_closure_outlasts_the_loss_of_the_eyes_for_ten_seconds_without_rising():
    asleep = replace(CALM, open_s=0, closed_s=4)
    lost = replace(CALM, seen=False, open_s=0)
    assert judge(asleep, *[lost] * 10).causes == ("sleep",)
    assert judge(asleep, *[lost] * 11).causes == ()
