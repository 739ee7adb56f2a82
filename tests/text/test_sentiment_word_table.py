"""4-bit word vectors are unpacked as they were packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.text.sentiment import BLOCK, BLOCK_BYTES, WordTable, dequantize


def pack(scales: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """The layout of the specification, written down a second time: scales (n,), halves (n, 32) in 0..15."""
    blocks = np.zeros((len(scales), BLOCK_BYTES), np.uint8)
    for block, scale, values in zip(blocks, scales, halves, strict=True):
        block[:2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
        for index in range(16):
            block[2 + index] = values[index] | values[16 + index] << 4
    return blocks


@given(st.lists(st.tuples(st.floats(-4, 4, width=16), st.binary(min_size=32, max_size=32)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_unpacking_inverts_packing(rows: list[tuple[float, bytes]]) -> None:
    scales = np.array([scale for scale, _ in rows])
    halves = np.array([list(values) for _, values in rows]) & 15
    expected = (halves - 8.0) * scales.astype(np.float16)[:, None]
    np.testing.assert_array_equal(dequantize(pack(scales, halves)), expected.astype(np.float32))


def test_rows_come_in_the_order_of_the_ids(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pack(rng.normal(size=10), rng.integers(0, 16, (10, BLOCK))).reshape(5, 2, BLOCK_BYTES)
    np.save(tmp_path / "words.npy", table)
    words = WordTable(tmp_path / "words.npy")
    vectors = words.vectors([4, 0, 4])
    assert vectors.shape == (3, 2 * BLOCK)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(vectors[1], dequantize(table[0]).ravel())
