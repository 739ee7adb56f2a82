"""The TensorRT engines that a bundle needs on this machine: finds missing and outdated ones, and builds them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import VariantName
from edge.bundle.selftest import GraphCheck, check_variant
from edge.bundle.tensorrt import PROVEN_FILE, Engine, Machine, engine_of


@dataclass(frozen=True, slots=True)
class Need:
    """One graph that the box would run through TensorRT, and its engine."""

    role: str
    graph: str
    variant: VariantName
    engine: Engine


def engines_needed(bundle: Bundle, machine: Machine, roles: Collection[str] = ()) -> list[Need]:
    """The engines of every graph that the bundle's provider runs, of the named roles or of all.

    Raises:
        BundleError: a role is not in the bundle.
    """
    found = []
    for role in roles or bundle.manifest.roles:
        variant = bundle.variant_name(role)
        described = bundle.role(role).variants[variant]
        found += [
            Need(role, name, variant, engine_of(described, graph, machine, bundle.engines))
            for name, graph in described.graphs.items()
        ]
    return found


def out_of_date(cache: Path, machine: Machine, needed: Sequence[Need]) -> list[Path]:
    """Engine folders that `needed` does not use: of other graphs, versions, GPUs or bundles."""
    wanted = {need.engine.folder for need in needed}
    elsewhere = [home for home in _folders(cache) if home.name != machine.folder]
    return elsewhere + [folder for folder in _folders(cache / machine.folder) if folder not in wanted]


def build_engines(
    bundle: Bundle, needed: Sequence[Need], report: Callable[[Need, GraphCheck], None]
) -> list[GraphCheck]:
    """Build the engines that are not proven yet, and test each with its golden input.

    An engine that computes something else is deleted. Returns every check, including failed ones.
    """
    checks = []
    missing = [need for need in needed if not need.engine.proven]
    for role, variant in dict.fromkeys((need.role, need.variant) for need in missing):
        graphs = {need.graph: need for need in needed if (need.role, need.variant) == (role, variant)}
        for need in graphs.values():
            if not need.engine.proven:
                shutil.rmtree(need.engine.folder, ignore_errors=True)  # left by an interrupted build
        start = time.monotonic()
        for check in check_variant(bundle, role, variant):
            need = graphs[check.graph]
            _record(need.engine, check, time.monotonic() - start)
            checks.append(check)
            report(need, check)
            start = time.monotonic()
    return checks


def _record(engine: Engine, check: GraphCheck, seconds: float) -> None:
    if not check.passed:
        shutil.rmtree(engine.folder, ignore_errors=True)
        return
    if engine.proven:
        return
    engine.folder.mkdir(parents=True, exist_ok=True)
    proof = {"seconds": round(seconds, 1), "error": check.error, "latency_ms": round(check.latency_ms, 3)}
    unfinished = engine.folder / f".{PROVEN_FILE}"
    unfinished.write_text(json.dumps(proof), encoding="utf-8")
    unfinished.replace(engine.folder / PROVEN_FILE)


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []
