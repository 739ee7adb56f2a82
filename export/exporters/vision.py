"""Picture classifiers and encoders of Hugging Face: a face crop in, class probabilities and one vector out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.bundle.session import Session
from export.checkpoint import folder_config, load_folder, read_json, sources_of
from export.exporters.samples import NUMBERS, agreement_task, read_samples
from export.job import Axis, ExportJob, Family, Feeds, GraphJob, Task
from export.role import Array, BuildError
from export.trace import reference

_TRANSFORMERS = ("vit", "deit", "swin", "beit", "dinov2")
"""Families whose arithmetic is in MatMul; the others are convolutional."""
_MOST_PICTURES = 8
_ACCURACY_TOLERANCE = 0.01
_RESAMPLING = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Numbers of PIL, as preprocessor_config.json has them."""


class PictureModel(nn.Module):
    """`image` [n, 3, px, px], RGB 0..1 -> `probabilities` [n, labels], `vector` [n, width]."""

    def __init__(self, model: nn.Module, mean: list[float], deviation: list[float]) -> None:
        super().__init__()
        self.classifier = model.classifier
        model.classifier = nn.Identity()
        self.model = model
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The classes, and what the classifier reads."""
        features = self.model(pixel_values=(image - self.mean) / self.deviation).logits
        return torch.softmax(self.classifier(features), dim=1), features.flatten(1)


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read a Hugging Face folder; calibration files hold `image` [N, 3, px, px], evaluation files also `label` [N]."""
    from transformers import AutoModelForImageClassification

    config = folder_config(checkpoint)
    model: Any = load_folder(AutoModelForImageClassification, checkpoint, **_attention(config))
    if not isinstance(getattr(model, "classifier", None), nn.Module):
        raise BuildError(f"{checkpoint} ({config.get('model_type')}) has no layer `classifier`, which is wanted here")
    if getattr(model.config, "num_channels", 3) != 3:
        raise BuildError(f"{checkpoint} wants pictures of {model.config.num_channels} channels, 3 are wanted here")
    described = _preprocessing(checkpoint, model.config)
    labels = [str(model.config.id2label[index]) for index in range(model.config.num_labels)]
    module = PictureModel(model, described["mean"], described["deviation"])
    graph = _graph(module, described["px"], _family(config))
    calibration = _pictures(options["calibration"], described["px"])[0] if "calibration" in options else []
    golden: Feeds = calibration[0] if calibration else _noise(described["px"])
    return ExportJob(
        role=options.get("role", "vision_encoder"),
        description=f"{config.get('model_type')} picture classifier, {len(labels)} labels, and its vector",
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        training_data=options.get("training_data", "not stated"),
        graphs={"model": graph},
        golden_inputs={"model": golden},
        calibration={"model": calibration} if "calibration" in options else {},
        task=_task(options["evaluation"], graph, described["px"], len(labels)) if "evaluation" in options else None,
        tensor_meanings={
            "image": "RGB, 0..1, channels first; mean and deviation are taken off inside",
            "probabilities": "one a label, summing to 1",
            "vector": "what the classifier reads",
        },
        preprocessing=described,
        labels=labels,
        not_checked=[] if calibration else ["golden inputs are noise: no pictures were given (--calibration)"],
    )


def _attention(config: Mapping[str, Any]) -> dict[str, str]:
    return {"attn_implementation": "eager"} if _family(config) == "transformer" else {}


def _family(config: Mapping[str, Any]) -> Family:
    return "transformer" if str(config.get("model_type", "")).startswith(_TRANSFORMERS) else "cnn"


def _preprocessing(folder: Path, config: Any) -> dict[str, Any]:
    """What preprocessor_config.json says, in the words of the manifest."""
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        raise BuildError(
            f"{folder} has no preprocessor_config.json: size, mean and deviation of its pictures stand there"
        )
    said = read_json(path)
    size = said.get("crop_size") if said.get("do_center_crop") else said.get("size")
    px = _side(size) or _side(getattr(config, "image_size", None))
    if px is None:
        raise BuildError(
            f"{path} names no size of the pictures (`size`); write it in, as in {{'height': 224, 'width': 224}}"
        )
    plain = not said.get("do_normalize", True)
    return {
        "px": px,
        "colour": "rgb",
        "range": [0.0, 1.0],
        "resize": _RESAMPLING.get(said.get("resample", 2), "bilinear"),
        "center_crop": bool(said.get("do_center_crop", False)),
        "shortest_edge": said["size"].get("shortest_edge") if isinstance(said.get("size"), dict) else None,
        "mean": [0.0] * 3 if plain else [float(value) for value in said.get("image_mean", [0.5] * 3)],
        "deviation": [1.0] * 3 if plain else [float(value) for value in said.get("image_std", [0.5] * 3)],
    }


def _side(size: Any) -> int | None:
    if isinstance(size, int):
        return size
    if isinstance(size, dict):
        return size.get("height") or size.get("shortest_edge")
    return None


def _graph(module: PictureModel, px: int, family: Family) -> GraphJob:
    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sizes["n"])
        return {"image": torch.rand(sizes["n"], 3, px, px, generator=generator)}

    axes = {"image": {0: Axis("n", 1, 1, _MOST_PICTURES)}}
    return GraphJob(module, example, ("probabilities", "vector"), axes, family)


def _noise(px: int) -> Feeds:
    return {"image": np.random.default_rng(0).random((1, 3, px, px), np.float32)}


def _pictures(path: str, px: int) -> tuple[list[Feeds], dict[str, Array]]:
    arrays = read_samples(Path(path), {"image": NUMBERS})
    images = arrays["image"]
    if images.shape[1:] != (3, px, px) or images.min() < 0 or images.max() > 1:
        raise BuildError(f"{path}: `image` is {images.shape}; (N, 3, {px}, {px}), RGB from 0 to 1, is wanted")
    return [{"image": row[None].astype(np.float32)} for row in images], arrays


def _task(path: str, graph: GraphJob, px: int, classes: int) -> Task:
    samples, arrays = _pictures(path, px)
    if "label" not in arrays:
        wanted = [reference(graph, {"image": torch.from_numpy(feeds["image"])})["vector"] for feeds in samples]
        return agreement_task("model", "vector", samples, wanted, path)
    labels = arrays["label"]
    if labels.shape != (len(samples),) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise BuildError(f"{path}: `label` must hold one whole number from 0 to {classes - 1} a picture")

    def accuracy(sessions: Mapping[str, Session]) -> float:
        rows = [sessions["model"].run(feeds, ["probabilities"])["probabilities"][0] for feeds in samples]
        return float(np.mean(np.argmax(rows, axis=1) == labels))

    return Task("accuracy", "share", "higher", _ACCURACY_TOLERANCE, accuracy, len(samples), path)
