"""The word vectors: a table too large for memory's good, kept 4-bit on disk and unpacked row by row.

Q4_0: 32 weights in 18 bytes, a float16 scale and 16 bytes whose low halves are weights 0 to 15 and whose high halves
are weights 16 to 31; weight = scale x (half - 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle.bundle import map_array
from edge.messages import Float32

BLOCK = 32
"""Weights that share a scale."""
BLOCK_BYTES = 18
"""Bytes of a block: the scale and 32 halves."""


def dequantize(blocks: npt.NDArray[np.uint8]) -> Float32:
    """Blocks (..., `BLOCK_BYTES`) as float32 (..., `BLOCK`)."""
    scale = np.ascontiguousarray(blocks[..., :2]).view("<f2").astype(np.float32)
    halves = blocks[..., 2:]
    weights = np.concatenate([halves & 15, halves >> 4], axis=-1).astype(np.float32) - 8
    return np.asarray(weights * scale, np.float32)


class WordTable:
    """Rows of a memory-mapped .npy, uint8 (vocabulary, blocks a row, `BLOCK_BYTES`)."""

    def __init__(self, path: Path) -> None:
        self._rows = map_array(path)

    def vectors(self, ids: Sequence[int]) -> Float32:
        """The vectors (len(ids), blocks a row x 32) of some tokens."""
        blocks = np.asarray(self._rows[list(ids)])
        return dequantize(blocks).reshape(len(ids), -1)
