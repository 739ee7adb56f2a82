"""People at the wheel, and what they hear."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.config import Config
from edge.config.decision import FatigueConfig
from edge.messages import Alert, Attention, Face, Fatigue, Level, Reason, Source
from edge.runtime.decision_stages import DecisionStages
from edge.warning.policy import Cue, StopRepeating, WarningPolicy

HZ = 30


class Cab:
    """One driver's alerts, eyes and looks, and what sounded when."""

    def __init__(self) -> None:
        self.policy = WarningPolicy(FatigueConfig())
        self.t_s = 0.0
        self.heard: list[tuple[float, str]] = []
        self.sleeper = Alert(0.0, "a", "new", "microsleep", Level.CRITICAL, 0.0, 0.0, {"track": 1})

    def tell(self, message: Face | Alert | Attention | Source) -> None:
        self._heard(self.policy.step(message))

    def press(self) -> None:
        self._heard(self.policy.acknowledge())

    def eyes(self, openness: float | None, seconds: float) -> None:
        for _ in range(round(seconds * HZ)):
            self.t_s += 1 / HZ
            self.tell(Face(self.t_s, 1, usable=openness is not None, reason=None, openness=openness))

    def beside(self, driver: float, passenger: float | None, seconds: float) -> None:
        """Both are in every picture, the passenger last."""
        for _ in range(round(seconds * HZ)):
            self.eyes(driver, 1 / HZ)
            self.tell(Face(self.t_s, 2, usable=passenger is not None, reason=None, openness=passenger))

    def nobody(self, seconds: float) -> None:
        for _ in range(round(seconds * HZ)):
            self.t_s += 1 / HZ
            self.tell(Face(self.t_s, reason=Reason.NO_FACE))

    def alert(self, level: Level, type_: str = "new", kind: str = "microsleep", id_: str = "a") -> None:
        evidence = {"track": 1} if kind != "cannot_see_driver" else {}
        self.tell(replace(self.sleeper, t_s=self.t_s, id=id_, type=type_, alert=kind, level=level, evidence=evidence))

    def look(self, away: bool, level: Level = Level.NONE) -> None:
        self.tell(Attention(self.t_s, 1, level, away=away))

    @property
    def signals(self) -> list[str]:
        return [signal for _, signal in self.heard]

    def _heard(self, change: Cue | StopRepeating | None) -> None:
        if change is not None:
            self.heard.append((self.t_s, change.signal if isinstance(change, Cue) else "hush"))


def test_the_first_judged_picture_says_that_the_box_watches_and_only_the_first() -> None:
    cab = Cab()
    cab.nobody(1)
    cab.eyes(1.0, 5)
    assert cab.signals == ["ready"]


def test_a_sleeper_is_called_until_the_eyes_have_opened_and_harder_when_there_is_no_answer() -> None:
    cab = Cab()
    cab.eyes(1.0, 5)
    cab.eyes(0.0, 1.5)
    cab.alert(Level.CRITICAL)
    cab.eyes(0.0, 1.5)
    cab.alert(Level.CRITICAL, "update")
    cab.eyes(0.0, 3.0)
    cab.alert(Level.EMERGENCY, "update")
    cab.eyes(0.0, 20)
    woke_s = cab.t_s
    cab.eyes(1.0, 1)
    assert cab.signals == ["ready", "critical", "emergency", "hush"]
    assert cab.heard[-1][0] - woke_s < 0.4, "as soon as the eyes have been open for `reopened_s`"


def test_a_blink_of_a_sleeper_ends_nothing() -> None:
    cab = Cab()
    cab.eyes(0.0, 1.5)
    cab.alert(Level.CRITICAL)
    cab.eyes(0.0, 1.0)
    cab.eyes(0.9, 0.2)
    cab.eyes(0.0, 5.0)
    assert cab.signals == ["ready", "critical"]


def test_a_sleeper_whose_head_falls_out_of_the_picture_is_called_on() -> None:
    cab = Cab()
    cab.eyes(0.0, 1.5)
    cab.alert(Level.CRITICAL)
    cab.nobody(8.0)
    assert cab.signals == ["ready", "critical"]


def test_heavy_lids_are_told_once_though_perclos_stays_high_for_a_minute() -> None:
    cab = Cab()
    cab.alert(Level.ADVISORY, kind="drowsiness")
    cab.alert(Level.WARNING, "update", kind="drowsiness")
    cab.eyes(0.0, 1.0)
    cab.alert(Level.CRITICAL, "update", kind="drowsiness")
    for _ in range(20):
        cab.eyes(1.0, 3.0)
        cab.alert(Level.CRITICAL, "update", kind="drowsiness")
    assert cab.signals == ["advisory", "warning", "ready", "critical", "hush"]


def test_a_look_away_rises_step_by_step_and_ends_with_the_look() -> None:
    cab = Cab()
    cab.eyes(1.0, 1.0)
    for level, type_ in ((Level.ADVISORY, "new"), (Level.WARNING, "update"), (Level.CRITICAL, "update")):
        cab.alert(level, type_, kind="distraction")
        cab.look(True, level)
        cab.eyes(1.0, 1.0)
    cab.look(False)
    cab.eyes(1.0, 1.5)
    cab.look(True, Level.CRITICAL)
    assert cab.signals == ["ready", "advisory", "warning", "critical", "hush", "critical"]


def test_a_passenger_who_sleeps_or_looks_aside_does_not_keep_the_call_of_a_driver_who_woke() -> None:
    for passenger in (0.0, None):
        cab = Cab()
        cab.beside(0.0, passenger, 1.5)
        cab.alert(Level.CRITICAL)
        cab.beside(1.0, passenger, 1.0)
        assert cab.signals == ["ready", "critical", "hush"]


def test_the_open_eyes_of_a_passenger_neither_end_the_call_of_a_sleeper_nor_let_the_button_do_so() -> None:
    cab = Cab()
    cab.beside(0.0, 1.0, 1.5)
    cab.alert(Level.CRITICAL)
    for _ in range(2 * HZ):  # the sleeper's face has sunk out of the picture
        cab.t_s += 1 / HZ
        cab.tell(Face(cab.t_s, 2, usable=True, reason=None, openness=1.0))
    cab.press()
    assert cab.signals == ["ready", "critical"]


def test_the_button_ends_a_warning_with_open_eyes_only_and_the_next_step_sounds_again() -> None:
    cab = Cab()
    cab.eyes(0.0, 1.5)
    cab.alert(Level.CRITICAL)
    cab.press()
    assert cab.signals == ["ready", "critical"], "eyes shut: the press is nothing"
    cab.eyes(1.0, 1.0)
    cab.alert(Level.CRITICAL, "end")
    cab.alert(Level.CRITICAL, kind="distraction", id_="b")
    cab.look(True, Level.CRITICAL)
    cab.press()
    assert cab.signals == ["ready", "critical", "hush", "critical", "hush"]
    cab.alert(Level.EMERGENCY, "update", kind="distraction", id_="b")
    assert cab.signals[-1] == "emergency"


def test_who_cannot_be_seen_is_told_and_told_louder_when_nobody_drives() -> None:
    cab = Cab()
    cab.nobody(10)
    cab.alert(Level.ADVISORY, kind="cannot_see_driver")
    cab.nobody(14)
    cab.alert(Level.WARNING, "update", kind="cannot_see_driver")
    cab.nobody(6)
    cab.alert(Level.CRITICAL, "update", kind="cannot_see_driver")
    cab.eyes(1.0, 1.0)
    cab.alert(Level.CRITICAL, "end", kind="cannot_see_driver")
    assert cab.signals == ["ready", "blind", "blind", "critical", "blind", "hush"]


def test_a_lost_camera_says_that_the_box_cannot_see_and_a_lost_microphone_says_nothing() -> None:
    cab = Cab()
    lost = Alert(1.0, "m", "new", "source_lost", Level.ADVISORY, 1.0, 0.0, {"source": "microphone"})
    cab.tell(lost)
    cab.tell(replace(lost, id="c", evidence={"source": "camera"}))
    cab.tell(replace(lost, id="c", evidence={"source": "camera"}, type="end"))
    assert cab.signals == ["blind", "hush"]


def test_a_chime_never_interrupts_a_call_and_passengers_shouts_are_not_told_to_the_driver() -> None:
    cab = Cab()
    cab.alert(Level.WARNING, kind="distress", id_="d")
    cab.eyes(0.0, 1.5)
    cab.alert(Level.CRITICAL)
    cab.alert(Level.ADVISORY, kind="distraction", id_="b")
    assert cab.signals == ["ready", "critical"]


def test_no_order_over_mqtt_mutes_a_critical_warning() -> None:
    """The orders go to the alerts as they do live: snooze is refused, and what is taken note of sounds on."""
    config = Config.model_validate({"purpose": "driver-safety"})
    stages = DecisionStages(config, "s")
    policy = WarningPolicy(config.fatigue)
    said = stages._with_alerts(
        [Fatigue(1.0, 1, Level.CRITICAL, None, None, 1.0, ("microsleep",), {"closed_from_s": 0.0})]
    )
    alert = next(message for message in said if isinstance(message, Alert))
    assert policy.step(alert) == Cue("critical", alert.id)
    noted = stages.acknowledge(2.0, alert.id)
    assert [policy.step(message) for message in noted] == [None]
    assert policy._repeated == Cue("critical", alert.id)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["microsleep", "drowsiness", "distraction", "cannot_see_driver"]),
            st.sampled_from(["new", "update", "end"]),
            st.sampled_from(list(Level)[1:]),
            st.floats(0.0, 3.0),
            st.sampled_from([None, 0.0, 1.0]),
        ),
        max_size=30,
    )
)
def test_whatever_comes_nothing_sounds_on_when_all_alerts_have_ended_and_shut_eyes_hear_every_sleep(
    steps: list[tuple[str, str, Level, float, float | None]],
) -> None:
    cab = Cab()
    for kind, type_, level, seconds, openness in steps:
        cab.alert(level, type_, kind, kind)
        cab.eyes(openness, seconds)
    for kind in ("microsleep", "drowsiness", "distraction", "cannot_see_driver"):
        cab.alert(Level.CRITICAL, "end", kind, kind)
    assert cab.policy.level is Level.NONE
    assert cab.policy._repeated is None
    cab.eyes(0.0, 2.0)
    cab.alert(Level.CRITICAL, id_="last")
    assert cab.signals[-1] == "critical"
