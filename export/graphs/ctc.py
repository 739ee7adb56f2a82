"""Hugging Face's CTC models as one graph: samples or log-mel of one recording in, log probabilities per frame out.

One recording at a time and no padding, as on the box: so no mask and no lengths.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedModel
from transformers.models.wav2vec2_conformer.modeling_wav2vec2_conformer import (
    Wav2Vec2ConformerRelPositionalEmbedding,
    Wav2Vec2ConformerRotaryPositionalEmbedding,
)


class SamplesCtc(nn.Module):
    """`audio` [1, samples] -> `log_probs` [1, frames, vocabulary]: the wav2vec 2.0 family."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = traceable(model)

    def forward(self, audio: Tensor) -> Tensor:
        """Process the samples as the model's front end gives them."""
        return torch.log_softmax(self.model(input_values=audio).logits, dim=-1)


class MelCtc(nn.Module):
    """`mel` [1, frames, bands] -> `log_probs` [1, frames out, vocabulary]: Parakeet."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = traceable(model)

    def forward(self, mel: Tensor) -> Tensor:
        """Process the spectrogram."""
        return torch.log_softmax(self.model(input_features=mel).logits, dim=-1)


class _Relative(nn.Module):
    """The rows of the library's table of relative positions that belong to this length; the table never grows."""

    def __init__(self, original: Wav2Vec2ConformerRelPositionalEmbedding) -> None:
        super().__init__()
        self.table = nn.Buffer(original.pe.detach())

    def forward(self, hidden: Tensor) -> Tensor:
        middle, length = self.table.shape[1] // 2, hidden.shape[1]
        return self.table[:, middle - length + 1 : middle + length]


class _Rotary(nn.Module):
    """The library's rotations without its memory of the last length."""

    def __init__(self, original: Wav2Vec2ConformerRotaryPositionalEmbedding) -> None:
        super().__init__()
        self.frequencies = nn.Buffer(original.inv_freq.detach())

    def forward(self, hidden: Tensor) -> Tensor:
        angles = torch.arange(hidden.shape[1], device=hidden.device)[:, None] * self.frequencies
        both = torch.cat((angles, angles), dim=-1)[:, None, None]
        return torch.stack([both.cos(), both.sin()])


_REPLACED = {
    Wav2Vec2ConformerRelPositionalEmbedding: _Relative,
    Wav2Vec2ConformerRotaryPositionalEmbedding: _Rotary,
}


def traceable(model: PreTrainedModel) -> PreTrainedModel:
    """The model without parts that a graph cannot hold: computed weights, growing tables, a remembered length."""
    model.eval()
    model.set_attn_implementation("eager")
    for parent in list(model.modules()):
        if parametrize.is_parametrized(parent, "weight"):
            parametrize.remove_parametrizations(parent, "weight")
        for name, child in list(parent.named_children()):
            replacement = _REPLACED.get(type(child))
            if replacement is not None:
                setattr(parent, name, replacement(child))
    return model
