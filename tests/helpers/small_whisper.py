"""A Whisper with random weights, small enough to run in milliseconds."""

from __future__ import annotations

import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

LAYERS, HEADS, HEAD_WIDTH, MELS, VOCABULARY = 2, 4, 8, 8, 200


def make_small_whisper() -> WhisperForConditionalGeneration:
    """One encoder layer, two decoder layers, sizes that nothing else shares."""
    torch.manual_seed(7)
    config = WhisperConfig(
        vocab_size=VOCABULARY,
        num_mel_bins=MELS,
        d_model=HEADS * HEAD_WIDTH,
        encoder_layers=1,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_source_positions=50,
        max_target_positions=30,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=1,
        attn_implementation="eager",
    )
    model = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # no bias is zero, no norm is one
    return model
