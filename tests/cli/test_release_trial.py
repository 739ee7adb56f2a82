"""What a running box decides of what it runs, on real stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli.releases import SETTLED_S, ReleaseTrial
from edge.releases.release_store import ReleaseStore
from edge.releases.trial import PATIENCE_S, PROVEN_S, ReleaseState
from edge.status import HealthVerdict


def named(name: str) -> object:
    def fill(made: Path) -> str:
        made.write_text(name)
        return name

    return fill


@pytest.fixture
def store(tmp_path: Path) -> ReleaseStore:
    store = ReleaseStore(tmp_path / "models")
    for name in ("old", "new"):
        store.install(named(name))  # type: ignore[arg-type]
    store.change(ReleaseState.started)
    return store


def run(trial: ReleaseTrial, seconds: float, healthy: bool, *lost: str) -> bool:
    known = HealthVerdict(healthy, tuple(f"{name} lost: gone" for name in lost), 0.5, lost)
    return any(trial.turn(float(second), known) for second in range(int(seconds) + 1))


def test_a_healthy_box_keeps_what_it_runs(tmp_path: Path, store: ReleaseStore) -> None:
    assert not run(ReleaseTrial(tmp_path), PROVEN_S - 1, healthy=True)
    assert store.state().on_trial
    assert not run(ReleaseTrial(tmp_path), PROVEN_S, healthy=True)
    assert store.state() == ReleaseState("new", "old")


def test_a_box_that_never_gets_well_gives_up_what_it_runs_and_ends(tmp_path: Path, store: ReleaseStore) -> None:
    assert run(ReleaseTrial(tmp_path), PATIENCE_S, healthy=False)
    assert store.state() == ReleaseState("old", taken_back="new")
    store.change(ReleaseState.started)
    assert store.link.read_text() == "old"


def test_what_is_proven_is_never_judged_again(tmp_path: Path, store: ReleaseStore) -> None:
    store.change(ReleaseState.confirmed)
    assert not run(ReleaseTrial(tmp_path), PATIENCE_S, healthy=False)
    assert store.state() == ReleaseState("new", "old")


def test_an_update_in_a_depot_without_satellites_is_kept_as_the_speed_was_lost_before_it(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path / "models")
    store.install(named("old"))  # type: ignore[arg-type]
    run(ReleaseTrial(tmp_path), SETTLED_S, True, "speed")
    store.install(named("new"))  # type: ignore[arg-type]
    store.change(ReleaseState.started)
    assert not run(ReleaseTrial(tmp_path), PROVEN_S, True, "speed")
    assert store.state() == ReleaseState("new", "old")


@pytest.mark.parametrize("before", [(), ("speed",)])
def test_an_update_that_loses_what_worked_before_it_is_taken_back(tmp_path: Path, before: tuple[str, ...]) -> None:
    store = ReleaseStore(tmp_path / "models")
    store.install(named("old"))  # type: ignore[arg-type]
    run(ReleaseTrial(tmp_path), SETTLED_S, True, *before)
    store.install(named("new"))  # type: ignore[arg-type]
    store.change(ReleaseState.started)
    assert run(ReleaseTrial(tmp_path), PATIENCE_S, True, "speed", "microphone")
    assert store.state() == ReleaseState("old", taken_back="new")


def test_a_run_of_seconds_and_a_folder_that_takes_nothing_leave_what_was_known(tmp_path: Path) -> None:
    run(ReleaseTrial(tmp_path), SETTLED_S, True, "speed")
    run(ReleaseTrial(tmp_path), SETTLED_S - 1, True)
    assert ReleaseTrial(tmp_path)._before == {"speed"}
    (tmp_path / ".lost.json.part").mkdir()
    assert not run(ReleaseTrial(tmp_path), SETTLED_S, True)
    assert ReleaseTrial(tmp_path)._before == {"speed"}


def test_a_state_folder_that_is_none_is_told_by_its_own_report_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert not run(ReleaseTrial(tmp_path / "file" / "state"), SETTLED_S, True, "storage")
    assert caplog.text == ""


def test_a_damaged_store_of_releases_is_logged_and_ends_no_box(
    tmp_path: Path, store: ReleaseStore, caplog: pytest.LogCaptureFixture
) -> None:
    (store.folder / "state.json").write_text("{")
    assert not run(ReleaseTrial(tmp_path), PATIENCE_S, False)
    assert [record.message.partition(" cannot be read")[0] for record in caplog.records] == [
        f"{store.folder}/state.json"
    ]
