"""The golden self-test: on this machine, do the graphs still say what they said when the bundle was built?

A golden file holds real inputs and the outputs of the fp32 graphs on the CPU. An engine that a provider built wrongly
shows here before a driver relies on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundle.arrays import read_arrays
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError, VariantName
from edge.bundle.session import Session

Array = npt.NDArray[Any]

_WARM_UP = 2
_RUNS = (5, 50)
"""Fewest and most timed runs of one graph."""
_TIME_S = 0.5
"""After this long no more runs than the fewest are timed."""
_NO_DIVISION_BY_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class GraphCheck:
    """What one graph did with its golden inputs."""

    role: str
    graph: str
    variant: VariantName
    provider: str
    """The provider that onnxruntime really took."""
    error: float
    """The worst output's `rms_ratio` against its golden."""
    tolerance: float
    latency_ms: float
    """Median of one run with the golden inputs."""

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; an error that is no number is not."""
        return self.error <= self.tolerance


def rms_ratio(actual: Array, expected: Array) -> float:
    """Root-mean-square of the difference over that of `expected`: the one measure of agreement between graphs.

    Infinite where the shapes differ or a number of either is infinite or none.
    """
    if actual.shape != expected.shape or not (np.isfinite(actual).all() and np.isfinite(expected).all()):
        return float("inf")
    wanted = expected.astype(np.float64)
    difference = np.sqrt(np.mean(np.square(actual.astype(np.float64) - wanted)))
    return float(difference / max(float(np.sqrt(np.mean(np.square(wanted)))), _NO_DIVISION_BY_ZERO))


def median_latency_ms(session: Session, feeds: Mapping[str, Array]) -> float:
    """The median time of one run in ms, warm."""
    for _ in range(_WARM_UP):
        session.run(feeds)
    times: list[float] = []
    fewest, most = _RUNS
    while len(times) < fewest or (sum(times) < _TIME_S and len(times) < most):
        start = time.perf_counter()
        session.run(feeds)
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1e3)


def self_test(bundle: Bundle) -> Iterator[GraphCheck]:
    """Check every graph that this bundle's provider would run, one after the other."""
    for role in bundle.manifest.roles:
        yield from check_variant(bundle, role, bundle.variant_name(role))


def check_variant(bundle: Bundle, role: str, variant: VariantName) -> Iterator[GraphCheck]:
    """Check the graphs of one variant; BundleError when the golden file does not fit the graph."""
    described = bundle.role(role).variants[variant]
    for graph in described.graphs:
        feeds, expected = golden(bundle, role, graph)
        session = bundle.session(role, graph, variant)
        if set(feeds) != set(session.input_names) or not expected:
            raise BundleError(
                f"the golden file of {role} does not fit its graph {graph}: it has inputs {sorted(feeds)} and outputs "
                f"{sorted(expected)}, the graph wants {session.input_names}; build or install the bundle again"
            )
        actual = session.run(feeds, list(expected))
        error = max(rms_ratio(actual[name], value) for name, value in expected.items())
        latency_ms = median_latency_ms(session, feeds)
        yield GraphCheck(role, graph, variant, session.provider, error, described.golden_tolerance, latency_ms)


def golden(bundle: Bundle, role: str, graph: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """The golden inputs and outputs of one graph, by tensor name."""
    stored = read_arrays(bundle.folder / bundle.role(role).golden.file)
    sides = [_side(stored, f"{side}.{graph}.") for side in ("in", "out")]
    return sides[0], sides[1]


def _side(stored: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {key.removeprefix(prefix): stored[key] for key in stored if key.startswith(prefix)}
