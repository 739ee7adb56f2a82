from __future__ import annotations

from edge.messages import Face, Reason
from edge.vision.perception import MountCheck


def words(*parts: tuple[float, Reason | None]) -> list[tuple[float, str]]:
    """Stretches of seconds at ten pictures a second, each with what bars the eyes."""
    watch, number, said = MountCheck(), 0, []
    for length_s, reason in parts:
        for _ in range(round(10 * length_s)):
            face = Face(number / 10, 1, usable=reason is None, reason=reason)
            said += [(source.t_s, source.detail or source.state) for source in watch.step([face])]
            number += 1
    return said


def test_a_camera_hung_upside_down_is_told_once_with_the_remedy_and_when_it_is_over() -> None:
    lost, back = words((5, None), (20, Reason.UPSIDE_DOWN), (5, None))
    assert "camera.rotate: 180" in lost[1]
    assert 8.0 <= lost[0] <= 8.1
    assert back == (25.0, "ok")


def test_somebody_who_leaves_the_picture_is_not_upright_for_it() -> None:
    assert len(words((10, Reason.UPSIDE_DOWN), (10, Reason.NO_FACE))) == 1


def test_a_short_turn_is_not_worth_a_word() -> None:
    assert words((5, None), (2, Reason.UPSIDE_DOWN), (5, None), (2, Reason.UPSIDE_DOWN), (5, Reason.DARK)) == []
