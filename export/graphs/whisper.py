"""Whisper as two graphs: an encoder that returns the cross-attention's keys and values, and a decoder with a cache.

Keys lie transposed ([n, heads, head width, time]), as the product with the queries needs them; values are [n, heads,
time, head width]. The cross-attention's keys and values are inputs of their own, one pair a layer, so that a step
copies nothing; its batch is 1 and broadcasts over the hypotheses. The decoder's position is the length of its past, and
it computes logits for the last position only. The embedding is the output projection itself, read by column.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional
from transformers import WhisperForConditionalGeneration
from transformers.cache_utils import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.whisper.modeling_whisper import WhisperAttention

from export.role_build import Array
from export.trace import export_module

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values, one pair a layer."""


class _Linear(nn.Module):
    """One product for all projections of one input; weights are in the order of MatMul."""

    def __init__(self, *layers: nn.Linear, scales: tuple[float, ...] = ()) -> None:
        super().__init__()
        factors = scales or (1.0,) * len(layers)
        pairs = list(zip(layers, factors, strict=True))
        weight = torch.cat([layer.weight.detach() * factor for layer, factor in pairs])
        bias = torch.cat(
            [
                torch.zeros(layer.out_features) if layer.bias is None else layer.bias.detach() * factor
                for layer, factor in pairs
            ]
        )
        self.weight = nn.Parameter(weight.T.contiguous(), requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class _Attention(nn.Module):
    """Queries against keys and values that may come from elsewhere; the scale is folded into the queries' weights."""

    def __init__(self, attention: WhisperAttention, *, cross: bool) -> None:
        super().__init__()
        self.heads, self.width = attention.num_heads, attention.head_dim
        inputs = [attention.q_proj] if cross else [attention.q_proj, attention.k_proj, attention.v_proj]
        self.inputs = _Linear(*inputs, scales=(attention.scaling, 1.0, 1.0)[: len(inputs)])
        self.output = _Linear(attention.out_proj)

    def project(self, x: Tensor) -> list[Tensor]:
        """The input's projections, each [n, heads, time, head width]."""
        return [_heads(part, self.heads) for part in self.inputs(x).split(self.heads * self.width, dim=-1)]

    def attend(self, query: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None) -> Tensor:
        """The attended values, projected: [n, time, width]."""
        scores = query @ keys
        weights = torch.softmax(scores if bias is None else scores + bias, dim=-1)
        return self.output((weights @ values).transpose(1, 2).flatten(2))


def _heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class _FeedForward(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.norm, self.rise, self.fall = layer.final_layer_norm, _Linear(layer.fc1), _Linear(layer.fc2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.fall(functional.gelu(self.rise(self.norm(x))))


class _EncoderLayer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.norm = layer.self_attn_layer_norm
        self.attention = _Attention(layer.self_attn, cross=False)
        self.feed_forward = _FeedForward(layer)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.attention.project(self.norm(x))
        return self.feed_forward(x + self.attention.attend(query, key.transpose(2, 3), value))


class _DecoderLayer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.norm, self.cross_norm = layer.self_attn_layer_norm, layer.encoder_attn_layer_norm
        self.attention = _Attention(layer.self_attn, cross=False)
        self.cross = _Attention(layer.encoder_attn, cross=True)
        self.feed_forward = _FeedForward(layer)

    def forward(
        self, x: Tensor, past: tuple[Tensor, Tensor], cross: tuple[Tensor, Tensor], bias: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        query, key, value = self.attention.project(self.norm(x))
        keys = torch.cat([past[0], key.transpose(2, 3)], dim=3)
        values = torch.cat([past[1], value], dim=2)
        x = x + self.attention.attend(query, keys, values, bias)
        (query,) = self.cross.project(self.cross_norm(x))
        x = x + self.cross.attend(query, *cross)
        return self.feed_forward(x), (keys, values)


class WhisperEncoder(nn.Module):
    """`mel` [1, mels, frames] -> the cross-attention's keys and values of each decoder layer."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        encoder, decoder = model.model.encoder, model.model.decoder
        self.conv1, self.conv2, self.norm = encoder.conv1, encoder.conv2, encoder.layer_norm
        self.positions = nn.Parameter(encoder.embed_positions.weight.detach(), requires_grad=False)
        self.layers = nn.ModuleList(_EncoderLayer(layer) for layer in encoder.layers)
        self.heads = decoder.layers[0].encoder_attn.num_heads
        self.cross = nn.ModuleList(
            _Linear(layer.encoder_attn.k_proj, layer.encoder_attn.v_proj) for layer in decoder.layers
        )

    def hidden(self, mel: Tensor) -> Tensor:
        """The states [1, frames / 2, width] after the last layer."""
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, mel: Tensor) -> Cache:
        """Encode the spectrogram."""
        x = self.norm(self.hidden(mel))
        pairs = (projection(x).chunk(2, dim=-1) for projection in self.cross)
        return [(_heads(keys, self.heads).transpose(2, 3), _heads(values, self.heads)) for keys, values in pairs]


class WhisperStates(nn.Module):
    """`mel` [1, mels, frames] -> `states` [1, frames / 2, size]: the first layers of the encoder, projected."""

    def __init__(self, model: WhisperForConditionalGeneration, layers: int, projection: Tensor) -> None:
        super().__init__()
        self.encoder = WhisperEncoder(model)
        self.encoder.layers = self.encoder.layers[:layers]
        self.projection = nn.Parameter(projection.T.contiguous(), requires_grad=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Encode the spectrogram."""
        states: Tensor = self.encoder.hidden(mel) @ self.projection
        return states


class TracedWhisperDecoder(nn.Module):
    """`ids` [n, t] after a cached past -> `logits` [n, vocabulary] of the last position, and the longer past."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        decoder = model.model.decoder
        self.embedding = nn.Parameter(model.proj_out.weight.detach().T.contiguous(), requires_grad=False)
        self.positions = nn.Parameter(decoder.embed_positions.weight.detach(), requires_grad=False)
        self.layers = nn.ModuleList(_DecoderLayer(layer) for layer in decoder.layers)
        self.norm = decoder.layer_norm

    def forward(self, ids: Tensor, past: Cache, cross: Cache) -> tuple[Tensor, Cache]:
        """Read the next tokens."""
        start, steps = past[0][1].shape[2], ids.shape[1]
        rows = self.embedding.index_select(1, ids.flatten()).T.unflatten(0, ids.shape)
        places = torch.arange(start, start + steps, device=ids.device)
        x = rows + self.positions[places]
        future = torch.arange(start + steps, device=ids.device)[None] > places[:, None]
        bias = torch.zeros_like(future, dtype=x.dtype).masked_fill(future, float("-inf"))
        present = []
        for layer, layer_past, layer_cross in zip(self.layers, past, cross, strict=True):
            x, longer = layer(x, layer_past, layer_cross, bias)
            present.append(longer)
        return self.norm(x[:, -1]) @ self.embedding, present


def cache_names(prefix: str, layers: int) -> list[str]:
    """Tensor names of a cache in the graphs' order: `past_key_0`, `past_value_0`, ..."""
    return [f"{prefix}_{part}_{layer}" for layer in range(layers) for part in ("key", "value")]


def export_whisper(model: WhisperForConditionalGeneration, encoder: Path, decoder: Path) -> None:
    """Trace both graphs to ONNX; times and the number of hypotheses are free."""
    config = model.config
    layers, heads = config.decoder_layers, config.decoder_attention_heads
    width = config.d_model // heads
    export_module(
        WhisperEncoder(model),
        (torch.zeros(1, config.num_mel_bins, 2 * config.max_source_positions),),
        encoder,
        ["mel"],
        cache_names("cross", layers),
        ({2: Dim("frames", min=4, max=2 * config.max_source_positions)},),
    )
    past = [(torch.zeros(2, heads, width, 5), torch.zeros(2, heads, 5, width)) for _ in range(layers)]
    cross = [(torch.zeros(1, heads, width, 7), torch.zeros(1, heads, 7, width)) for _ in range(layers)]
    n, p, s = Dim("n"), Dim("past"), Dim("sound")
    export_module(
        TracedWhisperDecoder(model),
        (torch.zeros(2, 3, dtype=torch.int64), past, cross),
        decoder,
        ["ids", *cache_names("past", layers), *cache_names("cross", layers)],
        ["logits", *cache_names("present", layers)],
        ({0: n, 1: Dim("t")}, [({0: n, 3: p}, {0: n, 2: p})] * layers, [({3: s}, {2: s})] * layers),
    )


class WhisperEngine:
    """Runs the library's own forward passes; inputs and outputs are those of our encoder and decoder graphs."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        self._model = model.eval()
        self._layers = model.config.decoder_layers
        self._heads = model.config.decoder_attention_heads

    @torch.inference_mode()
    def encode(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The cross-attention's keys and values of `mel`, of any even number of frames."""
        hidden = self._encoded(torch.from_numpy(feeds["mel"])).last_hidden_state
        outputs = []
        for layer in self._model.model.decoder.layers:
            keys, values = (
                projection(hidden).unflatten(-1, (self._heads, -1)).transpose(1, 2)
                for projection in (layer.encoder_attn.k_proj, layer.encoder_attn.v_proj)
            )
            outputs += [keys.transpose(2, 3), values]
        return _named("cross", self._layers, outputs)

    @torch.inference_mode()
    def states(self, mel: Tensor, layers: int) -> Tensor:
        """The states after the first `layers` layers of the encoder."""
        found: Tensor = self._encoded(mel).hidden_states[layers]
        return found

    def _encoded(self, mel: Tensor) -> BaseModelOutput:
        encoder = copy.deepcopy(self._model.model.encoder)  # the library insists on the full window: shorten it
        positions = mel.shape[2] // 2
        encoder.config = copy.copy(encoder.config)
        encoder.config.max_source_positions = positions
        encoder.embed_positions = nn.Embedding.from_pretrained(encoder.embed_positions.weight[:positions])
        return encoder(mel, output_hidden_states=True)

    @torch.inference_mode()
    def decode(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The logits after `ids`, and the longer memory."""
        past = [torch.from_numpy(feeds[name]) for name in cache_names("past", self._layers)]
        cross = [torch.from_numpy(feeds[name]) for name in cache_names("cross", self._layers)]
        ids = torch.from_numpy(feeds["ids"])
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        for layer in range(self._layers):
            cache.self_attention_cache.update(past[2 * layer].transpose(2, 3), past[2 * layer + 1], layer)
            pair = [part.expand(len(ids), -1, -1, -1) for part in cross[2 * layer : 2 * layer + 2]]
            cache.cross_attention_cache.update(pair[0].transpose(2, 3), pair[1], layer)
            cache.is_updated[layer] = True
        sound = torch.zeros(len(ids), cross[1].shape[2], self._model.config.d_model)  # in the cache already
        hidden = self._model.model.decoder(
            input_ids=ids, encoder_hidden_states=sound, past_key_values=cache, use_cache=True
        ).last_hidden_state
        outputs = []
        for layer in cache.self_attention_cache.layers:
            outputs += [layer.keys.transpose(2, 3), layer.values]
        logits = self._model.proj_out(hidden[:, -1])
        return {"logits": logits.numpy(), **_named("present", self._layers, outputs)}


def _named(prefix: str, layers: int, tensors: list[Tensor]) -> dict[str, Array]:
    names = cache_names(prefix, layers)
    return {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in zip(names, tensors, strict=True)}
