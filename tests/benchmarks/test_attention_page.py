"""The streams of looks say what they are meant to, and the page is made of its figures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks.attention.cab import Cab, Driver, View
from benchmarks.attention.gaze_targets import LONG, PHONE, SHORT, WARNED, Target
from benchmarks.attention.page import page
from benchmarks.attention.trials import DISTRACTED, FAST_KMH, WARM_S, Stand
from edge.config import load_config
from edge.messages import Reason

EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"


def test_there_are_forty_one_single_targets_and_the_turns_of_several() -> None:
    assert sum(len(targets) for group in (LONG, SHORT, PHONE) for targets in group.values()) == 41
    assert len(WARNED) == 7


@pytest.mark.parametrize("target", [Target("owl", "infotainment"), Target("lizard", "driver lap")])
def test_head_and_eyes_add_up_to_the_gaze(target: Target) -> None:
    assert all(abs(head) <= abs(gaze) + 1e-9 for head, gaze in zip(target.head_deg, target.gaze_deg, strict=True))
    share = abs(target.head_deg[0]) / max(abs(target.gaze_deg[0]), 1e-9)
    assert math.isclose(share, 0.85, abs_tol=0.01) or target.movement == "lizard"


def test_a_face_that_is_turned_far_is_not_usable_and_farther_is_lost() -> None:
    driver = Driver(View()).turns(5, 3, (65.0, 0.0), (0.0, 0.0)).turns(10, 3, (120.0, 0.0), (0.0, 0.0))
    at = {round(face.t_s, 1): face for face in driver.faces(0, 14)}
    assert at[2.0].usable
    assert at[6.0].reason is Reason.TURNED_AWAY and at[6.0].yaw_deg == pytest.approx(52, abs=4)
    assert at[11.0].reason is Reason.NO_FACE and at[11.0].box is None


def test_lids_that_follow_a_gaze_keep_the_iris_and_shut_ones_do_not() -> None:
    driver = Driver(View(lid_law_deg=50.0)).turns(5, 3, (0.0, 0.0), (0.0, 42.0)).closes(10, 3)
    at = {round(face.t_s, 1): face.eyes[0] for face in driver.faces(0, 14)}
    assert at[6.0].opening < 0.13 and at[11.0].opening < 0.1
    assert (at[6.0].iris_radius or 0) > 0.185 > (at[11.0].iris_radius or 1)


def test_a_copy_of_a_box_goes_its_own_way_and_tells_what_the_box_would() -> None:
    stand = Stand(load_config(Path("configs/bus-cab.yaml")), View(fps=8.0))
    driver = stand.driver().looks(WARM_S + 1, 5, Target("owl", "infotainment"))
    warm = stand.cab()
    cabs = [
        warm.again(),
        warm.again(),
        Cab(stand.config).drives(stand.driver(), from_s=0, until_s=WARM_S, kmh=FAST_KMH),
    ]
    for cab in cabs:
        cab.drives(driver, from_s=WARM_S, until_s=WARM_S + 6, kmh=FAST_KMH)
    told_s = [cab.told(DISTRACTED, WARM_S, WARM_S + 6) for cab in cabs]
    assert told_s == [told_s[0]] * 3 and told_s[0] is not None
    assert warm.alerts == []


def test_the_page_is_made_of_its_figures() -> None:
    figures = json.loads((EVIDENCE / "attention.json").read_text(encoding="utf-8"))
    assert page(figures) == (EVIDENCE / "attention.md").read_text(encoding="utf-8")
