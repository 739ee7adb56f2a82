"""The margins that the gate requires of every variant, unless a recipe changes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Margins:
    """The gain that a variant must bring, and its largest difference from float32, whatever the task measures."""

    faster: float = 0.9
    """At most this share of float32's time, or"""
    smaller: float = 0.6
    """at most this share of its bytes without being slower."""
    fp16_max_abs: float = 1e-2
    """Largest difference, as a share of the output's largest magnitude (usual float16 tolerance of ONNX Runtime and
    TensorRT)."""
    int8_least_cosine: float = 0.99
    """Least cosine of each output with float32's."""
