"""Looks away to the tenth of a second: begin, tolerance, sums, return, loss."""

from __future__ import annotations

import pytest

from edge.config.decision import AttentionConfig
from edge.fatigue.attention import (
    CAUSES,
    LOST_AWAY_S,
    PRIOR_HEAD_DEG,
    TOLERANCE_S,
    Angles,
    AttentionPolicy,
    AttentionState,
    DirectionBaseline,
    StraightAhead,
)
from edge.messages import Level

CONFIG = AttentionConfig()
KNOWN = StraightAhead((0.0, 0.0), (0.0, 0.0))
ROAD, ASIDE = (0.0, 0.0), (60.0, 0.0)


class Watched:
    """One person, ten frames a second; each leg goes on where the one before ended."""

    def __init__(self, ahead: StraightAhead | None = KNOWN) -> None:
        self.policy, self.frame = AttentionPolicy(CONFIG, ahead), 0

    def looks(self, for_s: float, head: Angles, gaze: Angles | None = ROAD, lowered: bool = False):
        return [self.policy.step(self._next_s(), head, gaze, lowered) for _ in range(round(10 * for_s))]

    def is_gone(self, for_s: float) -> list[AttentionState]:
        return [self.policy.miss(self._next_s()) for _ in range(round(10 * for_s))]

    def _next_s(self) -> float:
        self.frame += 1
        return (self.frame - 1) / 10


def test_a_look_away_grows_from_the_middle_between_two_frames_through_all_levels() -> None:
    person = Watched()
    person.looks(5, ROAD)
    away = person.looks(CONFIG.critical_s + 1, ASIDE)
    assert [round(state.away_s, 2) for state in away[:3]] == [0.05, 0.15, 0.25]
    first = {cause: next(s.away_s for s in away if cause in s.causes) for cause in ("glance", "long_glance")}
    assert first["glance"] == pytest.approx(CONFIG.advisory_s + 0.05)
    assert first["long_glance"] == pytest.approx(CONFIG.warning_s + 0.05)
    critical = next(state for state in away if state.level is Level.CRITICAL)
    assert (critical.away_s, critical.causes[-1]) == (pytest.approx(CONFIG.critical_s + 0.05), "not_attending")
    assert away[-1].away and (away[-1].yaw_deg, away[-1].pitch_deg) == (60.0, 0.0)
    assert (away[-1].gaze_yaw_deg, away[-1].gaze_pitch_deg) == (0.0, 0.0)


@pytest.mark.parametrize(("back_s", "goes_on"), [(TOLERANCE_S, True), (TOLERANCE_S + 0.1, False)])
def test_a_short_look_back_does_not_end_a_look_away(back_s: float, goes_on: bool) -> None:
    person = Watched()
    person.looks(1, ROAD)
    person.looks(2, ASIDE)
    person.looks(back_s, ROAD)
    again = person.looks(0.1, ASIDE)[-1]
    assert again.away_s == pytest.approx(2.05 + back_s - 0.05 + 0.05 if goes_on else 0.05, abs=0.06)


def test_looks_away_add_up_without_the_looks_back_and_are_forgotten_after_them() -> None:
    person = Watched()
    person.looks(1, ROAD)
    for _ in range(3):
        person.looks(1.5, ASIDE)
        state = person.looks(0.5, ROAD)[-1]
    assert state.away_30_s == pytest.approx(4.5) and not state.away
    kept = person.looks(CONFIG.back_s - 0.6, ROAD)[-1]
    assert kept.away_30_s == pytest.approx(4.5)
    assert person.looks(0.3, ROAD)[-1].away_30_s == 0.0


def test_many_glances_are_a_warning_though_none_is_long() -> None:
    person = Watched()
    person.looks(1, ROAD)
    told = [state for _ in range(9) for state in (*person.looks(1.6, ASIDE), *person.looks(0.5, ROAD))]
    first = next(state for state in told if state.causes)
    assert (first.causes, first.level, first.away) == (("many_glances",), Level.WARNING, True)
    assert first.away_30_s == pytest.approx(CONFIG.cumulative_s, abs=0.06)
    assert person.looks(CONFIG.back_s + 0.1, ROAD)[-1].causes == ()


def test_what_is_older_than_the_window_does_not_add_up() -> None:
    person = Watched()
    for _ in range(round(2 * CONFIG.cumulative_window_s / 5)):
        person.looks(1, ASIDE)
        state = person.looks(4, ROAD) if CONFIG.back_s > 4 else person.looks(CONFIG.back_s - 0.3, ROAD)
    assert state[-1].away_30_s <= CONFIG.cumulative_window_s / 2.5


def test_a_head_that_came_back_halfway_is_still_away_and_one_at_the_same_place_was_never() -> None:
    between: Angles = (CONFIG.yaw_deg * (1 + CONFIG.exit_share) / 2, 0.0)
    person = Watched()
    assert not person.looks(1, between)[-1].away
    person.looks(1, ASIDE)
    assert person.looks(1, between)[-1].away
    assert not person.looks(1, (CONFIG.yaw_deg * CONFIG.exit_share - 0.1, 0.0))[-1].away


def test_eyes_may_look_away_without_the_head_and_a_look_up_is_none() -> None:
    person = Watched()
    assert not person.looks(1, ROAD, (CONFIG.gaze_yaw_deg - 0.1, 0.0))[-1].away
    assert person.looks(1, ROAD, (CONFIG.gaze_yaw_deg + 0.1, 0.0))[-1].away
    other = Watched()
    assert not other.looks(1, (0.0, -60.0), (0.0, -60.0))[-1].away
    assert not other.looks(1, (CONFIG.yaw_deg - 0.02, -60.0))[-1].away
    assert other.looks(1, (0.0, CONFIG.pitch_deg + 0.1))[-1].away


def test_an_unsteady_gaze_is_not_used_and_it_is_said_after_two_seconds() -> None:
    person = Watched(StraightAhead((0.0, 0.0), None))
    assert not person.looks(1, ROAD, (80.0, 0.0))[-1].away
    person = Watched()
    person.looks(1, ROAD)
    hidden = person.looks(3, ROAD, None)
    assert [state.causes for state in hidden[:20]] == [()] * 20
    assert {state.causes for state in hidden[21:]} == {("head_only",)}


def test_lids_that_follow_the_gaze_down_are_a_look_away_and_teach_nothing() -> None:
    person = Watched()
    assert {state.away for state in person.looks(3, ROAD, None, lowered=True)} == {True}
    assert person.policy.ahead == KNOWN
    assert "head_only" not in person.looks(0.1, ROAD, None, lowered=True)[-1].causes


def test_before_it_is_learned_the_bounds_of_the_head_are_those_of_any_camera() -> None:
    yaw, pitch = PRIOR_HEAD_DEG
    for head, away in (
        ((yaw, 0.0), False),
        ((-yaw - 0.1, 0.0), True),
        ((0.0, pitch), False),
        ((0.0, pitch + 0.1), True),
    ):
        state = Watched(None).looks(0.1, head)[-1]
        assert (state.away, state.causes) == (away, ("learning",))


def test_a_face_that_is_lost_while_it_looks_away_stays_away_for_ten_seconds() -> None:
    person = Watched()
    person.looks(1, ROAD)
    person.looks(1, ASIDE)
    gone = person.is_gone(LOST_AWAY_S + 1)
    assert {state.away for state in gone[:99]} == {True} and gone[98].yaw_deg is None
    assert gone[98].away_s == pytest.approx(10.85)
    assert (gone[99].away, gone[99].causes, gone[99].level) == (False, ("unknown",), Level.NONE)


def test_a_face_that_is_lost_on_the_road_is_unknown_after_its_time() -> None:
    person = Watched()
    person.looks(1, ROAD)
    gone = person.is_gone(CONFIG.lost_s + 1)
    lost = next(index for index, state in enumerate(gone, 1) if state.causes == ("unknown",))
    assert lost / 10 == pytest.approx(CONFIG.lost_s)


def test_rest_forgets_what_was_added_up() -> None:
    person = Watched()
    person.looks(5, ASIDE)
    assert person.policy.rest() == AttentionState() == person.policy.look
    state = person.looks(0.1, ASIDE)[-1]
    assert (state.away_s, state.away_30_s, state.level) == (0.0, 0.0, Level.NONE)


def test_a_gap_of_more_than_the_bridge_begins_anew() -> None:
    policy = AttentionPolicy(CONFIG, KNOWN)
    near = [policy.step(t_s, ASIDE, None).away_s for t_s in (0.0, 0.8, 1.6)]
    assert near == pytest.approx([0.0, 0.8, 1.6])
    assert policy.step(2.5, ASIDE, None).away_s == 0.0


def test_causes_come_in_the_order_of_their_gravity() -> None:
    person = Watched()
    person.looks(1, ROAD)
    for _ in range(9):
        person.looks(1.6, ASIDE, None)
        person.looks(0.5, ROAD, None)
    causes = person.looks(4, ASIDE, None)[-1].causes
    assert causes == ("head_only", "long_glance", "many_glances") and list(causes) == sorted(
        causes, key=list(CAUSES).index
    )


def fed(ahead: DirectionBaseline, *times_s: float, angles: Angles = (10.0, 2.0)) -> None:
    for t_s in times_s:
        ahead.observe(t_s, angles, away=False)


def test_learning_counts_seen_time_at_most_ten_times_a_second() -> None:
    slow, fast = DirectionBaseline(5.0), DirectionBaseline(5.0)
    fed(slow, *(index / 10 for index in range(50)))
    fed(fast, *(index / 100 for index in range(500)))
    assert slow.learned is None is fast.learned
    fed(slow, 5.0)
    fed(fast, 5.0)
    assert slow.learned == (10.0, 2.0) == fast.learned


def test_time_without_a_face_teaches_nothing() -> None:
    ahead = DirectionBaseline(5.0)
    fed(ahead, *(index * 0.9 for index in range(50)))
    assert ahead.learned is None
    fed(ahead, *(100 + index * 0.75 for index in range(8)))
    assert ahead.learned == (10.0, 2.0)


def test_what_is_learned_follows_slowly_by_the_time_that_passed() -> None:
    ahead = DirectionBaseline(5.0)
    fed(ahead, *(index / 10 for index in range(51)))
    fed(ahead, 5.5, angles=(46.0, 8.0))
    assert ahead.learned == (pytest.approx(10 + 36 * 0.5 / 360), pytest.approx(2 + 6 * 0.5 / 360))
    assert ahead.turned((46.0, 8.0)) == (pytest.approx(35.95), pytest.approx(5.99167, abs=1e-4))


def test_a_camera_that_was_moved_needs_most_of_a_full_minute_at_four_frames_a_second() -> None:
    def moved(every_s: float, share: float, until_s: float = 70.0) -> bool:
        ahead = DirectionBaseline(5.0, (0.0, 0.0))
        for index in range(round(until_s / every_s)):
            away = index % 10 < round(10 * share)
            ahead.observe(index * every_s, (30.0, 0.0) if away else (0.0, 0.0), away)
        return ahead.learned is not None and ahead.learned[0] > 20

    assert moved(0.1, 1.0) and moved(0.1, 0.8) and moved(0.2, 1.0)
    assert not moved(0.1, 0.7) and not moved(0.3, 1.0) and not moved(0.1, 1.0, 58.0)
