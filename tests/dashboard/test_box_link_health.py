from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.dashboard.box_link import ReceivedPayload, figure, figure_name, figures, fresh, stages
from edge.i18n.texts import LANGUAGES, Labels, Language
from edge.runtime.metrics import RunCounters
from edge.status import SystemStatus

HEALTH = {
    "schema": 1,
    "boot": "b",
    "clock": "synced",
    "outbox": {"rows": 3, "bytes": 20480, "evicted": {}},
    "readings": {
        "frames_dropped": 12,
        "temperature_c": {"cpu": 61.25},
        "missing": None,
        "stages": {
            "asr": {"calls": 2, "mean_ms": 700.0, "worst_ms": 900.5},
            "vision": {"calls": 1000, "mean_ms": 8.25},
        },
    },
}


def test_everything_is_told_once_and_flat() -> None:
    assert figures(HEALTH) == [
        ("clock", "synced"),
        ("outbox.rows", "3"),
        ("outbox.bytes", "20 480"),
        ("frames_dropped", "12"),
        ("temperature_c.cpu", "61.2"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_of_the_runtime_has_a_raw_name(language: Language) -> None:
    health = RunCounters(alerts={"microsleep": {"critical": 2}}, shed={"words": True}, waiting={"sound": 1})
    health.failures["vision"] = health.restarts["asr"] = health.skipped["text"] = 1
    readings = {**health.readings(SystemStatus()), "sources": {"camera": "ok"}, "celsius": 61.0}
    names = [figure_name(name, Labels(language)) for name, _ in figures({"readings": readings})]
    assert [name for name in names if "_" in name or "." in name] == []
    if language == "zh":
        assert [name for name in names if name.isascii()] == []


def test_a_figure_is_found_wherever_it_stands() -> None:
    found = [figure(HEALTH, *path) for path in (("outbox", "rows"), ("frames_dropped",), ("outbox",), ("none", "at"))]
    assert found == ["3", "12", None, None]


def test_the_slowest_stage_comes_first() -> None:
    assert [(stage.name, stage.figures) for stage in stages(HEALTH)] == [
        ("asr", ("2", "700.0", "900.5")),
        ("vision", ("1 000", "8.2", "–")),
    ]


def test_health_grows_old() -> None:
    assert fresh(ReceivedPayload({}, time.monotonic()))
    assert not fresh(ReceivedPayload({}, time.monotonic() - 100))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.dictionaries(st.sampled_from(["readings", "stages", "mean_ms", "a"]), inner) | st.lists(inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["readings", "stages", "outbox"]), _JSON))
def test_health_of_any_other_version_is_shown_as_far_as_it_goes(health: dict[str, object]) -> None:
    assert all(isinstance(value, str) for row in figures(health) for value in row)
    assert all(isinstance(stage.name, str) for stage in stages(health))
