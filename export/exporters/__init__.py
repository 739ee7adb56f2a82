"""The exporters: one table, each module loaded on demand."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.error import EmvasError
from export.export_job import ExportJob

Group = Literal["asr", "encoder", "fusion", "onnx"]

COMMON: Mapping[str, str] = {
    "licence": "licence of the weights, for the model card",
    "training_data": "what the model was trained on, for the model card",
}
"""Options that every exporter takes."""


class OptionError(EmvasError):
    """A model or an option is unknown or missing; the message names the nearest valid one."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """One kind of checkpoint that can be exported."""

    name: str
    group: Group
    module: str
    """Has `build(checkpoint, options, work) -> ExportJob`."""
    reads: str
    """Description of the checkpoint."""
    options: Mapping[str, str]
    """Its options and their meaning, besides those of `COMMON`."""
    fills: tuple[str, ...] = ()
    """The roles of the box that it can fill."""

    def build(self, checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
        """Read `checkpoint` into an `ExportJob`; `work` is an empty folder for its files."""
        build: Callable[[Path, Mapping[str, str], Path], ExportJob] = importlib.import_module(self.module).build
        return build(checkpoint, options, work)


_MIDDLE = {
    "middle": "role expression: share of the box's picture of a face that the net sees, as 0.7 for nets of FER2013 and "
    "FER+, whose faces are cut tighter; default: what the folder's own processor cuts out, else 1"
}

_ROWS = (
    Exporter(
        "whisper",
        "asr",
        "export.exporters.whisper",
        "a Hugging Face Whisper folder (WhisperForConditionalGeneration)",
        {},
        ("asr",),
    ),
    Exporter(
        "ctc",
        "asr",
        "export.exporters.ctc",
        "a Hugging Face CTC folder (Wav2Vec2ForCTC, Wav2Vec2ConformerForCTC, ParakeetForCTC)",
        {},
        ("asr",),
    ),
    Exporter(
        "conformer",
        "asr",
        "export.exporters.conformer",
        "a checkpoint of `emvas train asr` (emvas-asr-1)",
        {"mode": "full (whole utterances) or streaming (chunks with caches); default: what it was trained for"},
        ("asr",),
    ),
    Exporter(
        "text",
        "encoder",
        "export.exporters.text",
        "a Hugging Face folder of the BERT family (BERT, RoBERTa, XLM-R, e5, DistilBERT, ELECTRA, ...)",
        {
            "pooling": "mean or cls; default: what 1_Pooling/config.json says, else mean",
            "normalize": "true or false: vectors of length 1; default: what modules.json says, else false",
            "prefix": "words put before each text, as `query: ` for e5",
            "most_tokens": "longest text in tokens; default: what the positions allow, at most 512",
        },
    ),
    Exporter(
        "vision",
        "encoder",
        "export.exporters.huggingface_image",
        "a Hugging Face folder of an image classifier (ResNet, MobileNetV2, ConvNeXt, ViT, ...)",
        _MIDDLE,
        ("expression",),
    ),
    *(
        Exporter(
            library,
            "encoder",
            f"export.exporters.{library}_net",
            f"weights of a picture classifier of {library} (.pth, .ckpt, .safetensors)",
            {
                "architecture": f"what {library} calls it, as {example}",
                "px": f"side of its pictures; default: {library}'s for that architecture",
                "mean": "taken off each channel (pixels from 0 to 1), as 0.485,0.456,0.406; default: the library's",
                "deviation": "by which each channel is then divided; default: the library's",
                **_MIDDLE,
            },
            ("expression",),
        )
        for library, example in (("timm", "mobilenetv3_small_100"), ("torchvision", "resnet18"))
    ),
    Exporter(
        "expression",
        "encoder",
        "export.exporters.expression",
        "a checkpoint of `training.heads.expression` (emvas-expression-1), in place of the default role",
        {},
        ("expression",),
    ),
    Exporter(
        "audio",
        "encoder",
        "export.exporters.audio",
        "a Hugging Face folder of a speech encoder (Wav2Vec2, HuBERT, WavLM)",
        {"most_s": "longest sound in seconds, default 20"},
    ),
    Exporter(
        "fusion",
        "fusion",
        "export.exporters.fusion",
        "a checkpoint of `emvas train fusion` (emvas-fusion-1), any model",
        {
            "most_frames": "longest text, audio and vision in frames, default 128,1024,512",
            "tolerance": "largest loss of MAE of a variant, default 0.01",
        },
        ("fusion",),
    ),
    Exporter(
        "mmsa",
        "fusion",
        "export.exporters.mmsa",
        "a state_dict written by MMSA: tfn, lmf, lf_dnn, ef_lstm, mfn, mult, self_mm, mtfn, mlmf, mlf_dnn",
        {
            "seq_lens": "frames of text, audio and vision that it was trained with, as 39,400,55 for CH-SIMS",
            "dims": "columns of text, audio and vision, for ef_lstm, as 768,33,709 for CH-SIMS",
            "features": "the feature file it was trained with (.pkl or .npz), instead of seq_lens and dims",
            "num_heads": "mult: attention heads (second of dst_feature_dim_nheads)",
            "attn_mask": "mult: true or false, default true as in every published configuration",
            "most_frames": "self_mm: longest text, audio and vision in frames, default 128,1024,512",
            "tolerance": "largest loss of MAE of a variant, default 0.01",
        },
        ("fusion",),
    ),
    Exporter(
        "onnx",
        "onnx",
        "export.exporters.onnx_net",
        "an ONNX file (a picture classifier for role expression, or a graph that is what its role wants)",
        {
            "range": "expression: what its pixels are: 0,1 or 0,255 or -1,1",
            "mean": "expression: taken off each channel after that, default 0",
            "deviation": "expression: by which each channel is then divided, default 1",
            "px": "expression: side of its pictures, where the graph leaves it open",
            "output": "expression: the output with the classes, default the first",
            **_MIDDLE,
        },
        ("face_detector", "face_mesh", "iris", "eye_state", "expression", "vad"),
    ),
)

EXPORTERS: dict[str, Exporter] = {row.name: row for row in _ROWS}
