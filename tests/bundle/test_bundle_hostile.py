"""Bundles made to harm: each is a sentence, before a word of it is believed and before memory is taken for it."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from signing_keys import make_keys

from edge.bundle.archive import take
from edge.bundle.bundle import map_array, read_arrays
from edge.bundle.manifest import MANIFEST_FILE, BundleError, read_manifest
from edge.bundle.signature import SIGNATURE_FILE
from edge.cli.main import main


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_the_signature_is_checked_before_a_word_of_the_manifest_is_read(tmp_path: Path, kind: str) -> None:
    members = {MANIFEST_FILE: b"!!python/object [*", SIGNATURE_FILE: b"x" * 64}
    source = archive(tmp_path / "bundle.tar", members)
    if kind == "folder":
        source = tmp_path / "folder"
        source.mkdir()
        for name, content in members.items():
            (source / name).write_bytes(content)
    with pytest.raises(BundleError, match="another key"):
        take(source, tmp_path / "out", [make_keys(tmp_path, "owner").public])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "refers to itself"),
        ("[" * 100 + "]" * 100, "nested more than"),
        ("[" * 100_000, "nested more than"),
        ('name: "\\e]0;owned\\a"\n', "cannot be printed"),
        ("name: 0x" + "f" * 10_000, "cannot be read|should be"),
        ("name: 2026-99-99", "cannot be read"),
        ("x" * (5 << 20), "longer than 4 MB"),
    ],
    ids=["aliases", "nested", "deep", "control signs", "number", "date", "long"],
)
def test_a_manifest_that_is_more_than_plain_words_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / MANIFEST_FILE).write_text(text)
    with pytest.raises(BundleError, match=said):
        read_manifest(tmp_path)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(BundleError):
        read_manifest(folder)


def pax(keyword: bytes, length: int) -> bytes:
    """A tar header that announces `length` bytes of extended header."""
    info = tarfile.TarInfo("./PaxHeaders/x")
    info.type, info.size = tarfile.XHDTYPE, length
    return info.tobuf(tarfile.USTAR_FORMAT) + keyword


def test_an_extended_header_of_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar"
    with path.open("wb") as out:
        out.write(pax(b"", 256 << 20))
        out.truncate(300 << 20)
    tracemalloc.start()
    with pytest.raises(BundleError, match="a header of 268435456 bytes"):
        take(path, tmp_path / "out")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_chain_of_extended_headers_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar"
    path.write_bytes(pax(b"\0" * 512, 1) * 5000)
    with pytest.raises(BundleError):
        take(path, tmp_path / "out")


def test_folders_count(tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar"
    with tarfile.open(path, "w") as out:
        for number in range(10_001):
            info = tarfile.TarInfo(f"d{number}")
            info.type = tarfile.DIRTYPE
            out.addfile(info)
    with pytest.raises(BundleError, match="more than 10000 files and folders"):
        take(path, tmp_path / "out")


def test_a_file_that_grew_past_its_manifest_and_a_link_are_not_copied(small_bundle: Path, tmp_path: Path) -> None:
    golden = small_bundle / "golden" / "prosody.npz"
    whole = golden.read_bytes()
    with golden.open("ab") as out:
        out.truncate(1 << 30)
    with pytest.raises(BundleError, match="not a plain file of at most"):
        take(small_bundle, tmp_path / "grown")
    golden.unlink()
    (tmp_path / "elsewhere").write_bytes(whole)
    golden.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="or is a link"):
        take(small_bundle, tmp_path / "linked")
    golden.unlink()
    os.mkfifo(golden)
    with pytest.raises(BundleError, match="not a plain file"):
        take(small_bundle, tmp_path / "pipe")


def test_a_graph_that_keeps_its_weights_in_another_file_is_refused(small_bundle: Path, tmp_path: Path) -> None:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[17], data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value="../../../etc/passwd")
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [], [weight])
    path = small_bundle / "prosody.model.fp32.onnx"
    onnx.save(helper.make_model(graph), path)
    manifest = (small_bundle / MANIFEST_FILE).read_text()
    old = read_manifest(small_bundle).roles["prosody"].graphs()[0].bytes
    (small_bundle / MANIFEST_FILE).write_text(manifest.replace(f"bytes: {old}", f"bytes: {path.stat().st_size}"))
    with pytest.raises(BundleError, match="keeps tensors in another file"):
        take(small_bundle, tmp_path / "out")


def npy(shape: str, content: bytes = b"\0" * 8, dtype: str = "<f4") -> bytes:
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(2, 2000000000)", "(-2,)", "(1,)", "(10**9,)", "(2**70,)"])
def test_an_array_that_claims_more_than_it_holds_takes_no_memory(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "golden.npz"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("in.model.x.npy", npy(shape))
    (tmp_path / "table.npy").write_bytes(npy(shape if shape != "(1,)" else "(3,)"))
    for read, name in ((read_arrays, "golden.npz"), (map_array, "table.npy")):
        with pytest.raises(BundleError, match="is no"):
            read(tmp_path / name)


def test_a_pickle_and_a_bomb_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.bundle.bundle.LARGEST_ARRAYS_BYTES", 8 << 20)
    np.savez(tmp_path / "pickle.npz", x=np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError, match="objects of Python"):
        read_arrays(tmp_path / "pickle.npz")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as out, out.open("x.npy", "w") as stream:
        stream.write(npy(f"({(8 << 20) // 4},)", b""))
        for _ in range(8):
            stream.write(b"\0" * (1 << 20))
    with pytest.raises(BundleError, match="unpacks to more"):
        read_arrays(tmp_path / "bomb.npz")


def test_arrays_come_out_as_they_were_written(tmp_path: Path) -> None:
    kept = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.asfortranarray(np.eye(3)), "c": np.int64(3)}
    np.savez(tmp_path / "a.npz", **kept)
    found = read_arrays(tmp_path / "a.npz")
    assert {name: value.tolist() for name, value in found.items()} == {
        k: np.asarray(v).tolist() for k, v in kept.items()
    }


def test_a_name_with_control_signs_reaches_no_terminal(tmp_path: Path) -> None:
    path = archive(tmp_path / "bundle.tar", {"evil\x1b]0;owned\x07.onnx": b"x", MANIFEST_FILE: b"\x1b[2J: ["})
    said = CliRunner().invoke(main, ["bundle", "install", str(path), "--into", str(tmp_path / "models")])
    assert said.exit_code == 1
    assert "\x1b" not in said.output
