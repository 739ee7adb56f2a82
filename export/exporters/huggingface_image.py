"""Exports image classifiers of Hugging Face: an image in, class probabilities and one vector out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.checkpoint import folder_config, load_folder, sources_of
from export.export_job import ExportJob, Family
from export.exporters.picture_net import PictureNet, picture_job
from export.exporters.preprocessing import Preprocessing, read_preprocessing
from export.role_build import BuildError

_TRANSFORMERS = ("vit", "deit", "swin", "beit", "dinov2")
"""Families that compute mostly in MatMul; the others are convolutional."""


class PictureModel(nn.Module):
    """`image` [n, 3, px, px], RGB 0..1 -> `probabilities` [n, labels], `vector` [n, width]."""

    scale: Tensor
    offset: Tensor

    def __init__(self, model: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.classifier = model.classifier
        model.classifier = nn.Identity()
        self.model = model
        self.register_buffer("scale", torch.tensor(preprocessing.scale).view(1, 3, 1, 1))
        self.register_buffer("offset", torch.tensor(preprocessing.offset).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The classes, and the input of the classifier."""
        features = self.model(pixel_values=image * self.scale + self.offset).logits
        return torch.softmax(self.classifier(features), dim=1), features.flatten(1)


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read a Hugging Face folder with its image processor."""
    del work
    from transformers import AutoModelForImageClassification

    config = folder_config(checkpoint)
    family: Family = "transformer" if str(config.get("model_type", "")).startswith(_TRANSFORMERS) else "cnn"
    eager = {"attn_implementation": "eager"} if family == "transformer" else {}
    model: Any = load_folder(AutoModelForImageClassification, checkpoint, **eager)
    if not isinstance(getattr(model, "classifier", None), nn.Module):
        raise BuildError(f"{checkpoint} ({config.get('model_type')}) has no layer `classifier`, which is wanted here")
    if getattr(model.config, "num_channels", 3) != 3:
        raise BuildError(f"{checkpoint} wants pictures of {model.config.num_channels} channels, 3 are wanted here")
    preprocessing = read_preprocessing(checkpoint)
    net = PictureNet(
        description=f"{config.get('model_type')} picture classifier",
        module=PictureModel(model, preprocessing).eval(),
        outputs=("probabilities", "vector"),
        px=preprocessing.px,
        seen_px=preprocessing.resized_px,
        classes=[str(model.config.id2label[index]) for index in range(model.config.num_labels)],
        family=family,
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        preprocessing=preprocessing.described(),
    )
    return picture_job(net, options)
