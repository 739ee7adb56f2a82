"""A packed bundle is trusted by its hash, and nothing is left of one that is not."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from signing_keys import make_keys

from edge.bundle.bundle import Bundle
from edge.bundle.install import fetch_bundle
from edge.bundle.manifest import BundleError
from edge.bundle.signature import sign
from edge.cli.bundle import WordsError, build_words
from edge.cli.main import main
from edge.shipped import BUNDLE


def packed(folder: Path, path: Path) -> tuple[Path, str]:
    with tarfile.open(path, "w") as out:
        out.add(folder, ".")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_archive_with_the_right_hash_becomes_a_bundle(tmp_path: Path) -> None:
    archive, sha256 = packed(BUNDLE, tmp_path / "cab.tar")
    out = tmp_path / "new" / "cab"
    command = ["bundle", "fetch", str(archive), "--sha256", sha256.upper(), "--out", str(out)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert Bundle(out).has("face_mesh")
    assert [path.name for path in out.parent.iterdir()] == ["cab"]


@pytest.mark.parametrize(
    ("source", "sha256", "said"),
    [
        ("cab.tar", "0" * 64, "is not the archive that was asked for"),
        ("cab.tar", "abc", "64 hexadecimal digits"),
        ("none.tar", "0" * 64, "cannot be fetched"),
        ("http://127.0.0.1:9/cab.tar", "0" * 64, "only https:// addresses"),
        ("https://127.0.0.1:9/cab.tar", "0" * 64, "cannot be fetched"),
    ],
)
def test_anything_else_is_told_and_leaves_nothing(tmp_path: Path, source: str, sha256: str, said: str) -> None:
    packed(BUNDLE, tmp_path / "cab.tar")
    source = source if "://" in source else str(tmp_path / source)
    with pytest.raises(BundleError, match=said):
        fetch_bundle(source, sha256, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["cab.tar"]


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BundleError, match="exists already"):
        fetch_bundle(str(BUNDLE), "0" * 64, tmp_path / "out")
    with pytest.raises(WordsError, match="exists already"):
        build_words(tmp_path / "out", print)


def test_the_owner_of_the_key_must_have_signed_it(tmp_path: Path) -> None:
    keys, others = make_keys(tmp_path, "ours"), make_keys(tmp_path, "theirs")
    folder = tmp_path / "signed"
    archive, sha256 = packed(BUNDLE, tmp_path / "cab.tar")
    fetch_bundle(str(archive), sha256, folder)
    sign(folder, keys.private)
    archive, sha256 = packed(folder, tmp_path / "signed.tar")
    fetch_bundle(str(archive), sha256, tmp_path / "right", (keys.public,))
    with pytest.raises(BundleError, match="does not fit"):
        fetch_bundle(str(archive), sha256, tmp_path / "wrong", (others.public,))
    assert not (tmp_path / "wrong").exists()


def test_an_address_without_a_hash_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["bundle", "fetch", "https://example.org/x.tar", "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "trusted by its hash alone" in done.stderr
