"""A store of releases on a real disk: cut off at any step, it leaves the old release or the new one, whole."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.releases.release_store import ReleaseStore, StoreError
from edge.releases.trial import MOST_STARTS, ReleaseState

STEPS = ("fsync", "rename", "replace", "symlink", "chmod", "mkdir", "unlink", "rmdir")


class PowerCut(BaseException):
    """Nothing in the code may handle this."""


def filled(name: str, files: int = 3) -> Callable[[Path], str]:
    def fill(made: Path) -> str:
        made.mkdir()
        for number in range(files):
            (made / f"{number}.txt").write_text(name)
        return name

    return fill


def whole(store: ReleaseStore) -> str:
    """The name of the release that the link leads to; it must be complete."""
    (name,) = {path.read_text() for path in store.link.iterdir()}
    assert len(list(store.link.iterdir())) == 3
    assert name.split(".")[0] == store.link.readlink().name.split(".")[0]
    return name


def proven(folder: Path) -> ReleaseStore:
    store = ReleaseStore(folder)
    store.install(filled("old"))
    return store


def test_an_installed_release_is_in_use_and_the_old_one_is_kept(tmp_path: Path) -> None:
    store = proven(tmp_path / "models")
    new = store.install(filled("new"))
    assert new == ReleaseState("new", "old", 0, trial=new.trial)
    assert whole(store) == "new"
    assert store.change(ReleaseState.rolled_back) == ReleaseState("old", taken_back="new")
    assert whole(store) == "old"


def test_what_is_neither_in_use_nor_the_way_back_is_removed(tmp_path: Path) -> None:
    store = proven(tmp_path)
    for name in ("b", "c", "d"):
        store.install(filled(name))
        store.change(ReleaseState.confirmed)
    assert sorted(path.name for path in (tmp_path / "releases").iterdir()) == ["c", "d"]
    assert not list(tmp_path.glob(".staging*"))


def test_a_box_that_runs_an_unproven_release_keeps_its_files(tmp_path: Path) -> None:
    store = proven(tmp_path)
    store.install(filled("running"))
    running = store.link.resolve()
    store.install(filled("next"))
    assert running.is_dir()
    assert (store.state().current, store.state().previous) == ("next", "old")


def test_the_same_release_again_gets_a_place_of_its_own(tmp_path: Path) -> None:
    store = proven(tmp_path)
    assert store.install(filled("old")).current == "old.2"
    assert whole(store) == "old"


def test_a_release_that_cannot_be_made_changes_nothing(tmp_path: Path) -> None:
    store = proven(tmp_path)

    def fill(made: Path) -> str:
        made.mkdir()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        store.install(fill)
    assert store.state() == ReleaseState("old")
    assert whole(store) == "old"
    assert not list(tmp_path.glob(".staging*"))


def test_the_link_follows_the_state_at_every_start(tmp_path: Path) -> None:
    store = proven(tmp_path)
    store.install(filled("new"))
    store.link.unlink()
    for _ in range(MOST_STARTS):
        store.change(ReleaseState.started)
    assert whole(store) == "new"
    store.change(ReleaseState.started)
    assert whole(store) == "old"


def cut_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Let the power fail just before the `step`-th call that changes the disk."""
    count = 0
    for name in STEPS:
        original = getattr(os, name)

        def counted(*arguments: Any, original: Any = original, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > step:
                raise PowerCut
            return original(*arguments, **named)

        monkeypatch.setattr(os, name, counted)


@pytest.mark.parametrize("change", ["install", "start", "back"])
def test_a_power_cut_at_any_step_leaves_one_release_whole(tmp_path: Path, change: str) -> None:
    outcomes, finished, step = set(), False, 0
    while not finished:
        store = proven(tmp_path / f"{change}-{step}")
        if change != "install":
            store.install(filled("new"))
        for _ in range(MOST_STARTS if change == "start" else 0):
            store.change(ReleaseState.started)
        with pytest.MonkeyPatch.context() as patched:
            cut_at(patched, step)
            try:
                if change == "install":
                    store.install(filled("new"))
                else:
                    store.change(ReleaseState.started if change == "start" else ReleaseState.rolled_back)
                finished = True
            except PowerCut:
                pass
        back = ReleaseStore(store.folder)
        back.change(lambda state: state)  # the next start
        assert whole(back) == back.state().current
        outcomes.add(whole(back))
        back.install(filled("later"))
        assert whole(back) == "later"
        assert not list(store.folder.glob(".staging*"))
        step += 1
    assert outcomes == {"old", "new"}
    assert step > 2


def test_the_state_is_replaced_never_written_over(tmp_path: Path) -> None:
    store = proven(tmp_path)
    with (tmp_path / "state.json").open() as before:
        store.install(filled("new"))
        assert '"current": "old"' in before.read()
    assert store.state().current == "new"


def test_a_state_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    store = proven(tmp_path)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(StoreError, match=r"state\.json cannot be read"):
        store.state()


def test_a_folder_that_is_not_there_has_nothing_on_trial(tmp_path: Path) -> None:
    assert ReleaseStore(tmp_path / "none").change(ReleaseState.started) == ReleaseState()
    assert not (tmp_path / "none").exists()


def test_the_group_of_the_folder_may_read_a_release_and_nobody_else(tmp_path: Path) -> None:
    store = proven(tmp_path)
    group = tmp_path.stat().st_gid
    assert [path.stat().st_mode & 0o777 for path in (store.link, store.link / "0.txt")] == [0o750, 0o640]
    assert (store.link / "0.txt").stat().st_gid == group


def test_the_boxs_verdict_is_acted_upon_by_the_next_command_and_holds_for_one_trial_only(tmp_path: Path) -> None:
    store = proven(tmp_path / "models")
    store.install(filled("new"))
    store.judge(proven=False)
    assert store.state() == ReleaseState("old", taken_back="new"), "known at once"
    assert whole(store) == "new", "the running box keeps its files"
    store.change(ReleaseState.started)
    assert whole(store) == "old"
    store.install(filled("new"))
    assert store.state().on_trial, "what was said of the first trial says nothing about the second"
    store.judge(proven=True)
    assert store.install(filled("later")).previous == "new"


def test_an_installation_that_takes_long_holds_nobody_up(tmp_path: Path) -> None:
    store = proven(tmp_path)
    store.install(filled("new"))

    def slowly(made: Path) -> str:
        began_s = time.monotonic()
        assert store.change(ReleaseState.started).starts == 1
        assert time.monotonic() - began_s < 1.0
        return filled("later")(made)

    assert store.install(slowly).current == "later"


def test_a_lock_that_is_not_given_back_is_waited_for_a_few_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.releases.release_store._PATIENCE_S", 0.2)
    store = proven(tmp_path)
    handle = os.open(tmp_path / ".lock", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match="held by another command"):
        store.change(ReleaseState.started)
    os.close(handle)


def test_what_a_killed_installation_left_is_removed_and_what_goes_on_is_not(tmp_path: Path) -> None:
    store = proven(tmp_path)
    (tmp_path / ".staging-left").mkdir()
    (tmp_path / ".state.json.left").write_text("{")

    def meanwhile(made: Path) -> str:
        ReleaseStore(tmp_path).install(filled("other"))
        return filled("mine")(made)

    assert store.install(meanwhile).current == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "current", "releases", "state.json"]
