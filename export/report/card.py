"""A role's model card as plain data: the manifest's texts and figures, and measurements on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Role, Tensorrt, Variant, VariantName
from edge.bundle.selftest import GraphCheck
from export.gate.admission import TIMED

_NO_GPU = "no engine has run on a GPU: tensorrt-rtx parsed and built it; `emvas export engine` tests it on the device"
_NO_SELF_TEST = "times and errors are from one machine; other machines differ"


def role_card(bundle: Bundle, name: str, checks: Sequence[GraphCheck], machine: Mapping[str, Any]) -> dict[str, Any]:
    """The card of role `name`; `checks` are those of all its variants on `machine`."""
    role, manifest = bundle.role(name), bundle.manifest
    fp32 = role.variants["fp32"]
    return {
        "role": name,
        "bundle": {"name": manifest.name, "version": manifest.version, "built_with": manifest.built_with},
        "description": role.description,
        "sources": [source.model_dump() for source in role.sources],
        "licences": list(dict.fromkeys(source.licence for source in role.sources)),
        "training_data": role.training_data,
        "labels": role.labels,
        "preprocessing": role.preprocessing,
        "tables": {table: stored.bytes for table, stored in role.tables.items()},
        "default": dict(role.default),
        "machine": dict(machine),
        "variants": {
            variant: _variant(part, _of(checks, name, variant), variant in TIMED)
            for variant, part in role.variants.items()
        },
        "refused": {variant: why["reason"] for variant, why in fp32.measured.get("refused", {}).items()},
        "not_checked": [*role.not_checked, *_not_checked(role)],
    }


def _of(checks: Sequence[GraphCheck], role: str, variant: VariantName) -> dict[str, GraphCheck]:
    return {check.graph: check for check in checks if (check.role, check.variant) == (role, variant)}


def _variant(part: Variant, checks: Mapping[str, GraphCheck], timed: bool) -> dict[str, Any]:
    """The card of one variant; a variant for the GPU has no time, since it would be that of a CPU."""
    return {
        "bytes": sum(graph.bytes for graph in part.graphs.values()),
        "graphs": {name: graph.model_dump() for name, graph in part.graphs.items()},
        "here": {
            graph: {
                "latency_ms_1_thread": round(check.latency_ms, 3) if timed else None,
                "golden_rms_ratio": float(f"{check.error:.3g}"),
                "allowed": check.tolerance,
                "passed": check.passed,
            }
            for graph, check in checks.items()
        },
        "measured": part.measured,
        "calibration": part.calibration,
        "tensorrt": _verdict(part.tensorrt),
    }


def _verdict(found: Tensorrt | None) -> dict[str, Any] | None:
    return None if found is None else {"ready": found.ready, **found.model_dump()}


def _not_checked(role: Role) -> Iterator[str]:
    if any(part.tensorrt is not None and part.tensorrt.ready for part in role.variants.values()):
        yield _NO_GPU
    yield _NO_SELF_TEST


def rows(found: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """(name, value) of every figure in nested data; nested names are joined by dots."""
    for key, value in found.items():
        name = (*path, str(key))
        if isinstance(value, Mapping):
            yield from rows(value, name)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield from rows({str(index + 1): item for index, item in enumerate(value)}, name)
        else:
            yield ".".join(name), _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return "none" if value is None else str(value)
