from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from mqtt_helpers import until

from edge.config import Config
from edge.config.decision import WarningConfig
from edge.messages import Source, Warned
from edge.warning.speaker import Speaker
from edge.warning.warner import NOTHING, WarnerSink, is_quiet


def box(**sections: object) -> Config:
    return Config.model_validate({"purpose": "driver-safety", **sections})


def at(hour: int, minute: int = 0) -> time.struct_time:
    return time.struct_time((2026, 11, 30, hour, minute, 0, 0, 334, 0))


def test_a_cab_in_which_nothing_warns_is_told_so_and_a_classroom_needs_none() -> None:
    told: list[Source | Warned] = []
    with WarnerSink(box(), time.monotonic, told.append):
        assert told == [Source(0.0, "warning", "absent", NOTHING)]
    quiet = {"fatigue": {"enabled": False}, "speech": {"transcribe": False}}
    room = Config.model_validate({"purpose": "classroom-wellbeing", **quiet})
    with WarnerSink(room, time.monotonic, told.append):
        assert len(told) == 1


def test_a_classroom_has_no_speaker() -> None:
    quiet = {"fatigue": {"enabled": False}, "speech": {"transcribe": False}}
    with pytest.raises(ValueError, match="warning is not allowed for purpose classroom-wellbeing"):
        Config.model_validate({"purpose": "classroom-wellbeing", **quiet, "warning": {"speaker": "default"}})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"speaker": None}, "nothing would warn the driver"),
        ({"volume": 0.9, "loudest": 0.5}, "loudest must not be below volume"),
        ({"quiet": "22-6"}, "22:00-06:00"),
        ({"quiet": "25:00-06:00"}, "22:00-06:00"),
        ({"gpio": "17"}, "gpio"),
        ({"volume": 0.0}, "volume"),
        ({"loudest": 2.0}, "loudest"),
    ],
)
def test_a_section_that_cannot_work_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WarningConfig.model_validate(wrong)


def test_quiet_hours_go_over_midnight_and_need_a_clock_that_can_be_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    night, noon = WarningConfig(quiet="22:00-06:00"), WarningConfig(quiet="12:00-13:30")
    assert [is_quiet(night, at(hour)) for hour in (21, 22, 0, 5, 6)] == [False, True, True, True, False]
    assert [is_quiet(noon, at(*when)) for when in ((11, 59), (12, 0), (13, 29), (13, 30))] == [False, True, True, False]
    assert not is_quiet(WarningConfig(), at(3))
    monkeypatch.setattr("edge.warning.warner.clock_state", lambda: "unsynced")
    assert not is_quiet(WarningConfig(quiet="00:00-23:59"))


def test_an_output_whose_driver_raises_what_nobody_expects_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def broken(_self: Speaker, stop: threading.Event) -> Iterator[Source]:
        calls.append(1)
        if len(calls) == 1:
            raise AttributeError("a fault of ours")
        yield Source(1.0, "speaker", "ok")
        stop.wait()

    monkeypatch.setattr(Speaker, "stream", broken)
    monkeypatch.setattr("edge.warning.warner.LONGEST_DELAY_S", 0.01)
    told: list[Source | Warned] = []
    with WarnerSink(box(warning={"speaker": "default"}), time.monotonic, told.append):
        until(lambda: len(told) == 2, 5)
    lost, back = told
    assert isinstance(lost, Source) and isinstance(back, Source)
    assert (lost.source, lost.state, back.state) == ("speaker", "lost", "ok")
    assert "a fault of ours" in lost.detail
