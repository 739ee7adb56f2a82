"""A fine-tuned net of torchvision: its state_dict, built by `torchvision.models.get_model`."""

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
from export.role_build import BuildError


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read the weights; torchvision must be installed; whoever trained with it has it."""
    del work
    models: Any = library("torchvision").models

    def make(name: str, classes: int, channels: int) -> nn.Module:
        del channels  # all its nets take colour
        known = models.list_models(module=models)
        if name not in known:
            raise OptionError(f"torchvision has no architecture {name!r}; {nearest(name, known)}")
        made: nn.Module = models.get_model(name, num_classes=classes).eval()
        return made

    def usual(name: str, net: nn.Module) -> Usual:
        del net
        weights = models.get_model_weights(name)
        if not len(weights):
            raise BuildError(f"torchvision does not say how it trained {name}: --set px, mean and deviation")
        transforms = weights.DEFAULT.transforms()
        return Usual(transforms.crop_size[0], transforms.mean, transforms.std)

    return library_job("torchvision", make, usual, checkpoint, options)
