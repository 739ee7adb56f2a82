"""A role put into a copy of a bundle: proven first, swapped at once, and nothing half written when something fails."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from empty_bundle import make_empty_bundle
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.bundle import Bundle
from export.bundle import add_role
from export.role_build import BuildError, RoleBuild, VariantBuild

SIZE = 128
GOLDEN = {"x": np.linspace(-1, 1, SIZE, dtype=np.float32)[None]}


def graph(path: Path, factor: float) -> Path:
    """y = x times a matrix with `factor` on its diagonal."""
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIZE]) for name in "xy"]
    weight = numpy_helper.from_array(np.eye(SIZE, dtype=np.float32) * np.float32(factor), "w")
    made = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", sides[:1], sides[1:], [weight])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def built(folder: Path, factor: float, halved: float | None = None) -> RoleBuild:
    """The role; its fp16 multiplies by `halved`."""
    folder.mkdir(exist_ok=True)
    variants = {"fp32": VariantBuild({"model": graph(folder / "fp32.onnx", factor)}, 1e-3)}
    if halved is not None:
        variants["fp16"] = VariantBuild({"model": graph(folder / "fp16.onnx", halved)}, 1e-2)
    default = {"cpu": "fp32", "cuda": "fp32", "tensorrt": "fp32"}
    return RoleBuild("a factor", [], "none", variants, default, {"model": GOLDEN})  # type: ignore[arg-type]


def factor_of(bundle: Path) -> float:
    return float(Bundle(bundle).session("factor").run(GOLDEN)["y"][0, -1])


def quiet(_: str) -> None:
    pass


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle whose role multiplies by 2."""
    out = tmp_path / "bundle"
    add_role(make_empty_bundle(tmp_path / "empty"), out, "factor", built(tmp_path / "work", 2.0), quiet)
    return out


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_role_is_replaced_in_place(bundle: Path, tmp_path: Path) -> None:
    before = sorted(content(bundle))
    add_role(bundle, bundle, "factor", built(tmp_path / "work", 3.0), quiet)
    assert factor_of(bundle) == 3.0
    assert sorted(content(bundle)) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "empty", "work"]


def test_another_role_stays(bundle: Path, tmp_path: Path) -> None:
    add_role(bundle, tmp_path / "out", "second", built(tmp_path / "work", 5.0), quiet)
    assert set(Bundle(tmp_path / "out").manifest.roles) == {"factor", "second"}
    assert factor_of(tmp_path / "out") == factor_of(bundle) == 2.0


def test_what_fails_its_self_test_is_not_put_in_place(bundle: Path, tmp_path: Path) -> None:
    before = content(bundle)
    with pytest.raises(BuildError, match=r"fails its self-test: factor model fp16 has error .*nothing was written"):
        add_role(bundle, bundle, "factor", built(tmp_path / "work", 3.0, halved=3.5), quiet)
    assert content(bundle) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "empty", "work"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 40 kB, so writing the next one fails midway, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fails_midway_leaves_the_old_bundle(bundle: Path, tmp_path: Path, request) -> None:
    new, before = built(tmp_path / "work", 3.0), content(bundle)
    request.getfixturevalue("small_files")
    with pytest.raises(BuildError, match=r"cannot be written: .*File too large.*; nothing was changed"):
        add_role(bundle, bundle, "factor", new, quiet)
    assert content(bundle) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "empty", "work"]


def test_a_folder_that_is_no_bundle_is_not_overwritten(bundle: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(BuildError, match="is not empty and no bundle"):
        add_role(bundle, foreign, "factor", built(tmp_path / "work", 3.0), quiet)
    assert content(foreign) == {"cat.jpg": b"cat"}
