"""Judges every graph of a finished bundle for TensorRT and writes the verdicts into its manifest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Graph, GraphVerdict, Manifest, Tensorrt, Variant, VariantName, write_manifest
from export.tensorrt.free_axes import free_axes
from export.tensorrt.profile import Axes, known_profile, stored_axes
from export.tensorrt.verdict import PROVIDER_OPTIONS, judge_graph

Told = Callable[["Judged"], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """One graph and the verdict on it."""

    role: str
    graph: str
    variant: VariantName
    verdict: GraphVerdict


def judged_graphs(manifest: Manifest, roles: Collection[str] = ()) -> Iterator[tuple[str, VariantName, str]]:
    """(role, variant, graph) of all graphs for TensorRT, of the named roles or of all."""
    for role, described in manifest.roles.items():
        if roles and role not in roles:
            continue
        for variant, part in described.variants.items():
            if variant in PROVIDER_OPTIONS:
                yield from ((role, variant, graph) for graph in part.graphs)


def judge_bundle(folder: Path, roles: Collection[str], report: Told) -> list[Judged]:
    """Lint and build the graphs of the bundle in `folder`, and write profiles and verdicts into its manifest.

    Raises:
        BundleError: the bundle cannot be trusted.
    """
    bundle = Bundle(folder)
    for role in roles:
        bundle.role(role)
    axes = {key: _axes(bundle, *key) for key in judged_graphs(bundle.manifest, roles)}
    found = []
    for (role, variant, graph), sizes in axes.items():
        path = folder / bundle.role(role).variants[variant].graphs[graph].file
        found.append(Judged(role, graph, variant, judge_graph(path, variant, sizes)))
        report(found[-1])
    write_manifest(_with_verdicts(bundle.manifest, found, axes), folder)
    return found


def _axes(bundle: Bundle, role: str, variant: VariantName, graph: str) -> Axes:
    """Those of the manifest, else the default role's of that name."""
    described = bundle.role(role).variants[variant].graphs[graph]
    return stored_axes(described) or free_axes(role, {graph: bundle.folder / described.file})[graph]


def _with_verdicts(manifest: Manifest, found: list[Judged], axes: dict[tuple[str, VariantName, str], Axes]) -> Manifest:
    content = manifest.model_copy(update={"roles": dict(manifest.roles)})
    for role, variant in dict.fromkeys((judged.role, judged.variant) for judged in found):
        described = content.roles[role]
        part = described.variants[variant]
        verdicts = {item.graph: item.verdict for item in found if (item.role, item.variant) == (role, variant)}
        renewed = part.model_copy(
            update={
                "graphs": {name: _profiled(graph, axes[role, variant, name]) for name, graph in part.graphs.items()},
                "tensorrt": Tensorrt(graphs=verdicts, options=PROVIDER_OPTIONS[variant]),
            }
        )
        variants: dict[VariantName, Variant] = {**described.variants, variant: renewed}
        content.roles[role] = described.model_copy(update={"variants": variants})
    return content


def _profiled(graph: Graph, axes: Axes) -> Graph:
    return graph.model_copy(update={"profile": known_profile({item.name: item.shape for item in graph.inputs}, axes)})
