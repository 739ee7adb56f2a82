"""Stores what a role's builder made and describes it for the manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx

from edge.bundle.bundle import sha256_of
from edge.bundle.contract import fed_range, misfit
from edge.bundle.manifest import Graph, Role, StoredFile, Tensor, Tensorrt, Variant, VariantName
from edge.bundle.session import Session
from export.gate.decision import Decision
from export.gate.tensorrt_verdicts import settle
from export.role_build import Array, BuildError, RoleBuild, VariantBuild
from export.tensorrt.profile import check_feeds, inputs_of, known_profile
from export.tensorrt.verdict import judge_variant


class RoleWriter:
    """Copies the files of a builder into the new bundle and describes them."""

    def __init__(self, name: str, built: RoleBuild, stage: Path, decision: Decision | None = None) -> None:
        """`decision` has TensorRT's verdict on the variants; without it, TensorRT's builder gives one."""
        self.name = name
        self.built = built
        self.stage = stage
        self.decision = decision

    def write(self) -> Role:
        """Store every file of the role and return its part of the manifest."""
        built = self.built
        verdicts = {name: self._verdict(name, part) for name, part in built.variants.items()}
        kept, default = settle(built.variants, built.default, verdicts)
        role = Role(
            description=built.description,
            sources=built.sources,
            training_data=built.training_data,
            not_checked=built.not_checked,
            preprocessing=dict(built.preprocessing),
            labels=built.labels,
            variants={name: self._variant(name, part, verdicts[name]) for name, part in kept.items()},
            default=default,
            tables={name: self._store(path, f"tables/{self.name}.{path.name}") for name, path in built.tables.items()},
            golden=self._golden(),
        )
        if fault := misfit(self.name, role):
            raise BuildError(f"role {self.name} would not be what the box runs: {fault}; nothing was written")
        return role

    def _verdict(self, name: VariantName, variant: VariantBuild) -> Tensorrt | None:
        if self.decision is not None:
            return self.decision.variants[name].tensorrt
        return judge_variant(name, variant.graphs, self.built.axes)

    def _variant(self, name: VariantName, variant: VariantBuild, verdict: Tensorrt | None) -> Variant:
        return Variant(
            graphs={graph: self._graph(name, graph, path) for graph, path in variant.graphs.items()},
            tensorrt=verdict,
            golden_tolerance=variant.golden_tolerance,
            measured=dict(variant.measured),
            calibration=dict(variant.calibration) if variant.calibration is not None else None,
        )

    def _graph(self, variant: str, graph: str, path: Path) -> Graph:
        stored = self._store(path, f"{self.name}.{graph}.{variant}.onnx")
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(path)
        opset = next(item.version for item in model.opset_import if not item.domain)
        sides = [[self._tensor(value) for value in side] for side in (model.graph.input, model.graph.output)]
        profile = known_profile(inputs_of(model.graph), self.built.axes.get(graph, {}))
        check_feeds(profile, self.built.golden_inputs[graph], f"{self.name}.{graph}")
        return Graph(**stored.model_dump(), opset=opset, inputs=sides[0], outputs=sides[1], profile=profile)

    def _tensor(self, value: onnx.ValueInfoProto) -> Tensor:
        kind = value.type.tensor_type
        shape = [dim.dim_param or dim.dim_value for dim in kind.shape.dim]
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
        return Tensor(
            name=value.name,
            dtype=dtype,
            shape=shape,
            meaning=self.built.tensor_meanings.get(value.name, ""),
            range=fed_range(self.name, value.name),
        )

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
