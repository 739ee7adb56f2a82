"""Tiny Conformer-CTC checkpoints with random weights, as `emvas train asr` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from made_voice import voice

from edge.speech.log_mel import FRONT_ENDS, MEL_BANDS
from training.asr.checkpoint import AsrCheckpoint
from training.asr.model import ConformerCtc

TOKENS = ["<blank>", "▁", *"abcdefgh", "开", "车"]
CONFIG: dict[str, Any] = {
    "vocabulary": len(TOKENS),
    "hidden": 16,
    "layers": 1,
    "heads": 2,
    "feed_forward": 24,
    "kernel": 5,
    "subsampling": 4,
    "subsampling_channels": 4,
}
STREAMING = {**CONFIG, "layers": 2, "streaming": {"chunk_frames": 6, "left_chunks": 2}}
_SURE = 15.0


def make_conformer(path: Path, streaming: bool, features: str = "streamed_log_mel") -> ConformerCtc:
    """Write a checkpoint that is sure of what it says, and return its model."""
    torch.manual_seed(3)
    config = STREAMING if streaming else CONFIG
    model = ConformerCtc.from_config(config).eval()
    mel = torch.from_numpy(FRONT_ENDS[features](voice(3.0), MEL_BANDS))[None]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_((0.3 if parameter.ndim > 1 else 0.1) * torch.randn_like(parameter))
        model.head.weight.mul_(_SURE)
        model.head.bias.zero_()
        model.head.bias.copy_(-model(mel, torch.tensor([mel.shape[1]]))[0].mean(dim=(0, 1)))
    AsrCheckpoint(path, config, TOKENS, model.state_dict(), features, "random numbers").save()
    return model
