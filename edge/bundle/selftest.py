"""The golden self-test: compares the graphs' outputs on this machine with those from the bundle's build.

A golden file holds real inputs and the outputs of the fp32 graphs on the CPU. An engine that a provider built wrongly
shows here before a driver relies on it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import numpy as np

from edge.bundle.bundle import Bundle, read_arrays
from edge.bundle.manifest import BundleError, VariantName
from edge.bundle.session import Array, Provider, Session
from edge.process import python_command
from edge.redact import error_line

_WARM_UP = 2
_RUNS = (5, 50)
"""Fewest and most timed runs of one graph."""
_TIME_S = 0.5
"""After this time only the fewest runs are timed."""
_NO_DIVISION_BY_ZERO = 1e-12
LONGEST_S: dict[Provider, float] = {"cpu": 600.0, "cuda": 600.0, "tensorrt": 3 * 3600.0}
"""Time limit of a self-test; chosen. The default bundle takes 20 s on a laptop's core; TensorRT builds engines."""


@dataclass(frozen=True, slots=True)
class GraphCheck:
    """The result of one graph on its golden inputs."""

    role: str
    graph: str
    variant: VariantName
    provider: str
    """The provider that onnxruntime really uses."""
    error: float
    """The worst output's `rms_ratio` against its golden."""
    tolerance: float
    latency_ms: float
    """Median of one run with the golden inputs."""

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; NaN is not."""
        return self.error <= self.tolerance


def rms_ratio(actual: Array, expected: Array) -> float:
    """Root-mean-square of the difference over that of `expected`: the one measure of agreement between graphs.

    Infinite if the shapes differ or either has a value that is not finite.
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
    """Check every graph that this bundle's provider runs, one after another."""
    for role in bundle.manifest.roles:
        yield from check_variant(bundle, role, bundle.variant_name(role))


def check_variant(bundle: Bundle, role: str, variant: VariantName) -> Iterator[GraphCheck]:
    """Check the graphs of one variant. BundleError: the golden file does not fit the graph."""
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


def isolated_test(
    folder: Path, provider: Provider, threads: int, longest_s: float | None = None
) -> Iterator[GraphCheck]:
    """Verify and check the bundle in `folder` in a process of its own.

    Raises:
        BundleError: it is damaged, or the test crashed or did not end within `LONGEST_S`.
    """
    longest_s = LONGEST_S[provider]
    until_s = time.monotonic() + longest_s
    read, write = os.pipe()
    words = (str(folder), provider, threads, write)
    child = subprocess.Popen(
        python_command(f"from edge.bundle.selftest import answer; answer(*{words!r})"), pass_fds=[write]
    )
    os.close(write)
    with child, Connection(read, writable=False) as answers:
        try:
            while True:
                if not answers.poll(max(0.0, until_s - time.monotonic())):
                    raise BundleError(f"the self-test of {folder} has not ended after {longest_s:.0f} s")
                answer = json.loads(answers.recv_bytes())
                if answer is None:
                    return
                if isinstance(answer, str):
                    raise BundleError(answer)
                yield GraphCheck(**answer)
        except EOFError:
            raise BundleError(f"the self-test of {folder} crashed (exit code {child.wait()})") from None
        finally:
            child.kill()


def answer(folder: str, provider: str, threads: int, handle: int) -> None:
    """Run in the other process: writes each check, an error's sentence, or null at the end to the pipe `handle`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    with Connection(handle, readable=False) as answers:
        try:
            for check in self_test(Bundle(folder, cast(Provider, provider), threads)):
                answers.send_bytes(json.dumps(asdict(check)).encode())
            fault = None
        except BundleError as error:
            fault = str(error)
        except Exception as error:  # a hostile model can raise anything
            fault = f"the self-test of {folder} failed: {error_line(error)}"
        answers.send_bytes(json.dumps(fault).encode())
