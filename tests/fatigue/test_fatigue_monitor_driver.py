"""Who drives: kept while somebody leans in, found again wherever he sits down."""

from __future__ import annotations

import pytest

from edge.fatigue.monitor import DriverChoice
from edge.messages import Box, Face

SEAT: Box = (200.0, 120.0, 180.0, 180.0)
BESIDE: Box = (20.0, 100.0, 110.0, 110.0)
LEANING: Box = (380.0, 100.0, 240.0, 240.0)
FPS = 10


def face(t_s: float, track: int, box: Box | None) -> Face:
    return Face(t_s, track, box)


class Cab:
    """Faces of a picture by track; `goes_on` tells who is taken for the driver at the end, and since when."""

    def __init__(self) -> None:
        self.choice, self.t_s = DriverChoice("largest"), 0.0

    def goes_on(self, for_s: float, *people: tuple[int, Box | None]) -> list[int | None]:
        chosen = []
        for _ in range(round(for_s * FPS)):
            faces = [face(self.t_s, track, box) for track, box in people] or [Face(self.t_s)]
            chosen.append(self.choice.choose(faces).track)
            self.t_s += 1 / FPS
        return chosen


@pytest.mark.parametrize("for_s", [6, 20, 50])
def test_who_leans_in_leans_back(for_s: float) -> None:
    cab = Cab()
    cab.goes_on(60, (1, SEAT), (2, BESIDE))
    assert set(cab.goes_on(for_s, (1, SEAT), (2, LEANING))) == {1}
    assert set(cab.goes_on(20, (1, SEAT), (2, BESIDE))) == {1}


def test_a_larger_face_soon_after_the_start_is_the_driver_after_all() -> None:
    cab = Cab()
    cab.goes_on(3, (1, BESIDE))
    assert cab.goes_on(6, (1, BESIDE), (2, SEAT))[-1] == 2


@pytest.mark.parametrize("box", [LEANING, (440.0, 120.0, 180.0, 180.0), (140.0, 60.0, 320.0, 320.0), BESIDE])
def test_the_driver_is_taken_back_within_seconds_wherever_he_sits_down(box: Box) -> None:
    cab = Cab()
    cab.goes_on(60, (1, SEAT))
    cab.goes_on(5, (1, None))
    cab.goes_on(3)
    assert cab.goes_on(5, (2, box)).index(2) <= 2.1 * FPS


def test_a_passenger_is_not_taken_for_the_driver_but_a_new_face_in_the_seat_is() -> None:
    cab = Cab()
    cab.goes_on(60, (1, SEAT), (2, BESIDE))
    assert set(cab.goes_on(25, (2, LEANING))) == {None}
    assert cab.goes_on(1, (2, LEANING), (3, SEAT))[0] == 3


def test_after_half_a_minute_anybody_may_drive() -> None:
    cab = Cab()
    cab.goes_on(60, (1, SEAT), (2, BESIDE))
    assert cab.goes_on(35, (2, BESIDE))[-1] == 2
