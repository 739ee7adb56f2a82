"""Fusion models that `emvas train fusion` trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from export.checkpoint import sources_of
from export.export_job import ExportJob
from export.exporters.fusion_job import Trained, fusion_job
from training.fusion.checkpoint import load, model_of


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read an `emvas-fusion-1` checkpoint of any model of the table."""
    content = load(checkpoint)
    model = model_of(content, str(checkpoint))
    sources = sources_of(checkpoint, options.get("licence", "not stated"))
    correlation = content.get("correlation", {})
    return fusion_job(Trained(model, content["model"], content["features"], sources, [], correlation), options)
