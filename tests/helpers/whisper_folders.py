"""A tiny Whisper with random weights and the real vocabulary, in a folder as save_pretrained writes it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

VOCABULARY = 51_865


def make_whisper_folder(folder: Path, bundle: Path, **config: int) -> WhisperForConditionalGeneration:
    """Write the checkpoint, its tables taken from `bundle`, and return the model."""
    torch.manual_seed(7)
    sizes = {
        "vocab_size": VOCABULARY,
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 24,
        "decoder_ffn_dim": 24,
        **config,
    }
    model = WhisperForConditionalGeneration(WhisperConfig(**sizes, attn_implementation="eager")).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # no bias is zero, no norm is one
    model.save_pretrained(folder)
    shutil.copyfile(bundle / "tables" / "asr.tokenizer.json", folder / "tokenizer.json")
    decoding = json.loads((bundle / "tables" / "asr.config.json").read_text(encoding="utf-8"))
    generation = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    generation |= {"suppress_tokens": decoding["suppress_ids"], "begin_suppress_tokens": decoding["suppress_ids_begin"]}
    (folder / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
    return model
