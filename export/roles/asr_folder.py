"""Role `asr` from a folder of the Hugging Face hub: a Whisper of another size, or a CTC recognizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from export.exporters.detect import detect
from export.pipeline import run_job
from export.role_build import Archives, RoleBuild


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Export the folder `options["folder"]` as `emvas export asr` does; no archive is needed."""
    del archives
    exporter = detect(options["folder"], "asr")
    progress(f"reading {options['folder']} as {exporter.name}")
    told = {key: str(options[key]) for key in ("licence", "training_data", "evaluation") if key in options}
    return run_job(exporter.build(options["folder"], told, work), options["variants"], work, progress)
