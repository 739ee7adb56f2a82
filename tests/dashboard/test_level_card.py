"""What the live page says of the level: never `normal` where nothing was judged."""

from __future__ import annotations

import pytest

from edge.dashboard.data.current_state import CurrentState
from edge.dashboard.data.events import Incident
from edge.dashboard.pages.level_card import shown_level
from edge.messages import Fatigue, Group, Level, Source

OFF = Source(0.0, "fatigue", "absent", "switched off by fatigue.enabled")
CLASS = Group(10.0, 0.0, 10.0, 6, 0.3, 0.2, 0.1, -45.0)
OPEN = Incident("a", "group_mood", Level.WARNING, 1.0, None, 3.0, {})


def report(level: Level = Level.NONE, unknown: str | None = None, track: int | None = 1) -> Fatigue:
    return Fatigue(10.0, track, level, 0.1, 0.1, 0.8, unknown=unknown)


@pytest.mark.parametrize(
    ("state", "of_persons", "word"),
    [
        (CurrentState(None), True, "unknown"),
        (CurrentState(10.0), True, "unknown"),
        (CurrentState(10.0, report()), True, "none"),
        (CurrentState(10.0, report(unknown="eyes_hidden")), True, "unknown"),
        (CurrentState(10.0, report(Level.CRITICAL, "no_face")), True, "critical"),
        (CurrentState(10.0, report(track=None, unknown="no_face")), True, "unknown"),
        (CurrentState(10.0, missing=(OFF,)), True, "off"),
        (CurrentState(10.0), False, "unknown"),
        (CurrentState(10.0, group=CLASS), False, "none"),
        (CurrentState(10.0, incidents=(OPEN,)), False, "warning"),
        (CurrentState(10.0, group=CLASS, incidents=(OPEN,), missing=(OFF,)), False, "warning"),
    ],
)
def test_normal_is_said_only_where_somebody_was_judged(state: CurrentState, of_persons: bool, word: str) -> None:
    level, said = shown_level(state, of_persons)
    assert said == word
    assert (level is None) == (word in {"unknown", "off"})
