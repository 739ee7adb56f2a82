"""Trains the models of the box on features that the box computes."""

from __future__ import annotations

from typing import Any

from edge.process import disable_telemetry

__all__ = ["FeatureExtraction", "MSA_run", "get_config"]

disable_telemetry()


def __getattr__(name: str) -> Any:
    """The published system's names, from `training.mmsa_api`, loaded on first use: they need torch."""
    if name in __all__:
        from training import mmsa_api

        return getattr(mmsa_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
