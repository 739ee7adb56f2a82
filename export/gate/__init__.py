"""The gate: decides which variants enter a bundle; each must be as good as float32, and faster or smaller."""

from __future__ import annotations

from export.gate.admission import FP32_TOLERANCE
from export.gate.build import ChosenVariants, Wanted, build_variants, default_variants
from export.gate.decision import Decision
from export.gate.margins import Margins

__all__ = ["FP32_TOLERANCE", "ChosenVariants", "Decision", "Margins", "Wanted", "build_variants", "default_variants"]
