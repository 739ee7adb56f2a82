"""Exports speech encoders of Hugging Face: samples in; a row per frame, a vector per recording and its classes out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from export.checkpoint import folder_config, load_folder, read_json, sources_of
from export.export_job import ExportJob, Feeds, GraphJob
from export.exporters.classifier_heads import CheckpointHead, class_names, head_of, is_classifier, left_out
from export.exporters.options import number
from export.exporters.samples import NUMBERS, agreement_task, read_samples
from export.role_build import BuildError, FreeAxis
from export.trace import reference

RATE_HZ = 16_000
_HEADS = (
    "lm_head.",
    "classifier.",
    "projector.",
    "quantizer.",
    "project_q.",
    "project_hid.",
    "final_proj.",
    "layer_weights",
    "masked_spec_embed",
    "label_embs_concat",
)
"""Prefixes of the parts around the encoder, from pre-training and fine-tuning."""
_KINDS = ("wav2vec2", "hubert", "wavlm")
_MOST_S = 20.0
_MOST_SOUNDS = 4
_NORM_EPSILON = 1e-7
"""The constant of Wav2Vec2FeatureExtractor's `zero_mean_unit_var_norm`."""


class SoundEncoder(nn.Module):
    """`samples` [n, t], -1..1, all rows of one length -> `frames` [n, f, h], `vector` [n, h], and the output of the
    head.
    """

    def __init__(self, model: nn.Module, normalize: bool, head: CheckpointHead | None) -> None:
        super().__init__()
        self.model, self.normalize, self.head = model, normalize, head

    def forward(self, samples: Tensor) -> tuple[Tensor, ...]:
        """The last layer, its mean over the frames, and the output of the head."""
        if self.normalize:
            centred = samples - samples.mean(dim=1, keepdim=True)
            samples = centred / torch.sqrt(centred.square().mean(dim=1, keepdim=True) + _NORM_EPSILON)
        if self.head is None:
            frames = self.model(input_values=samples).last_hidden_state
            return frames, frames.mean(dim=1)
        found = self.model(input_values=samples, output_hidden_states=True)
        frames = found.hidden_states[-1]
        return frames, frames.mean(dim=1), self.head.read(found.logits)


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read a Hugging Face folder; calibration and evaluation files hold `samples` [N, t] at 16 kHz."""
    from transformers import AutoModel, AutoModelForAudioClassification

    config = folder_config(checkpoint)
    if config.get("model_type") not in _KINDS:
        raise BuildError(
            f"{checkpoint} is a {config.get('model_type')} model; {', '.join(_KINDS)} can be exported here"
        )
    loader, heads = (AutoModelForAudioClassification, ()) if is_classifier(config) else (AutoModel, _HEADS)
    model: Any = load_folder(loader, checkpoint, heads, attn_implementation="eager")
    head = head_of(config, model)
    encoder = SoundEncoder(model, _normalized(checkpoint), head)
    least, stride = _field(model.config.conv_kernel, model.config.conv_stride)
    most = int(number(options, "most_s", _MOST_S) * RATE_HZ)
    graph = _graph(encoder, least, most)
    samples = {key: _sounds(options[key], least, most) for key in ("calibration", "evaluation") if key in options}
    task = None
    if "evaluation" in samples:
        wanted = [
            reference(graph, {"samples": torch.from_numpy(row["samples"])})["vector"] for row in samples["evaluation"]
        ]
        task = agreement_task("model", "vector", samples["evaluation"], wanted, options["evaluation"])
    real = next(iter(samples.values()), None)
    return ExportJob(
        role=options.get("role", "audio_encoder"),
        description=f"{config['model_type']} speech encoder, one row of {model.config.hidden_size} a frame",
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        training_data=options.get("training_data", "not stated"),
        graphs={"model": graph},
        golden_inputs={"model": real[0] if real else _tone()},
        calibration={"model": samples["calibration"]} if "calibration" in samples else {},
        task=task,
        tensor_meanings={
            "samples": "sound at 16 kHz, -1..1; the rows of a batch are of one length",
            "frames": f"last layer, one row every {stride * 1000 // RATE_HZ} ms",
            "vector": "mean of the frames",
            **({head.output: head.meaning} if head else {}),
        },
        labels=class_names(options.get("labels"), head.labels) if head else [],
        preprocessing={
            "rate_hz": RATE_HZ,
            "normalized_inside": encoder.normalize,
            "stride": stride,
            "least_samples": least,
        },
        not_checked=["padded batches: sounds of different length go one by one", *left_out(config)]
        + ([] if real else ["golden inputs are a tone: no sounds were given (--calibration)"]),
    )


def _normalized(folder: Path) -> bool:
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        raise BuildError(f"{folder} has no preprocessor_config.json: whether the sound is normalized stands there")
    settings = read_json(path)
    if settings.get("sampling_rate", RATE_HZ) != RATE_HZ:
        raise BuildError(f"{path}: the encoder hears at {settings['sampling_rate']} Hz, 16000 are wanted here")
    return bool(settings.get("do_normalize", True))


def _field(kernels: list[int], strides: list[int]) -> tuple[int, int]:
    """Samples of the shortest audio that gives a frame, and samples from one frame to the next."""
    least, stride = 1, 1
    for kernel, step in zip(kernels, strides, strict=True):
        least += (kernel - 1) * stride
        stride *= step
    return least, math.prod(strides)


def _graph(encoder: SoundEncoder, least: int, most: int) -> GraphJob:
    usual = min(max(3 * RATE_HZ, least), most)

    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sizes["samples"])
        return {"samples": 0.1 * torch.randn(sizes["n"], sizes["samples"], generator=generator)}

    axes = {"samples": {0: FreeAxis("n", 1, 1, _MOST_SOUNDS), 1: FreeAxis("samples", least, usual, most)}}
    outputs = ("frames", "vector", *([encoder.head.output] if encoder.head else []))
    return GraphJob(encoder, example, outputs, axes, "transformer")


def _tone() -> Feeds:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    return {"samples": (0.1 * np.sin(2 * np.pi * 220 * time_s))[None].astype(np.float32)}


def _sounds(path: str, least: int, most: int) -> list[Feeds]:
    rows = read_samples(Path(path), {"samples": NUMBERS})["samples"]
    if rows.ndim != 2 or not least <= rows.shape[1] <= most:
        raise BuildError(f"{path}: `samples` is {rows.shape}; (N, t) with t from {least} to {most} is wanted")
    return [{"samples": row[None].astype(np.float32)} for row in rows]
