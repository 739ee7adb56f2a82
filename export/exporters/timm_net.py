"""A fine-tuned net of timm: its state_dict, built by `timm.create_model`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from export.checkpoint import nearest
from export.export_job import ExportJob
from export.exporters import OptionError
from export.exporters.library_net import Usual, library_job
from export.exporters.options import library


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read the weights; timm must be installed; whoever trained with it has it."""
    del work
    timm: Any = library("timm")

    def make(name: str, classes: int, channels: int) -> nn.Module:
        if not timm.is_model(name):
            raise OptionError(f"timm has no architecture {name!r}; {nearest(name, timm.list_models())}")
        made: nn.Module = timm.create_model(name, num_classes=classes, in_chans=channels).eval()
        return made

    def usual(name: str, net: Any) -> Usual:
        config = timm.data.resolve_data_config({}, model=net)
        return Usual(config["input_size"][1], config["mean"], config["std"])

    return library_job("timm", make, usual, checkpoint, options)
