"""The judgement in guarded parts: a fault of one costs no alert of another. Told as drives of Mrs Ferrari."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge.config import Config
from edge.messages import SPEED, Alert, Face, Message, Source, Speed, Trip
from edge.runtime.decision_stages import DecisionStages
from edge.runtime.supervision import STEADY_S, Supervision

FPS = 15
RESEARCH = {"purpose": "research", "consent": "recorded"}
DRIVER = {"purpose": "driver-safety", "camera": {"uri": "http://camera"}}


class Drive:
    """Somebody at the wheel, awake but for the seconds that a test names; keeps what is told."""

    def __init__(self, **config: Any) -> None:
        self.said: list[Source] = []
        self.parts = Supervision(self.said.append)
        self.decisions = DecisionStages(Config.model_validate(config), "drive", supervision=self.parts)
        self.told: list[Message] = []
        self.frame = 0

    def goes_on(
        self, seconds: float, asleep: bool = False, each: Callable[[float], list[Message]] | None = None
    ) -> None:
        for _ in range(round(seconds * FPS)):
            t_s, self.frame = self.frame / FPS, self.frame + 1
            self.told += each(t_s) if each else []
            opening = 0.03 if asleep else 0.30
            pose = {"mouth": 0.02, "yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0}
            box = (100.0, 100.0, 200.0, 200.0)
            face = Face(t_s, track=1, box=box, usable=True, reason=None, eye_opening=opening, **pose)
            self.told += self.decisions.seen([face], False)
            while self.said:
                self.told += self.decisions.source(self.said.pop(0))

    def falls_asleep(self) -> list[tuple[str, str]]:
        self.goes_on(60)
        self.goes_on(4, asleep=True)
        self.goes_on(1)
        return [(m.alert, m.type) for m in self.told if isinstance(m, Alert) and m.alert == "microsleep"]

    def words(self, name: str) -> list[str]:
        return [m.state for m in self.told if isinstance(m, Source) and m.source == name]


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("a fault")


@pytest.mark.parametrize("method", ["observe", "anomalies"])
def test_a_driver_who_falls_asleep_is_told_of_though_the_mood_stage_raises_in_every_picture(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Drive(**RESEARCH).falls_asleep()
    monkeypatch.setattr(f"edge.affect.monitor.AffectMonitor.{method}", broken)
    drive = Drive(**RESEARCH)
    assert drive.falls_asleep() == whole
    assert whole[0] == ("microsleep", "new")
    assert set(drive.words("affect")) == {"lost"}
    assert len(drive.words("affect")) <= 2
    assert drive.parts.stuck(0.0) is None, "without moods the box still does what it is there for"


def test_a_summary_that_raises_costs_no_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.summary.Summarizer.step", broken)
    assert Drive(**DRIVER).falls_asleep()[0] == ("microsleep", "new")


@pytest.mark.parametrize(
    ("name", "method"),
    [("fatigue", "edge.fatigue.monitor.FatigueMonitor.step"), ("alerts", "edge.alerts.engine.AlertEngine.step")],
)
def test_what_a_driver_cannot_do_without_is_told_within_a_second_and_ends_the_process(
    name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(**DRIVER)
    drive.goes_on(10)
    monkeypatch.setattr(method, broken)
    drive.goes_on(1)
    assert drive.decisions.status.lost[name].detail.endswith("RuntimeError: a fault")
    assert not drive.decisions.status.verdict(0.0).healthy
    drive.goes_on(30)
    assert str(drive.parts.stuck(0.0)).startswith(f"{name} cannot be begun anew")
    assert len([m for m in drive.told if isinstance(m, Source) and m.source == name]) == 2, "lost, and left alone"


def test_a_fault_that_passes_leaves_a_part_begun_anew_and_alerts_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    drive = Drive(**DRIVER)
    drive.goes_on(10)
    with monkeypatch.context() as fault:
        fault.setattr("edge.fatigue.monitor.FatigueMonitor.step", broken)
        drive.goes_on(1)
    drive.goes_on(2 * STEADY_S)
    assert drive.words("fatigue") == ["lost", "ok"]
    assert drive.falls_asleep()[0] == ("microsleep", "new")


@pytest.mark.parametrize("gap_s", [1.0, 3.0, 3.9])
def test_speed_works_again_with_the_first_speed_after_a_short_gap(gap_s: float) -> None:
    """The broker that carries the speed starts anew."""
    arming = {"source": "mqtt", "topic": "bus/speed"}
    drive = Drive(**DRIVER, mqtt={"host": "b"}, arming=arming)

    def each(t_s: float) -> list[Message]:
        told: list[Message] = []
        if t_s == 20.0:
            told += drive.decisions.source(Source(t_s, SPEED, "lost", "the connection to the broker was lost."))
        if not 20.0 <= t_s < 20.0 + gap_s and (t_s % 1.0 == 0.0 or t_s == 20.0 + gap_s):
            told += drive.decisions.speed(Speed(t_s, 50.0))
        return told

    drive.goes_on(60, each=each)
    assert drive.words(SPEED) == ["ok", "lost", "ok"]
    lost = [m.type for m in drive.told if isinstance(m, Alert) and m.alert == "source_lost"]
    assert lost == ["new", "end"]


def test_each_silence_of_the_speed_is_told_once() -> None:
    drive = Drive(**DRIVER, mqtt={"host": "b"}, arming={"source": "mqtt", "topic": "bus/speed"})

    def each(t_s: float) -> list[Message]:
        return drive.decisions.speed(Speed(t_s, 50.0)) if t_s in {0.0, 20.0, 40.0} else []

    drive.goes_on(50, each=each)
    assert drive.words(SPEED) == ["ok", "lost", "ok", "lost", "ok", "lost"]


def test_nothing_is_said_of_a_part_that_is_switched_off() -> None:
    drive = Drive(**DRIVER, speech={"transcribe": False})
    drive.told += drive.decisions.without(Source(0.0, "asr", "absent", "switched off by speech.transcribe"))
    drive.told += drive.decisions.source(Source(5.0, "asr", "lost", "people speak too fast"))
    assert drive.words("asr") == ["absent"]
    assert not [m for m in drive.told if isinstance(m, Alert)]


def test_a_drive_is_told_as_a_trip_with_its_way() -> None:
    """Half a minute in the yard, two minutes at 36 km/h, then the stop: 1.2 km."""
    drive = Drive(**DRIVER, mqtt={"host": "b"}, arming={"source": "mqtt", "topic": "bus/speed"})

    def each(t_s: float) -> list[Message]:
        return drive.decisions.speed(Speed(t_s, 36.0 if 30.0 <= t_s < 150.0 else 0.0)) if t_s % 1.0 == 0.0 else []

    drive.goes_on(160, each=each)
    trips = [message for message in drive.told if isinstance(message, Trip)]
    assert {trip.start_s for trip in trips} == {30.0}
    assert (trips[-1].end_s, trips[-1].distance_km) == (149.0, pytest.approx(1.19, abs=0.01))
