"""Whisper's two graphs with every cache an argument of its own, as an `ExportJob` traces them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import torch
from torch import Tensor, nn
from transformers import WhisperForConditionalGeneration

from edge.messages import SAMPLE_RATE_HZ
from edge.speech.log_mel import HOP_SAMPLES
from edge.speech.whisper import BEAMS, WINDOWS_S
from export.export_job import Feeds, GraphJob
from export.graphs.whisper import Cache, TracedWhisperDecoder, WhisperEncoder, cache_names
from export.role_build import Array, FreeAxis
from export.trace import reference

_TASK_TOKENS = 4
"""Start, language, task, timestamps: the most tokens that are read in one step."""
_USUAL_PAST = 24
"""Tokens of a sentence of some seconds."""
_LEAST_FRAMES, _MOST_FRAMES = (
    round(window_s * SAMPLE_RATE_HZ / HOP_SAMPLES) for window_s in (WINDOWS_S[0], WINDOWS_S[-1])
)


class FlatEncoder(nn.Module):
    """`mel` [1, bands, frames] -> key and value of each decoder layer's cross-attention."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.encoder = WhisperEncoder(model)

    def forward(self, mel: Tensor) -> tuple[Tensor, ...]:
        """Hear the sound."""
        return tuple(chain(*self.encoder(mel)))


class FlatDecoder(nn.Module):
    """`ids` [n, t], then past and cross keys and values by layer -> `logits` [n, vocabulary] and the longer past."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.decoder = TracedWhisperDecoder(model)

    def forward(self, ids: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """Read the next tokens."""
        middle = len(caches) // 2
        logits, present = self.decoder(ids, _pairs(caches[:middle]), _pairs(caches[middle:]))
        return (logits, *chain(*present))


def _pairs(tensors: Sequence[Tensor]) -> Cache:
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def encoder_job(model: WhisperForConditionalGeneration) -> GraphJob:
    """The encoder, free in the length of the sound."""
    bands = model.config.num_mel_bins
    frames = FreeAxis("frames", _LEAST_FRAMES, _LEAST_FRAMES, _MOST_FRAMES)

    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sizes["frames"])
        return {"mel": torch.randn(1, bands, sizes["frames"], generator=generator)}

    outputs = tuple(cache_names("cross", model.config.decoder_layers))
    return GraphJob(FlatEncoder(model), example, outputs, {"mel": {2: frames}}, "transformer")


def decoder_job(model: WhisperForConditionalGeneration) -> GraphJob:
    """The decoder, free in hypotheses, tokens, past and sound."""
    config = model.config
    heads, width, layers = (
        config.decoder_attention_heads,
        config.d_model // config.decoder_attention_heads,
        config.decoder_layers,
    )
    n, t = FreeAxis("n", 1, BEAMS, BEAMS), FreeAxis("t", 1, 1, _TASK_TOKENS)
    past = FreeAxis("past", 0, _USUAL_PAST, config.max_target_positions - _TASK_TOKENS)
    sound = FreeAxis("sound", _LEAST_FRAMES // 2, _LEAST_FRAMES // 2, _MOST_FRAMES // 2)

    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sum(sizes.values()))
        ids = torch.randint(0, config.vocab_size, (sizes["n"], sizes["t"]), generator=generator)
        shapes = {}
        for prefix, count, time in (("past", sizes["n"], sizes["past"]), ("cross", 1, sizes["sound"])):
            for key, value in _pairs(cache_names(prefix, layers)):
                shapes[key], shapes[value] = (count, heads, width, time), (count, heads, time, width)
        return {"ids": ids, **{name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}}

    axes: dict[str, Mapping[int, FreeAxis]] = {"ids": {0: n, 1: t}}
    for prefix, free, time in (("past", {0: n}, past), ("cross", {}, sound)):
        for key, value in _pairs(cache_names(prefix, layers)):
            axes[key], axes[value] = {**free, 3: time}, {**free, 2: time}
    outputs = ("logits", *cache_names("present", layers))
    return GraphJob(FlatDecoder(model), example, outputs, axes, "transformer")


class TorchGraph:
    """A graph job run by torch behind the face of a session: real inputs are made before there is a file."""

    def __init__(self, graph: GraphJob) -> None:
        self._graph = graph
        least = graph.example({axis.name: max(axis.least, 1) for free in graph.axes.values() for axis in free.values()})
        self.input_shapes: dict[str, list[int | str]] = {
            name: [
                graph.axes.get(name, {})[at].name if at in graph.axes.get(name, {}) else size
                for at, size in enumerate(value.shape)
            ]
            for name, value in least.items()
        }

    def run(self, feeds: Feeds) -> dict[str, Array]:
        """All outputs for the named inputs."""
        return reference(self._graph, {name: torch.from_numpy(feeds[name]) for name in self.input_shapes})
