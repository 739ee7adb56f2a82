"""Tiny CTC checkpoints of Hugging Face with random weights, in folders as save_pretrained writes them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from made_voice import voice
from tokenizers import Tokenizer, decoders, models
from transformers import (
    ParakeetCTCConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    ParakeetTokenizer,
    PreTrainedModel,
    Wav2Vec2Config,
    Wav2Vec2ConformerConfig,
    Wav2Vec2ConformerForCTC,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

from edge.messages import SAMPLE_RATE_HZ

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSR"]
PIECES = ["<unk>", "▁the", "▁", "a", "开", "车", "慢", "一", "点", "s", "<pad>"]
KINDS = ("wav2vec2", "wav2vec2-layer", "conformer-relative", "conformer-rotary", "parakeet")

_WAV2VEC2 = {
    "vocab_size": len(LETTERS),
    "pad_token_id": 0,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8, 8, 8),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (10, 8, 4),
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}
_LAYER = {**_WAV2VEC2, "feat_extract_norm": "layer", "do_stable_layer_norm": True}
SPECIAL = ("<s>", "</s>", "<unk>")
_SURE, _NEVER = 4.0, -30.0
"""Factor on the last layer, and its bias of special tokens: random weights should be sure of what they say."""


def make_ctc_folder(kind: str, folder: Path) -> PreTrainedModel:
    """Write a checkpoint of one of `KINDS` and return its model."""
    torch.manual_seed(11)
    model = _model(kind).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            spread = 0.3 if parameter.ndim > 1 else 0.1  # no bias is zero, no norm is one
            parameter.add_(spread * torch.randn_like(parameter))
        head = model.ctc_head if kind == "parakeet" else model.lm_head
        head.weight.mul_(_SURE)
        head.bias.zero_()
        head.bias.copy_(-_heard(kind, model).mean(dim=(0, 1)))  # no token is the best of every frame
        head.bias[[number for number, token in enumerate(_tokens(kind)) if token in SPECIAL]] = _NEVER
    model.save_pretrained(folder)
    (_write_parakeet_tables if kind == "parakeet" else _write_wav2vec2_tables)(
        folder, normalise=kind != "wav2vec2-layer"
    )
    return model


def _tokens(kind: str) -> list[str]:
    return PIECES if kind == "parakeet" else LETTERS


def _heard(kind: str, model: PreTrainedModel) -> torch.Tensor:
    """The logits of a made voice."""
    extractor = ParakeetFeatureExtractor() if kind == "parakeet" else Wav2Vec2FeatureExtractor()
    return model(**extractor(voice(3.0), sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")).logits


def _model(kind: str) -> PreTrainedModel:
    if kind == "parakeet":
        encoder = {
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 24,
            "subsampling_conv_channels": 4,
        }
        return ParakeetForCTC(
            ParakeetCTCConfig(vocab_size=len(PIECES), pad_token_id=len(PIECES) - 1, encoder_config=encoder)
        )
    if kind.startswith("conformer"):
        positions = kind.removeprefix("conformer-")
        config = Wav2Vec2ConformerConfig(**_LAYER, position_embeddings_type=positions, max_source_positions=1600)
        return Wav2Vec2ConformerForCTC(config)
    return Wav2Vec2ForCTC(Wav2Vec2Config(**(_LAYER if kind == "wav2vec2-layer" else _WAV2VEC2)))


def _write_wav2vec2_tables(folder: Path, normalise: bool) -> None:
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(LETTERS)}), encoding="utf-8")
    Wav2Vec2CTCTokenizer(str(vocabulary)).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=normalise).save_pretrained(folder)


def _write_parakeet_tables(folder: Path, normalise: bool) -> None:
    assert normalise
    tokenizer = Tokenizer(models.Unigram([(piece, 0.0) for piece in PIECES], unk_id=0))
    tokenizer.decoder = decoders.Metaspace()
    ParakeetTokenizer(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    ParakeetFeatureExtractor().save_pretrained(folder)
