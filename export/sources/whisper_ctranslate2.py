"""Reads Whisper from a CTranslate2 file into the model class of Hugging Face."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

from export.role_build import BuildError
from export.sources.ctranslate2 import Ct2Model

_SPECIFICATION = "WhisperSpec"


def whisper_from_ctranslate2(source: Ct2Model) -> WhisperForConditionalGeneration:
    """Build the model that the tensors describe (sizes are read off their shapes), in float32 and eval mode."""
    if source.specification != _SPECIFICATION:
        raise BuildError(
            f"the CTranslate2 model is a {source.specification}, not a {_SPECIFICATION}: take a Whisper one"
        )
    config = _config(source)
    model = WhisperForConditionalGeneration(config).eval()
    state = dict(_state(source, config))
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise BuildError(f"the CTranslate2 Whisper does not fit the architecture: {error}") from error
    left = [name for name in missing if name != "proj_out.weight"]
    if left or unexpected:
        raise BuildError(f"the CTranslate2 Whisper lacks {left} and has {unexpected} too much")
    model.tie_weights()
    return model


def _config(source: Ct2Model) -> WhisperConfig:
    width, mels, _ = _shape(source, "encoder/conv1/weight")
    vocabulary, _ = _shape(source, "decoder/embeddings/weight")
    hidden, _ = _shape(source, "encoder/layer_0/ffn/linear_0/weight")
    heads = int(_array(source, "encoder/num_heads"))
    return WhisperConfig(
        vocab_size=vocabulary,
        num_mel_bins=mels,
        d_model=width,
        encoder_layers=_layers(source, "encoder"),
        decoder_layers=_layers(source, "decoder"),
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=hidden,
        decoder_ffn_dim=hidden,
        max_source_positions=_shape(source, "encoder/position_encodings/encodings")[0],
        max_target_positions=_shape(source, "decoder/position_encodings/encodings")[0],
        pad_token_id=None,
        attn_implementation="eager",
    )


def _state(source: Ct2Model, config: WhisperConfig) -> Iterator[tuple[str, torch.Tensor]]:
    for conv in ("conv1", "conv2"):
        yield from _pair(source, f"encoder/{conv}", f"model.encoder.{conv}")
    yield "model.decoder.embed_tokens.weight", _tensor(source, "decoder/embeddings/weight")
    for part, layers in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        yield f"model.{part}.embed_positions.weight", _tensor(source, f"{part}/position_encodings/encodings")
        yield from _norm(source, f"{part}/layer_norm", f"model.{part}.layer_norm")
        for layer in range(layers):
            yield from _layer(source, f"{part}/layer_{layer}", f"model.{part}.layers.{layer}", part == "decoder")


def _layer(source: Ct2Model, theirs: str, ours: str, decoder: bool) -> Iterator[tuple[str, torch.Tensor]]:
    yield from _norm(source, f"{theirs}/self_attention/layer_norm", f"{ours}.self_attn_layer_norm")
    yield from _split(source, f"{theirs}/self_attention/linear_0", f"{ours}.self_attn", ("q_proj", "k_proj", "v_proj"))
    yield from _pair(source, f"{theirs}/self_attention/linear_1", f"{ours}.self_attn.out_proj")
    if decoder:
        yield from _norm(source, f"{theirs}/attention/layer_norm", f"{ours}.encoder_attn_layer_norm")
        yield from _pair(source, f"{theirs}/attention/linear_0", f"{ours}.encoder_attn.q_proj")
        yield from _split(source, f"{theirs}/attention/linear_1", f"{ours}.encoder_attn", ("k_proj", "v_proj"))
        yield from _pair(source, f"{theirs}/attention/linear_2", f"{ours}.encoder_attn.out_proj")
    yield from _norm(source, f"{theirs}/ffn/layer_norm", f"{ours}.final_layer_norm")
    yield from _pair(source, f"{theirs}/ffn/linear_0", f"{ours}.fc1")
    yield from _pair(source, f"{theirs}/ffn/linear_1", f"{ours}.fc2")


def _pair(source: Ct2Model, theirs: str, ours: str) -> Iterator[tuple[str, torch.Tensor]]:
    yield f"{ours}.weight", _tensor(source, f"{theirs}/weight")
    yield f"{ours}.bias", _tensor(source, f"{theirs}/bias")


def _norm(source: Ct2Model, theirs: str, ours: str) -> Iterator[tuple[str, torch.Tensor]]:
    yield f"{ours}.weight", _tensor(source, f"{theirs}/gamma")
    yield f"{ours}.bias", _tensor(source, f"{theirs}/beta")


def _split(source: Ct2Model, theirs: str, ours: str, names: tuple[str, ...]) -> Iterator[tuple[str, torch.Tensor]]:
    """CTranslate2 stacks the projections of one input; Whisper's keys have no bias, so theirs must be zero."""
    weights = _tensor(source, f"{theirs}/weight").chunk(len(names))
    biases = _tensor(source, f"{theirs}/bias").chunk(len(names))
    for name, weight, bias in zip(names, weights, biases, strict=True):
        yield f"{ours}.{name}.weight", weight
        if name != "k_proj":
            yield f"{ours}.{name}.bias", bias
        elif bias.any():
            raise BuildError(f"{theirs}/bias gives the keys a bias, which Whisper does not have: not these weights")


def _layers(source: Ct2Model, part: str) -> int:
    prefix = f"{part}/layer_"
    return len({name[len(prefix) :].split("/")[0] for name in source.tensors if name.startswith(prefix)} - {"norm"})


def _shape(source: Ct2Model, name: str) -> tuple[int, ...]:
    return _array(source, name).shape


def _array(source: Ct2Model, name: str) -> np.ndarray:
    if name not in source.tensors:
        raise BuildError(f"the CTranslate2 model has no tensor {name!r}: it is not a Whisper of revision 3")
    return source.tensors[name]


def _tensor(source: Ct2Model, name: str) -> torch.Tensor:
    array = _array(source, name)
    if array.dtype.kind != "f":
        raise BuildError(
            f"{name!r} is stored as {array.dtype.name}: take the float16 or float32 conversion of the model"
        )
    return torch.from_numpy(array.astype(np.float32))
