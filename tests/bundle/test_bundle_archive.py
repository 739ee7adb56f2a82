"""An archive from anywhere: what is not a bundle's own file never reaches the disk."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle import archive as archive_module
from edge.bundle.archive import take
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import MANIFEST_FILE, BundleError


def packed(bundle: Path, mode: str = "w", change: Callable[[tarfile.TarFile], None] = lambda _: None) -> Path:
    path = bundle.parent / "bundle.tar"
    with tarfile.open(path, mode) as out:  # type: ignore[call-overload]
        out.add(bundle, ".")
        change(out)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def add(info: tarfile.TarInfo) -> Callable[[tarfile.TarFile], None]:
    return lambda out: out.addfile(info, io.BytesIO(b"x" * info.size))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_what_was_packed_comes_out_sound(small_bundle: Path, tmp_path: Path, mode: str) -> None:
    take(packed(small_bundle, mode), tmp_path / "out")
    assert Bundle(tmp_path / "out").has("prosody")
    there = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")}
    assert there == {path.relative_to(small_bundle) for path in small_bundle.rglob("*")}


def test_of_a_folder_only_what_the_manifest_names_is_taken(small_bundle: Path, tmp_path: Path) -> None:
    (small_bundle / "notes.txt").write_text("mine")
    take(small_bundle, tmp_path / "out")
    assert not (tmp_path / "out" / "notes.txt").exists()
    Bundle(tmp_path / "out")


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (member("../evil", size=1), "leads outside"),
        (member("/etc/evil", size=1), "leads outside"),
        (member("golden/../../evil", size=1), "leads outside"),
        (member("../evil", tarfile.DIRTYPE), "leads outside"),
        (member("link", tarfile.SYMTYPE, "/etc/passwd"), "not a plain file"),
        (member("link", tarfile.LNKTYPE, "bundle.yaml"), "not a plain file"),
        (member("null", tarfile.CHRTYPE), "not a plain file"),
        (member("disk", tarfile.BLKTYPE), "not a plain file"),
        (member("pipe", tarfile.FIFOTYPE), "not a plain file"),
        (member("bundle.yaml", size=1), "is in it twice"),
        (member("./bundle.yaml", size=1), "is in it twice"),
        (member("more.onnx", size=1), "does not name .more.onnx"),
        (member("bundle.yaml.sig", size=1025), "larger than in any bundle"),
    ],
    ids=lambda value: value.name if isinstance(value, tarfile.TarInfo) else "",
)
def test_what_no_bundle_holds_refuses_the_archive(
    small_bundle: Path, tmp_path: Path, info: tarfile.TarInfo, said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        take(packed(small_bundle, change=add(info)), tmp_path / "out")
    assert not list(tmp_path.rglob("evil"))


def test_a_member_of_another_size_than_the_manifests_is_refused(small_bundle: Path, tmp_path: Path) -> None:
    (small_bundle / "golden" / "prosody.npz").write_bytes(b"short")
    with pytest.raises(BundleError, match=r"has 5 bytes, the manifest says"):
        take(packed(small_bundle), tmp_path / "out")


def test_more_than_the_bound_is_not_taken(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(small_bundle)
    large = "larger than in any bundle"
    for name, bound, said in (
        ("LARGEST_BUNDLE_BYTES", 1000, large),
        ("MOST_MEMBERS", 2, "more than 2 files"),
        ("LARGEST_MANIFEST_BYTES", 10, large),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(archive_module, name, bound)
            with pytest.raises(BundleError, match=said):
                take(path, tmp_path / name)


def test_an_archive_without_manifest_says_how_to_pack(small_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep.tar"
    with tarfile.open(path, "w") as out:
        out.add(small_bundle, "bundle")
    with pytest.raises(BundleError, match=r"holds no bundle\.yaml at its top: pack it with"):
        take(path, tmp_path / "out")


def test_a_manifest_that_leads_outside_is_refused_from_a_folder_too(small_bundle: Path, tmp_path: Path) -> None:
    path = small_bundle / MANIFEST_FILE
    path.write_text(path.read_text().replace("golden/prosody.npz", "../../evil"))
    (tmp_path.parent / "evil").write_bytes(b"x")
    with pytest.raises(BundleError, match="leads outside"):
        take(small_bundle, tmp_path / "out")


NAMES = st.one_of(
    st.sampled_from(["bundle.yaml", "..", "/", ".", "a/../b", "golden", "C:\\x", "releases/x", "~root"]),
    st.text(alphabet="ab./\\\0é ", min_size=1, max_size=12),
)
MEMBERS = st.lists(
    st.tuples(NAMES, st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE]), NAMES),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(MEMBERS, st.binary(max_size=20), st.integers(0, 4000))
def test_no_archive_writes_outside_its_folder_or_ends_in_a_traceback(
    small_bundle_once: Path, members: list[tuple[str, bytes, str]], noise: bytes, at: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        path = home / "bundle.tar"
        with tarfile.open(path, "w") as out:
            out.add(small_bundle_once, ".")
            for label, kind, link in members:
                out.addfile(member(label, kind, link), io.BytesIO())
        content = bytearray(path.read_bytes())
        content[at : at + len(noise)] = noise
        path.write_bytes(content)
        (home / "inside").mkdir()
        try:
            Bundle(_taken(path, home / "inside" / "out"))
        except BundleError as error:
            assert str(error)
        assert {entry.name for entry in home.iterdir()} == {"bundle.tar", "inside"}
        assert {entry.name for entry in (home / "inside").iterdir()} <= {"out"}
        assert not any(entry.is_symlink() for entry in home.rglob("*"))


def _taken(path: Path, out: Path) -> Path:
    take(path, out)
    return out
