"""The export job of any image classifier: unchanged for other programs, or as the box's expression model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.bundle.manifest import WeightSource
from edge.bundle.session import Session
from edge.vision.perception import EXPRESSION_SIDE
from export.export_job import EvaluationTask, ExportJob, Family, Feeds, GraphJob, MadeGraph
from export.exporters import OptionError
from export.exporters.classifier_heads import class_names, expressions_of
from export.exporters.options import number
from export.exporters.samples import NUMBERS, agreement_task, read_samples
from export.graphs.picture_adapter import LEFT_OUT
from export.role_build import Array, BuildError, FreeAxis
from export.tasks.expression import samples
from export.tensorrt.free_axes import AXES
from export.trace import reference

ROLE = "expression"
"""The box's role that an image classifier can fill."""
_MOST_PICTURES = 8
_ACCURACY_TOLERANCE = 0.01
_LUMA = (0.299, 0.587, 0.114)
"""BT.601, as OpenCV converts colour to grey on the box."""


@dataclass(frozen=True, slots=True)
class PictureNet:
    """A classifier that was read and made traceable."""

    description: str
    module: nn.Module | MadeGraph
    """`image` [n, channels, px, px], 0..1 -> `probabilities` [n, classes], and the other names of `outputs`; or the
    ready graph of role `expression`."""
    outputs: tuple[str, ...]
    px: int
    seen_px: int
    """Side of the image whose middle the net sees."""
    classes: Sequence[str]
    family: Family
    sources: list[WeightSource]
    preprocessing: Mapping[str, Any]
    channels: int = 3
    not_checked: Sequence[str] = field(default_factory=list)


class BoxExpression(nn.Module):
    """`image` [n, px, px, 1], grey, -1..1 -> `probabilities` [n, labels]: a net with the box's input and output."""

    labels: Tensor

    def __init__(self, net: PictureNet, expressions: Sequence[str], columns: Sequence[str]) -> None:
        super().__init__()
        self.net, self.channels, self.px = net.module, net.channels, net.px
        self.edge = (net.seen_px - net.px) // 2
        rows = [[float(label == column) for column in columns] for label in expressions]
        self.register_buffer("labels", torch.tensor(rows))

    def forward(self, image: Tensor) -> Tensor:
        """Cut the middle, grey into every channel, 0..1; sum the classes of a label, share out those left out."""
        end = self.edge + self.px
        grey = (image[:, self.edge : end, self.edge : end, 0] + 1) / 2
        found = self.net(grey.unsqueeze(1).repeat(1, self.channels, 1, 1))
        kept = (found[0] if isinstance(found, tuple) else found) @ self.labels
        return kept / kept.sum(dim=1, keepdim=True).clamp(min=1e-6)


def picture_job(net: PictureNet, options: Mapping[str, str]) -> ExportJob:
    """Files for calibration hold `image` [N, channels, px, px]; those for evaluation also hold `label` [N], one class
    each.
    """
    names = class_names(options.get("labels"), net.classes)
    if options.get("role") == ROLE:
        return _expression_job(_within(net, options), expressions_of(names), options)
    graph = GraphJob(
        net.module,
        _example(lambda count, generator: torch.rand(count, net.channels, net.px, net.px, generator=generator)),
        net.outputs,
        {"image": {0: FreeAxis("n", 1, 1, _MOST_PICTURES)}},
        net.family,
    )
    calibration = _pictures(options["calibration"], net)[0] if "calibration" in options else []
    noise = np.random.default_rng(0).random((1, net.channels, net.px, net.px), np.float32)
    return ExportJob(
        role=options.get("role", "vision_encoder"),
        description=f"{net.description}, {len(names)} labels",
        sources=net.sources,
        training_data=options.get("training_data", "not stated"),
        graphs={"model": graph},
        golden_inputs={"model": calibration[0] if calibration else {"image": noise}},
        calibration={"model": calibration} if calibration else {},
        task=_task(options["evaluation"], graph, net) if "evaluation" in options else None,
        tensor_meanings={
            "image": f"{'RGB' if net.channels == 3 else 'grey'}, 0..1, channels first; it is normalized inside",
            "probabilities": "one a label, summing to 1",
            "vector": "what the classifier reads",
        },
        preprocessing=net.preprocessing,
        labels=names,
        not_checked=[
            *net.not_checked,
            *([] if calibration else ["golden inputs are noise: no pictures were given (--calibration)"]),
        ],
    )


def edge_px(px: int, middle: float) -> int:
    """Pixels around a net's image if it is the share `middle` of the box's image."""
    if middle > 1:
        raise OptionError(f"--set middle={middle:g}: a share up to 1 of the box's picture is wanted")
    return round((px / middle - px) / 2)


def _within(net: PictureNet, options: Mapping[str, str]) -> PictureNet:
    """The net with a margin around its image, as `middle` gives it."""
    return replace(net, seen_px=net.px + 2 * edge_px(net.px, number(options, "middle", net.px / net.seen_px)))


def _expression_job(net: PictureNet, expressions: Sequence[str], options: Mapping[str, str]) -> ExportJob:
    columns = list(dict.fromkeys(label for label in expressions if label != LEFT_OUT))
    side = net.seen_px
    graph = (
        net.module
        if isinstance(net.module, MadeGraph)
        else GraphJob(
            BoxExpression(net, expressions, columns).eval(),
            _example(lambda count, generator: 2 * torch.rand(count, side, side, 1, generator=generator) - 1),
            ("probabilities",),
            {"image": {0: AXES[ROLE][0]}},
            net.family,
        )
    )
    given = "calibration" in options
    calibration = _seen(_pictures(options["calibration"], net)[0], net) if given else samples(net.seen_px, 0)
    left_out = [name for name, label in zip(net.classes, expressions, strict=True) if label == LEFT_OUT]
    return ExportJob(
        role=ROLE,
        description=f"{net.description}, for {len(columns)} facial expressions",
        sources=net.sources,
        training_data=options.get("training_data", "not stated"),
        graphs={"model": graph},
        golden_inputs={"model": samples(net.seen_px, 1)[0]},
        calibration={"model": calibration},
        task=_expression_task(options["evaluation"], net, expressions, columns) if "evaluation" in options else None,
        tensor_meanings={
            "image": f"grey, -1..1, an upright face: {EXPRESSION_SIDE} of the mesh's crop",
            "probabilities": "one a label, summing to 1",
        },
        preprocessing={**net.preprocessing, "classes": list(net.classes), "classes_left_out": left_out},
        labels=columns,
        not_checked=[
            *net.not_checked,
            "whether the net was trained on faces cut as the box cuts them",
            *(["colour: the box shows grey faces"] if net.channels == 3 else []),
        ],
    )


def _example(draw: Any) -> Any:
    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        return {"image": draw(sizes["n"], torch.Generator().manual_seed(sizes["n"]))}

    return example


def _pictures(path: str, net: PictureNet) -> tuple[list[Feeds], dict[str, Array]]:
    arrays = read_samples(Path(path), {"image": NUMBERS})
    images, wanted = arrays["image"], (net.channels, net.px, net.px)
    if images.shape[1:] != wanted or images.min() < 0 or images.max() > 1:
        raise BuildError(f"{path}: `image` is {images.shape}; (N, {str(wanted)[1:-1]}) from 0 to 1 is wanted")
    return [{"image": row[None].astype(np.float32)} for row in images], arrays


def _seen(pictures: Sequence[Feeds], net: PictureNet) -> list[Feeds]:
    """The images as the box would feed them: grey, with a margin around the part that the net sees."""
    edge = (net.seen_px - net.px) // 2
    weights = np.array(_LUMA if net.channels == 3 else (1.0,), np.float32).reshape(1, -1, 1, 1)
    greys = [(feeds["image"] * weights).sum(axis=1) for feeds in pictures]
    wide = [np.pad(grey, ((0, 0), (edge, edge), (edge, edge)), mode="edge") for grey in greys]
    return [{"image": (2 * grey - 1)[..., None].astype(np.float32)} for grey in wide]


def _expression_task(path: str, net: PictureNet, expressions: Sequence[str], columns: Sequence[str]) -> EvaluationTask:
    pictures, arrays = _pictures(path, net)
    named = [expressions[label] for label in _labels(path, arrays, len(pictures), len(net.classes))]
    rows = [row for row, label in enumerate(named) if label != LEFT_OUT]
    feeds = _seen([pictures[row] for row in rows], net)
    return _accuracy(path, feeds, np.array([columns.index(named[row]) for row in rows]))


def _task(path: str, graph: GraphJob, net: PictureNet) -> EvaluationTask:
    pictures, arrays = _pictures(path, net)
    if "label" in arrays or "vector" not in net.outputs:
        return _accuracy(path, pictures, _labels(path, arrays, len(pictures), len(net.classes)))
    wanted = [reference(graph, {"image": torch.from_numpy(feeds["image"])})["vector"] for feeds in pictures]
    return agreement_task("model", "vector", pictures, wanted, path)


def _labels(path: str, arrays: Mapping[str, Array], count: int, classes: int) -> Array:
    labels = arrays.get("label", np.zeros(0))
    if labels.shape != (count,) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise BuildError(f"{path}: `label` must hold one whole number from 0 to {classes - 1} a picture")
    return labels


def _accuracy(path: str, pictures: Sequence[Feeds], labels: Array) -> EvaluationTask:
    def accuracy(sessions: Mapping[str, Session]) -> float:
        rows = [sessions["model"].run(feeds, ["probabilities"])["probabilities"][0] for feeds in pictures]
        return float(np.mean(np.argmax(rows, axis=1) == labels))

    return EvaluationTask("accuracy", "share", "higher", _ACCURACY_TOLERANCE, accuracy, len(pictures), path)
