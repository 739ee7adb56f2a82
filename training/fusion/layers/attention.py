"""The crossmodal transformer of MulT, over true lengths.

Tsai et al., Multimodal Transformer for Unaligned Multimodal Language Sequences, ACL 2019. Normalization comes before
each part, keys and values are normalized by the query's layer norm, there is no position embedding and the first input
is scaled by sqrt(size): all as in MMSA, whose parameter names these are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.fusion.layers.stream import Stream

_MASKED = -1e4  # equivalent to minus infinity after a softmax, and within the range of float16


def attention_mask(query: Stream, key: Stream, causal: bool) -> Tensor:
    """[n, 1, Lq or 1, Lk]: 0 if a query frame may attend to a key, else far below 0.

    With `causal`, frame i sees keys up to i + |difference of the lengths|, as far as the longer of the two reaches.
    """
    allowed = key.mask.unsqueeze(1)
    if causal:
        reach = (query.length - key.length).abs().view(-1, 1, 1)
        i = torch.arange(query.values.shape[1], device=reach.device).view(1, -1, 1)
        j = torch.arange(key.values.shape[1], device=reach.device)
        allowed = allowed & (j - i <= reach)
    return ((1 - allowed.to(key.values.dtype)) * _MASKED).unsqueeze(1)


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention of several heads. Absent key frames hold zeros, so the result does not depend on the
    tensor's padding, even without any key.
    """

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.size, self.heads = size, heads
        self.dropout = nn.Dropout(dropout)
        self.in_proj_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3 * size, size)))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * size))
        self.out_proj = nn.Linear(size, size)
        nn.init.xavier_uniform_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: Tensor, key: Tensor, mask: Tensor) -> Tensor:
        """[n, Lq, size], [n, Lk, size], `attention_mask` -> [n, Lq, size]."""
        q = self._heads(query, 0) * (self.size // self.heads) ** -0.5
        scores = q @ self._heads(key, 1).transpose(2, 3) + mask
        looked = self.dropout(torch.softmax(scores, dim=3)) @ self._heads(key, 2)
        return self.out_proj(looked.transpose(1, 2).flatten(2))

    def _heads(self, rows: Tensor, part: int) -> Tensor:
        """[n, L, size] -> [n, heads, L, size / heads] by the query (0), key (1) or value (2) projection."""
        rows_of_part = slice(part * self.size, (part + 1) * self.size)
        projected = nn.functional.linear(rows, self.in_proj_weight[rows_of_part], self.in_proj_bias[rows_of_part])
        return projected.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Attention and a feed-forward part four times as wide, each normalized before and added to its input."""

    def __init__(self, size: int, heads: int, dropout: float, hidden_dropout: float, residual_dropout: float) -> None:
        super().__init__()
        self.self_attn = MultiHeadAttention(size, heads, dropout)
        self.fc1 = nn.Linear(size, 4 * size)
        self.fc2 = nn.Linear(4 * size, size)
        for layer in (self.fc1, self.fc2):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.layer_norms = nn.ModuleList([nn.LayerNorm(size), nn.LayerNorm(size)])
        self.hidden_dropout = nn.Dropout(hidden_dropout)
        self.residual_dropout = nn.Dropout(residual_dropout)

    def forward(self, query: Tensor, key: Tensor | None, mask: Tensor) -> Tensor:
        """[n, Lq, size]; without a `key` it is self-attention."""
        normed = self.layer_norms[0](query)
        looked = self.self_attn(normed, normed if key is None else self.layer_norms[0](key), mask)
        query = query + self.residual_dropout(looked)
        hidden = self.hidden_dropout(torch.relu(self.fc1(self.layer_norms[1](query))))
        return query + self.residual_dropout(self.fc2(hidden))


class Crossmodal(nn.Module):
    """A stack of blocks in which one modality attends to another, or to itself."""

    def __init__(
        self,
        size: int,
        heads: int,
        layers: int,
        dropout: float,
        hidden_dropout: float,
        residual_dropout: float,
        embed_dropout: float,
        causal: bool,
    ) -> None:
        super().__init__()
        self.scale = math.sqrt(size)
        self.causal = causal
        self.embed_dropout = nn.Dropout(embed_dropout)
        self.layers = nn.ModuleList(
            [Block(size, heads, dropout, hidden_dropout, residual_dropout) for _ in range(layers)]
        )
        self.layer_norm = nn.LayerNorm(size)

    def forward(self, query: Stream, key: Stream | None = None) -> Stream:
        """The query's stream with new values [n, Lq, size]."""
        mask = attention_mask(query, query if key is None else key, self.causal)
        rows = self.embed_dropout(self.scale * query.values)
        keys = None if key is None else self.embed_dropout(self.scale * key.values)
        for block in self.layers:
            rows = block(rows, keys, mask)
        return query._replace(values=self.layer_norm(rows))
