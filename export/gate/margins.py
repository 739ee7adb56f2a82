"""The margins that the gate requires of every variant, unless a recipe changes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Margins:
    """What is worth having, and how near a variant must be to float32 whatever the task says."""

    faster: float = 0.9
    """At most this share of float32's time, or"""
    smaller: float = 0.6
    """at most this share of its bytes without being slower."""
    fp16_max_abs: float = 1e-2
    """Of the output's largest magnitude (ONNX Runtime's and TensorRT's usual float16 tolerance)."""
    int8_least_cosine: float = 0.99
    """Of each output with float32's."""
