"""Compares a converted graph with the original interpreter, on real input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edge.bundle.selftest import rms_ratio
from edge.bundle.session import Session
from export.role_build import Array, BuildError

Feeds = Mapping[str, Array]
Engine = Callable[[Feeds], Mapping[str, Array]]

LARGEST_RMS_RATIO = 1e-4
"""Largest ratio of a float32 conversion: ten times the measured effect of adding in another order."""


def check_parity(
    session: Session, engine: Engine, name: str, samples: Sequence[Feeds], largest: float = LARGEST_RMS_RATIO
) -> dict[str, Any]:
    """Run both on every sample; return the manifest's figures.

    Raises:
        BuildError: the RMS ratio of an output is above `largest`; an engine that rounds needs a wider one.
    """
    ours: dict[str, list[Array]] = {output: [] for output in session.output_names}
    theirs: dict[str, list[Array]] = {output: [] for output in session.output_names}
    for sample in samples:
        result, wanted = session.run(sample), engine(sample)
        for output in session.output_names:
            ours[output].append(result[output].ravel())
            theirs[output].append(np.asarray(wanted[output]).ravel())
    outputs = {output: _agreement(np.concatenate(ours[output]), np.concatenate(theirs[output])) for output in ours}
    for output, figures in outputs.items():
        if not figures["rms_ratio"] <= largest:
            raise BuildError(
                f"output {output!r} of the converted graph differs from {name}: RMS ratio {figures['rms_ratio']:.1e}, "
                f"allowed {largest:.0e}; the conversion is wrong for these weights"
            )
    return {"engine": name, "inputs": len(samples), "outputs": outputs}


def _agreement(actual: Array, expected: Array) -> dict[str, float]:
    worst = float(np.max(np.abs(actual - expected)))
    return {"max_abs": float(f"{worst:.3g}"), "rms_ratio": float(f"{rms_ratio(actual, expected):.3g}")}
