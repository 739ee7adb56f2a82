"""Writes a bundle: runs the builders of a recipe, stores what they made, and proves it before it is put in place."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from edge.bundle.bundle import Bundle, sha256_of
from edge.bundle.manifest import Graph, Manifest, Role, StoredFile, Tensor, Variant, write_manifest
from edge.bundle.selftest import GraphCheck, check_variant, median_latency_ms
from edge.bundle.session import Session
from export.recipe import Recipe
from export.role import Archives, Array, BuildError, RoleBuild, VariantBuild
from export.roles import builder

_TOOLS = ("ai-edge-litert", "keras", "numpy", "onnx", "onnxruntime", "torch", "transformers")

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


@dataclass(frozen=True, slots=True)
class Built:
    """A finished bundle."""

    folder: Path
    checks: list[GraphCheck]
    seconds: Mapping[str, float]
    """Time for each role."""


def build_bundle(
    recipe: Recipe, archives: Archives, out: Path, progress: Progress, only: Collection[str] = ()
) -> Built:
    """Build the roles of `recipe` into `out`, which is replaced only by a bundle that passed its self-test.

    With `only`, the other roles are taken over from the bundle that is in `out`.

    Raises:
        BuildError: a role cannot be built, or the finished bundle fails its own self-test.
    """
    if out.exists() and not (out / "bundle.yaml").is_file() and any(out.iterdir()):
        raise BuildError(f"{out} is not empty and no bundle: nothing is overwritten; choose another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
        stage, work = Path(staging) / "bundle", Path(staging) / "work"
        stage.mkdir()
        roles = {}
        for name in recipe.roles:
            if only and name not in only:
                roles[name] = _take_over(name, out, stage)
                continue
            progress(f"building {name}")
            start = time.monotonic()
            roles[name] = _build_role(name, recipe.options(name), archives, work / name, stage)
            seconds[name] = time.monotonic() - start
        manifest = Manifest(name=recipe.name, version=recipe.version, built_with=_built_with(), roles=roles)
        write_manifest(manifest, stage)
        progress("self-test")
        checks = _prove(stage)
        _put_in_place(stage, out)
    return Built(out, checks, seconds)


def _build_role(name: str, options: Mapping[str, Any], archives: Archives, work: Path, stage: Path) -> Role:
    work.mkdir(parents=True)
    built = builder(name)(archives, work, options)
    return _RoleWriter(name, built, stage).write()


def _take_over(name: str, out: Path, stage: Path) -> Role:
    role = Bundle(out).role(name)
    for stored in role.files():
        target = stage / stored.file
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(out / stored.file, target)
    return role


class _RoleWriter:
    """Copies what a builder made into the stage and describes it."""

    def __init__(self, name: str, built: RoleBuild, stage: Path) -> None:
        self.name = name
        self.built = built
        self.stage = stage

    def write(self) -> Role:
        """Store every file of the role and return its part of the manifest."""
        built = self.built
        return Role(
            description=built.description,
            sources=built.sources,
            training_data=built.training_data,
            not_checked=built.not_checked,
            preprocessing=dict(built.preprocessing),
            labels=built.labels,
            variants={name: self._variant(name, variant) for name, variant in built.variants.items()},
            default=dict(built.default),
            tables={name: self._store(path, f"tables/{self.name}.{path.name}") for name, path in built.tables.items()},
            golden=self._golden(),
        )

    def _variant(self, name: str, variant: VariantBuild) -> Variant:
        latency_ms = {
            graph: round(median_latency_ms(Session(path), self.built.golden_inputs[graph]), 3)
            for graph, path in variant.graphs.items()
        }
        return Variant(
            graphs={graph: self._graph(name, graph, path) for graph, path in variant.graphs.items()},
            golden_tolerance=variant.golden_tolerance,
            measured={**variant.measured, "latency_ms_1_thread": latency_ms},
            calibration=dict(variant.calibration) if variant.calibration is not None else None,
        )

    def _graph(self, variant: str, graph: str, path: Path) -> Graph:
        stored = self._store(path, f"{self.name}.{graph}.{variant}.onnx")
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(path)
        opset = next(item.version for item in model.opset_import if not item.domain)
        sides = [[self._tensor(value) for value in side] for side in (model.graph.input, model.graph.output)]
        return Graph(**stored.model_dump(), opset=opset, inputs=sides[0], outputs=sides[1])

    def _tensor(self, value: onnx.ValueInfoProto) -> Tensor:
        kind = value.type.tensor_type
        shape = [dim.dim_param or dim.dim_value for dim in kind.shape.dim]
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
        return Tensor(name=value.name, dtype=dtype, shape=shape, meaning=self.built.tensor_meanings.get(value.name, ""))

    def _golden(self) -> StoredFile:
        arrays: dict[str, Array] = {}
        for graph, feeds in self.built.golden_inputs.items():
            outputs = Session(self.built.variants["fp32"].graphs[graph]).run(feeds)
            arrays |= {f"in.{graph}.{name}": value for name, value in feeds.items()}
            arrays |= {f"out.{graph}.{name}": value for name, value in outputs.items()}
        path = self.stage / "golden" / f"{self.name}.npz"
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
        return self._described(path)

    def _store(self, source: Path, target: str) -> StoredFile:
        path = self.stage / target
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, path)
        return self._described(path)

    def _described(self, path: Path) -> StoredFile:
        name = path.relative_to(self.stage).as_posix()
        return StoredFile(file=name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _built_with() -> dict[str, str]:
    tools: dict[str, Any] = {name: importlib.metadata.version(name) for name in ("emvas-edge", *_TOOLS)}
    return {"python": platform.python_version(), "machine": platform.machine(), **tools}


def _prove(stage: Path) -> list[GraphCheck]:
    bundle = Bundle(stage)
    checks = [
        check
        for role, described in bundle.manifest.roles.items()
        for variant in described.variants
        for check in check_variant(bundle, role, variant)
    ]
    for check in checks:
        if not check.passed:
            raise BuildError(
                f"the new bundle fails its self-test: {check.role} {check.graph} {check.variant} has error "
                f"{check.error:.1e}, allowed {check.tolerance:.1e}; nothing was written"
            )
    return checks


def _put_in_place(stage: Path, out: Path) -> None:
    """Swap by renaming, so that `out` is either the old bundle or the new one."""
    retired = stage.with_name("retired")
    if out.exists():
        out.rename(retired)
    stage.rename(out)
