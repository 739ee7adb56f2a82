"""Our Conformer-CTC as a graph: of a whole utterance, or of one chunk with caches."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.asr.model import ConformerCtc


class WholeConformer(nn.Module):
    """`mel` [1, frames, bands] -> `log_probs` [1, frames out, vocabulary]; one recording, so there is no mask."""

    def __init__(self, model: ConformerCtc) -> None:
        super().__init__()
        self.model = model

    def forward(self, mel: Tensor) -> Tensor:
        """Process a whole recording; a streaming model sees the same context as chunk by chunk."""
        if self.model.config.streaming is None:
            return torch.log_softmax(self.model.head(self.model.encoder(mel).last_hidden_state), dim=-1)
        length = torch.full((1,), mel.shape[1], device=mel.device)
        return self.model(mel, length)[0]


class ChunkConformer(nn.Module):
    """`mel` [1, chunk, bands] and the caches -> `log_probs` [1, frames out, vocabulary] and the next caches.

    Every cache is float32 and zero at the beginning, also the count of past frames.
    """

    def __init__(self, model: ConformerCtc) -> None:
        super().__init__()
        self.model = model
        self.empty = {name: cache.to(torch.float32) for name, cache in model.empty_caches(1).items()}

    def forward(self, mel: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """Process the next chunk."""
        return self.model.forward_chunk(mel, *caches)
