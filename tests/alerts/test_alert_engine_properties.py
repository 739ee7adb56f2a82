"""What holds for alerts whatever happens."""

from __future__ import annotations

from collections import defaultdict

import pytest
from alert_steps import CONFIG, face, fatigue
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.condition import KIND_OF_CAUSE, KINDS
from edge.alerts.engine import AlertEngine
from edge.fatigue.policy import CAUSES
from edge.messages import Alert, Face, Fatigue, Level, Message, Source

causes = st.lists(st.sampled_from(list(CAUSES)), unique=True, max_size=3).map(tuple)

messages = st.lists(
    st.tuples(
        st.floats(0.02, 30),
        st.one_of(
            st.tuples(st.just("fatigue"), causes, st.sampled_from([1, 2, None])),
            st.tuples(st.just("face"), st.booleans()),
            st.tuples(st.just("source"), st.sampled_from(["lost", "ok", "absent"]), st.sampled_from(["a", "b"])),
        ),
    ),
    max_size=80,
)


def build(steps) -> list[Message]:
    t_s, built = 0.0, []
    for step_s, (kind, *what) in steps:
        t_s += step_s
        if kind == "fatigue":
            built.append(fatigue(t_s, *what[0], track=what[1], at=t_s))
        elif kind == "face":
            built.append(face(t_s, what[0]))
        else:
            built.append(Source(t_s, what[1], what[0]))
    return built


@settings(max_examples=100, deadline=None)
@given(messages)
def test_every_new_has_one_end_with_its_id(steps):
    stream = build(steps)
    engine = AlertEngine(CONFIG, "s")
    alerts = [alert for message in stream for alert in engine.step(message)]
    alerts += engine.finish(stream[-1].t_s if stream else 0.0)
    lives: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        lives[alert.id].append(alert)
    for life in lives.values():
        assert [alert.type for alert in life] == ["new", *["update"] * (len(life) - 2), "end"]
        assert len({(alert.alert, alert.start_s) for alert in life}) == 1
        assert all(alert.level > Level.NONE for alert in life)
        assert all(alert.duration_s == pytest.approx(alert.t_s - alert.start_s) for alert in life)
        assert [alert.t_s for alert in life] == sorted(alert.t_s for alert in life)
    times = [alert.t_s for alert in alerts]
    assert times == sorted(times)
    assert engine.finish(1e6) == []


@settings(max_examples=60, deadline=None)
@given(messages)
def test_critical_conditions_are_always_told_at_once(steps):
    engine, eyes = AlertEngine(CONFIG, "s"), True
    for message in build(steps):
        began = [alert for alert in engine.step(message) if alert.type == "new"]
        eyes = message.usable if isinstance(message, Face) else eyes
        assert eyes or not any(KINDS[alert.alert].from_eyes and alert.evidence["track"] == 1 for alert in began)
        if isinstance(message, Fatigue) and (eyes or message.track != 1):
            critical = {KIND_OF_CAUSE[cause] for cause in message.causes if CAUSES[cause] >= Level.CRITICAL}
            assert all((kind, str(message.track)) in engine._open for kind in critical)
