"""What a running box decides of what it runs, on real stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli.trial import Trial
from edge.releases.probation import PATIENCE_S, PROVEN_S
from edge.releases.state import State
from edge.releases.store import Store


def named(name: str) -> object:
    def fill(made: Path) -> str:
        made.write_text(name)
        return name

    return fill


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "models")
    for name in ("old", "new"):
        store.install(named(name))  # type: ignore[arg-type]
    store.change(State.started)
    return store


def run(trial: Trial, seconds: float, healthy: bool) -> bool:
    return any(trial.turn(float(second), healthy) for second in range(int(seconds) + 1))


def test_a_healthy_box_keeps_what_it_runs(tmp_path: Path, store: Store) -> None:
    assert not run(Trial(tmp_path), PROVEN_S - 1, healthy=True)
    assert store.state().on_trial
    assert not run(Trial(tmp_path), PROVEN_S, healthy=True)
    assert store.state() == State("new", "old")


def test_a_box_that_never_gets_well_gives_up_what_it_runs_and_ends(tmp_path: Path, store: Store) -> None:
    assert run(Trial(tmp_path), PATIENCE_S, healthy=False)
    assert store.state() == State("old", taken_back="new")
    assert store.link.read_text() == "old"


def test_what_is_proven_is_never_judged_again(tmp_path: Path, store: Store) -> None:
    store.change(State.confirmed)
    assert not run(Trial(tmp_path), PATIENCE_S, healthy=False)
    assert store.state() == State("new", "old")
