"""What int8 takes its ranges from never judges it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.exporters.samples import expect_apart
from export.role_build import BuildError


def npz(path: Path, rows: slice, **more: np.ndarray) -> Path:
    rng = np.random.default_rng(7)
    images, sounds = rng.random((9, 2, 2)), rng.random((9, 5))
    np.savez(path, image=images[rows], sound=sounds[rows], **more)
    return path


def test_the_same_sample_under_another_label_is_the_same_sample(tmp_path: Path) -> None:
    calibration = npz(tmp_path / "c.npz", slice(0, 4), label=np.arange(4))
    expect_apart(calibration, npz(tmp_path / "apart.npz", slice(4, 9), label=np.arange(5)))
    with pytest.raises(BuildError, match=r"both\.npz shares 2 of its 5 samples with .*c\.npz, the first is number 1:"):
        expect_apart(calibration, npz(tmp_path / "both.npz", slice(2, 7), label=np.arange(9, 14)))
    with pytest.raises(BuildError, match="shares 4 of its 4"):
        expect_apart(calibration, calibration)


def test_the_type_of_the_numbers_and_the_longest_text_do_not_matter(tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", text=np.array(["yes", "no"]), image=np.ones((2, 3)))
    np.savez(tmp_path / "e.npz", text=np.array(["a longer one", "no"]), image=np.ones((2, 3), np.float32))
    with pytest.raises(BuildError, match=r"shares 1 of its 2 samples .* the first is number 2:"):
        expect_apart(tmp_path / "c.npz", tmp_path / "e.npz")


def test_the_same_recording_in_two_lists_is_the_same_sample(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "valid.tsv").write_text("a.wav\tone\nfolder/b.wav\ttwo\n\n", encoding="utf-8")
    (tmp_path / "folder" / "test.tsv").write_text("c.wav\tthree\n\nb.wav\tother words\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"test\.tsv shares 1 of its 2 samples .* the first is number 2:"):
        expect_apart(tmp_path / "valid.tsv", tmp_path / "folder" / "test.tsv")
    (tmp_path / "folder" / "test.tsv").write_text("a.wav\tone\n", encoding="utf-8")
    expect_apart(tmp_path / "valid.tsv", tmp_path / "folder" / "test.tsv")


def test_of_a_file_that_cannot_be_read_its_reader_tells(tmp_path: Path) -> None:
    good = npz(tmp_path / "c.npz", slice(0, 4))
    (tmp_path / "text.npz").write_text("no archive", encoding="utf-8")
    np.save(tmp_path / "one", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    for name in ("text.npz", "one.npz", "absent.npz", "absent.tsv"):
        expect_apart(good, tmp_path / name)
        expect_apart(tmp_path / name, good)
