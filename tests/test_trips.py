from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages import Speed, Trip
from edge.summary import ENDS_S, TripMeter


def driven(*legs: tuple[float, float], every_s: float = 1.0) -> list[Trip]:
    """What is told over stretches of (length in s, km/h)."""
    meter, t_s, told = TripMeter(), 0.0, []
    for length_s, kmh in legs:
        until_s = t_s + length_s
        while t_s < until_s:
            told += meter.step(Speed(t_s, kmh))
            t_s += every_s
    return told


def trips(told: list[Trip]) -> dict[float, Trip]:
    """The last word on each, by its start."""
    return {trip.start_s: trip for trip in told}


def test_a_bus_that_stops_at_lights_is_on_one_trip() -> None:
    """Ten minutes at 36 km/h, two at a stop with a receiver that trembles, ten more: 12 km."""
    found = trips(driven((60, 0.5), (600, 36.0), (120, 1.5), (600, 36.0), (900, 0.0)))
    (trip,) = found.values()
    assert (trip.start_s, trip.end_s) == (60.0, 1379.0)
    assert trip.distance_km == pytest.approx(12.0, abs=0.05)


def test_the_way_back_after_the_break_is_another_trip() -> None:
    found = trips(driven((600, 50.0), (ENDS_S + 60, 0.0), (600, 50.0), (10, 0.0)))
    assert [round(trip.end_s - trip.start_s) for trip in found.values()] == [599, 599]


def test_a_trip_ends_once_when_the_bus_has_stood_for_ten_minutes() -> None:
    ended = [trip for trip in driven((600, 50.0), (ENDS_S + 300, 0.0), (600, 50.0), (60, 0.0)) if trip.ended]
    (trip,) = ended
    assert (trip.start_s, trip.end_s) == (0.0, 599.0) and trip.t_s == pytest.approx(599 + ENDS_S + 1)
    assert trip.distance_km == pytest.approx(8.3, abs=0.05)


def test_when_the_power_goes_with_the_ignition_half_a_minute_is_missing_at_most() -> None:
    (trip,) = trips(driven((600, 50.0))).values()
    assert trip.end_s >= 569.0


def test_a_way_through_a_long_tunnel_is_unknown_and_a_short_one_is_not() -> None:
    def through(silent_s: int) -> Trip:
        meter = TripMeter()
        times = [*range(600), *range(600 + silent_s, 1300)]
        return [trip for t_s in times for trip in meter.step(Speed(float(t_s), 60.0))][-1]

    assert through(100).distance_km is None
    assert through(10).distance_km == pytest.approx((through(10).end_s - 11) / 60.0, abs=0.02), "what was measured"


def test_a_vehicle_that_stands_has_no_trip() -> None:
    assert driven((3600, 1.9)) == []


@given(st.lists(st.tuples(st.floats(1, 900), st.floats(0, 120)), min_size=1, max_size=8), st.floats(0.5, 2.0))
def test_trips_are_in_order_and_never_longer_than_the_fastest_could_go(
    legs: list[tuple[float, float]], every_s: float
) -> None:
    found = list(trips(driven(*legs, every_s=every_s)).values())
    assert all(before.end_s + ENDS_S < after.start_s for before, after in itertools.pairwise(found))
    fastest = max(kmh for _, kmh in legs)
    for trip in found:
        assert trip.start_s <= trip.end_s <= trip.t_s
        if trip.distance_km is not None:
            assert 0.0 <= trip.distance_km <= fastest * (trip.end_s - trip.start_s) / 3600.0 + 0.001


def test_a_trip_is_told_every_half_minute_and_when_it_stops() -> None:
    told = driven((60, 0.0), (65, 36.0), (10, 0.0))
    assert [(trip.t_s, trip.start_s, trip.end_s) for trip in told] == [(90, 60, 90), (120, 60, 120), (125, 60, 124)]
    assert [trip.distance_km for trip in told] == pytest.approx([0.3, 0.6, 0.64])


def test_a_changing_speed_counts_with_its_mean() -> None:
    meter = TripMeter()
    (trip,) = [t for t_s, kmh in ((0, 36.0), (2, 72.0), (4, 36.0), (5, 0.0)) for t in meter.step(Speed(t_s, kmh))]
    assert trip.distance_km == pytest.approx(0.06), "4 s at 15 m/s; what follows the last moving speed is standing"


def test_three_kilometres_an_hour_is_moving_and_less_is_not() -> None:
    assert driven((60, 2.99)) == []
    assert [trip.t_s for trip in driven((31, 3.0))] == [30]


@pytest.mark.parametrize(("break_s", "count"), [(ENDS_S, 1), (ENDS_S + 1, 2)])
def test_a_break_of_more_than_ten_minutes_ends_a_trip(break_s: float, count: int) -> None:
    meter = TripMeter()
    times = [(0.0, 36.0), (31.0, 36.0), (31.0 + break_s, 36.0), (62.0 + break_s, 36.0)]
    assert len(trips([trip for t_s, kmh in times for trip in meter.step(Speed(t_s, kmh))])) == count


@pytest.mark.parametrize(("gap_s", "known"), [(5.0, True), (5.5, False)])
def test_five_seconds_without_a_speed_are_bridged_and_more_are_unknown(gap_s: float, known: bool) -> None:
    meter = TripMeter()
    times = [*range(31), 30 + gap_s, *(30 + gap_s + one for one in range(1, 31))]
    (*_, last) = (trip for t_s in times for trip in meter.step(Speed(float(t_s), 36.0)))
    assert (last.distance_km is not None) == known


@pytest.mark.parametrize(("silent_s", "known"), [(10, True), (11, False)])
def test_gaps_of_up_to_a_twentieth_of_the_trip_leave_its_distance_known(silent_s: int, known: bool) -> None:
    meter = TripMeter()
    times = [*range(101), *range(100 + silent_s, 201), 201]
    speeds = [Speed(1000.0 + t_s, 36.0 if t_s <= 200 else 0.0) for t_s in times]
    (*_, last) = (trip for speed in speeds for trip in meter.step(speed))
    assert (last.end_s, last.distance_km is not None) == (1200.0, known)


def test_the_next_trip_begins_with_nothing_of_the_one_before() -> None:
    meter = TripMeter()
    times = [0, 1, 2, 30, 31, 32, 1000, *range(1001, 1032)]
    (*_, last) = (trip for t_s in times for trip in meter.step(Speed(float(t_s), 36.0)))
    assert (last.start_s, last.end_s, last.distance_km) == (1000, 1030, pytest.approx(0.3))
