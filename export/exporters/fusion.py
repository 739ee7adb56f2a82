"""Fusion models that `emvas train fusion` trained, and any model of `training.fusion` as an export job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.affect.fusion import MODALITIES
from edge.bundle.manifest import WeightSource
from edge.bundle.session import Session
from export.checkpoint import sources_of
from export.export_job import EvaluationTask, ExportJob, Feeds, GraphJob
from export.exporters.options import number, sizes
from export.role_build import BuildError, FreeAxis
from training.features.dataset import Features
from training.fusion.checkpoint import load, model_of
from training.fusion.data import read_features
from training.fusion.models.base import FusionNet

INPUTS = (*MODALITIES, *(f"{name}_length" for name in MODALITIES), "presence")
_SINGLE_SCORES = tuple(f"{name}_score" for name in MODALITIES)
_MOST_FRAMES = (128, 1024, 512)
_MOST_CLIPS = 8
_TOLERANCE = 0.01
_CALIBRATION = 128
"""Largest number of samples: ranges and class errors of small nets are stable with fewer."""


class FusionGraph(nn.Module):
    """The model with its scores in a fixed order instead of a table."""

    def __init__(self, model: FusionNet, outputs: Sequence[str]) -> None:
        super().__init__()
        self.model, self.outputs = model, tuple(outputs)

    def forward(
        self,
        text: Tensor,
        audio: Tensor,
        vision: Tensor,
        text_length: Tensor,
        audio_length: Tensor,
        vision_length: Tensor,
        presence: Tensor,
    ) -> tuple[Tensor, ...]:
        """`score` [n] and, of a multi-task model, the score of each modality [n]."""
        scores = self.model(text, audio, vision, text_length, audio_length, vision_length, presence)
        return tuple(scores[name] for name in self.outputs)


@dataclass(frozen=True, slots=True)
class Trained:
    """A fusion model read from a checkpoint."""

    model: FusionNet
    name: str
    features: Mapping[str, Any]
    """The meaning of the columns, as far as the checkpoint has it."""
    sources: list[WeightSource]
    not_checked: list[str]
    correlation: Mapping[str, float] = field(default_factory=dict)
    """Of the score with people's labels, by set of modalities (`text+vision`), as far as it was measured."""


def fusion_job(trained: Trained, options: Mapping[str, str]) -> ExportJob:
    """The job; calibration and evaluation are feature files (.npz, or a pickle of MMSA).

    Raises:
        BuildError: the features have other columns than the model.
    """
    graph = fusion_graph(trained.model, sizes(options, "most_frames", _MOST_FRAMES))
    calibration = _feeds(_features(options["calibration"], trained, "train"), graph) if "calibration" in options else []
    judged = _features(options["evaluation"], trained, "test") if "evaluation" in options else None
    real = calibration or (_feeds(judged, graph) if judged is not None else [])
    job_options = {key: options.get(key, "not stated") for key in ("licence", "training_data")}
    return ExportJob(
        role=options.get("role", "fusion"),
        description=f"{trained.name}: one score from text, voice and face",
        sources=trained.sources,
        training_data=job_options["training_data"],
        graphs={"model": graph},
        golden_inputs={"model": real[0] if real else _made(graph)},
        calibration={"model": calibration} if "calibration" in options else {},
        task=_task(judged, graph, options) if judged is not None else None,
        tensor_meanings={
            **dict.fromkeys(MODALITIES, "one row a frame; what lies after its length is ignored"),
            **{f"{name}_length": "frames that count" for name in MODALITIES},
            "presence": "1 or 0 for text, audio, vision; an absent modality is ignored",
            "score": "what is felt, on the scale of the training labels",
            **dict.fromkeys(_SINGLE_SCORES, "what this modality says alone"),
        },
        preprocessing={
            "model": trained.name,
            "dims": dict(trained.model.dims),
            "features": dict(trained.features),
            "correlation": dict(trained.correlation),
        },
        not_checked=[*trained.not_checked, *([] if real else ["golden inputs are random: no features were given"])],
    )


def fusion_graph(model: FusionNet, most_frames: tuple[int, int, int] = _MOST_FRAMES) -> GraphJob:
    """The graph with free batch and lengths; its outputs are the scores that the model gives."""
    model.eval()
    clips = FreeAxis("n", 1, 1, _MOST_CLIPS)
    frames = {
        name: FreeAxis(f"{name}_frames", 1, min(most, max(2, most // 4)), most)
        for name, most in zip(MODALITIES, most_frames, strict=True)
    }

    def example(chosen: Mapping[str, int]) -> Mapping[str, Tensor]:
        return _random_inputs(model.dims, chosen)

    with torch.inference_mode():
        given = model(*example({"n": 2, **{axis.name: 3 for axis in frames.values()}}).values())
    outputs = tuple(name for name in ("score", *_SINGLE_SCORES) if name in given)
    axes = {name: {0: clips, 1: frames[name]} for name in MODALITIES}
    rest = {name: {0: clips} for name in INPUTS if name not in axes}
    return GraphJob(FusionGraph(model, outputs).eval(), example, outputs, {**axes, **rest}, "float")


def _random_inputs(dims: Mapping[str, int], chosen: Mapping[str, int]) -> dict[str, Tensor]:
    """Lengths from 1 to all, and every modality missing somewhere where there are samples enough."""
    generator = torch.Generator().manual_seed(sum(chosen.values()))
    count = chosen["n"]
    inputs, lengths = {}, {}
    for name in MODALITIES:
        most = chosen[f"{name}_frames"]
        inputs[name] = torch.randn(count, most, dims[name], generator=generator)
        lengths[f"{name}_length"] = torch.randint(1, most + 1, (count,), generator=generator)
    presence = torch.ones(count, 3)
    for row in range(1, count):
        presence[row, (row - 1) % 3] = 0
    return {**inputs, **lengths, "presence": presence}


def _made(graph: GraphJob) -> Feeds:
    inputs = graph.example({"n": 1, **{f"{name}_frames": graph.axes[name][1].usual for name in MODALITIES}})
    return {name: value.numpy() for name, value in inputs.items()}


def _features(path: str, trained: Trained, split: str) -> Features:
    """The split's rows, or all where the file has no such rows."""
    features = read_features(Path(path), ())
    features.expect(trained.model.dims, path)
    chosen = features.split == split
    return features.select(chosen) if chosen.any() else features


def _feeds(features: Features, graph: GraphJob) -> list[Feeds]:
    """One sample a run, each cut to its length and to what the graph takes."""
    step = max(1, len(features) // _CALIBRATION)
    return [_row(features, row, graph) for row in range(0, len(features), step)][:_CALIBRATION]


def _row(features: Features, row: int, graph: GraphJob) -> Feeds:
    values: dict[str, Any] = {}
    for name in MODALITIES:
        most = graph.axes[name][1].most
        length = min(int(getattr(features, f"{name}_length")[row]), most)
        values[name] = getattr(features, name)[row : row + 1, : max(1, length)]
        values[f"{name}_length"] = np.array([length], np.int64)
    values["presence"] = features.presence[row : row + 1]
    return {name: values[name] for name in INPUTS}


def _task(features: Features, graph: GraphJob, options: Mapping[str, str]) -> EvaluationTask:
    rows = [row for row in range(len(features)) if np.isfinite(features.label[row])]
    if not rows:
        raise BuildError(f"{options['evaluation']}: no row has a label: variants cannot be judged by it")
    samples = [_row(features, row, graph) for row in rows]
    labels = features.label[rows]

    def error(sessions: Mapping[str, Session]) -> float:
        scores = [float(sessions["model"].run(feeds, ["score"])["score"][0]) for feeds in samples]
        return float(np.mean(np.abs(np.array(scores) - labels)))

    tolerance = number(options, "tolerance", _TOLERANCE)
    return EvaluationTask("mean absolute error", "score", "lower", tolerance, error, len(rows), options["evaluation"])


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read an `emvas-fusion-1` checkpoint of any model of the table."""
    content = load(checkpoint)
    model = model_of(content, str(checkpoint))
    sources = sources_of(checkpoint, options.get("licence", "not stated"))
    correlation = content.get("correlation", {})
    return fusion_job(Trained(model, content["model"], content["features"], sources, [], correlation), options)
