"""Hugging Face's Whisper behind the names of our graphs: the original that they are compared with."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from transformers import WhisperForConditionalGeneration
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

from export.graphs.whisper import cache_names
from export.role_build import Array


class WhisperEngine:
    """Runs the library's own forward passes; takes and gives what our encoder and decoder graphs take and give."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        self._model = model.eval()
        self._layers = model.config.decoder_layers
        self._heads = model.config.decoder_attention_heads

    @torch.inference_mode()
    def encode(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The cross-attention's keys and values of `mel`, of any even number of frames."""
        mel = torch.from_numpy(feeds["mel"])
        encoder = copy.deepcopy(self._model.model.encoder)  # the library insists on the full window: shorten it
        positions = mel.shape[2] // 2
        encoder.config = copy.copy(encoder.config)
        encoder.config.max_source_positions = positions
        encoder.embed_positions = nn.Embedding.from_pretrained(encoder.embed_positions.weight[:positions])
        hidden = encoder(mel).last_hidden_state
        outputs = []
        for layer in self._model.model.decoder.layers:
            keys, values = (
                projection(hidden).unflatten(-1, (self._heads, -1)).transpose(1, 2)
                for projection in (layer.encoder_attn.k_proj, layer.encoder_attn.v_proj)
            )
            outputs += [keys.transpose(2, 3), values]
        return _named("cross", self._layers, outputs)

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
