"""Root never works where the service's user may put a link in the way: what such a user could do, tried."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config.loader import install_config
from edge.releases.release_store import ReleaseStore, StoreError
from edge.releases.safe_files import replace_file, replace_link, unsafe_owner
from edge.releases.trial import ReleaseState, read_verdict

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has anything to lose")
SERVICE = 61_234
"""A user of no rights."""


def filled(name: str) -> Callable[[Path], str]:
    def fill(made: Path) -> str:
        made.write_text(name)
        return name

    return fill


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("root's own")
    path.chmod(0o600)
    return path


def untouched(victim: Path) -> bool:
    about = victim.stat()
    return victim.read_text() == "root's own" and (about.st_uid, about.st_mode & 0o777) == (os.geteuid(), 0o600)


@needs_root
@pytest.mark.parametrize("how", ["its own", "below its own", "group", "everybody", "through a link"])
def test_root_installs_nothing_where_another_user_may_change_names(tmp_path: Path, victim: Path, how: str) -> None:
    folder = tmp_path / "state" / "models"
    folder.mkdir(parents=True)
    (folder / "releases").symlink_to(victim.parent)  # as the service's user would
    if how == "its own":
        os.chown(folder, SERVICE, SERVICE)
    elif how in ("below its own", "through a link"):
        os.chown(folder.parent, SERVICE, SERVICE)
    elif how == "group":
        os.chown(folder, 0, SERVICE)
        folder.chmod(0o770)
    else:
        folder.chmod(0o777)
    if how == "through a link":
        (tmp_path / "link").symlink_to(folder)
        folder = tmp_path / "link"
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="no safe place for root"):
        ReleaseStore(folder).install(filled("x"))
    with pytest.raises(StoreError, match="no safe place for root"):
        ReleaseStore(folder).change(ReleaseState.started)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert untouched(victim)


@needs_root
def test_roots_own_folders_are_safe_and_so_is_another_users_for_that_user(tmp_path: Path) -> None:
    assert unsafe_owner(tmp_path / "not" / "there" / "yet") is None
    os.chown(tmp_path, SERVICE, SERVICE)
    assert unsafe_owner(tmp_path) == f"{tmp_path} belongs to user {SERVICE}"
    child = os.fork()
    if child == 0:
        os.setresuid(SERVICE, SERVICE, SERVICE)
        os._exit(0 if unsafe_owner(tmp_path) is None else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("name", [".state.json.new", ".state.json.part", ".state.json"])
def test_no_name_that_can_be_guessed_is_ever_written_through_a_link(tmp_path: Path, victim: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).symlink_to(victim)
    replace_file(folder / "state.json", "new")
    replace_link(folder / "current", Path("releases/x"))
    assert untouched(victim)
    assert (folder / "state.json").read_text() == "new"
    (folder / "state.json").unlink()
    (folder / "state.json").symlink_to(victim)
    replace_file(folder / "state.json", "newer")
    assert untouched(victim)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"trial": 1, "proven": true}', '{"trial": "x"}', '{"trial": "t", "proven": 1}', "9" * 5000],
)
def test_what_the_service_leaves_as_its_verdict_is_two_words_or_nothing(tmp_path: Path, content: str) -> None:
    place = tmp_path / "models.verdict"
    place.write_text(content)
    assert read_verdict(place) is None


def test_a_verdict_is_never_read_through_a_link_or_from_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "real").write_text('{"trial": "t", "proven": true}')
    assert read_verdict(tmp_path / "real") is not None
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read_verdict(tmp_path / "link") is None
    os.mkfifo(tmp_path / "pipe")
    assert read_verdict(tmp_path / "pipe") is None
    assert read_verdict(tmp_path) is None


def test_a_configuration_is_installed_with_a_link_at_its_place_and_never_through_one(
    tmp_path: Path, victim: Path
) -> None:
    source = tmp_path / "new.yaml"
    source.write_text("purpose: driver-safety\n")
    place = tmp_path / "etc" / "edge.yaml"
    place.parent.mkdir()
    place.symlink_to(victim)
    install_config(source, ReleaseStore(tmp_path / "config"), place)
    assert place.read_text() == "purpose: driver-safety\n"
    assert untouched(victim)
