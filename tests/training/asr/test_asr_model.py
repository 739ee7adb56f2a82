"""The network: padding must not be heard, chunk by chunk must equal the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from training.asr.checkpoint import AsrCheckpoint, AsrCheckpointError
from training.asr.model import ConformerCtc

SMALL = {
    "vocabulary": 12,
    "hidden": 32,
    "layers": 2,
    "heads": 2,
    "feed_forward": 64,
    "kernel": 7,
    "subsampling_channels": 8,
}
STREAMING = {"chunk_frames": 5, "left_chunks": 2}


def small(streaming: dict[str, int] | None) -> ConformerCtc:
    torch.manual_seed(0)
    return ConformerCtc.from_config({**SMALL, "streaming": streaming}).eval()


@pytest.mark.parametrize("streaming", [None, STREAMING])
@torch.no_grad()
def test_padding_is_not_heard(streaming: dict[str, int] | None) -> None:
    model = small(streaming)
    mel, length = torch.randn(3, 120, 80), torch.tensor([120, 77, 33])
    log_probs, out_length = model(mel, length)
    for row in range(3):
        alone, alone_length = model(mel[row : row + 1, : length[row]], length[row : row + 1])
        assert alone_length[0] == out_length[row]
        torch.testing.assert_close(alone[0], log_probs[row, : out_length[row]], atol=1e-5, rtol=0)


@torch.no_grad()
def test_chunk_by_chunk_equals_the_whole() -> None:
    model = small(STREAMING)
    mel = torch.randn(2, 120, 80)
    whole, _ = model(mel, torch.full((2,), 120))
    caches, pieces = model.empty_caches(2), []
    for start in range(0, 120, 20):
        piece, *new = model.forward_chunk(mel[:, start : start + 20], *caches.values())
        assert [c.shape for c in new] == [c.shape for c in caches.values()]
        caches = dict(zip(caches, new, strict=True))
        pieces.append(piece)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_streaming_model_hears_nothing_after_its_chunk() -> None:
    model = small(STREAMING)
    mel = torch.randn(1, 80, 80)
    before, _ = model(mel, torch.tensor([80]))
    mel[:, 40:] = 0
    after, _ = model(mel, torch.tensor([80]))
    torch.testing.assert_close(before[:, :10], after[:, :10], atol=1e-6, rtol=0)
    assert (before[:, 10:] - after[:, 10:]).abs().max() > 0.1


def test_a_full_context_model_has_no_chunks() -> None:
    with pytest.raises(ValueError, match="streaming"):
        small(None).empty_caches(1)


def checkpoint(path: Path, model: ConformerCtc) -> AsrCheckpoint:
    return AsrCheckpoint(path, model.plain_config(), [str(n) for n in range(12)], model.state_dict(), "log_mel")


@pytest.mark.parametrize("streaming", [None, STREAMING])
def test_a_checkpoint_gives_the_same_model(tmp_path: Path, streaming: dict[str, int] | None) -> None:
    model = small(streaming)
    checkpoint(tmp_path / "model.pt", model).save()
    read = ConformerCtc.from_checkpoint(tmp_path / "model.pt")
    mel, length = torch.randn(1, 50, 80), torch.tensor([50])
    with torch.no_grad():
        torch.testing.assert_close(read(mel, length), model(mel, length))
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_a_bad_checkpoint_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path, model = tmp_path / "model.pt", small(None)
    with pytest.raises(AsrCheckpointError, match="no such checkpoint"):
        ConformerCtc.from_checkpoint(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(AsrCheckpointError, match="damaged"):
        ConformerCtc.from_checkpoint(path)
    torch.save({"format": "emvas-fusion-1"}, path)
    with pytest.raises(AsrCheckpointError, match="emvas-asr-1"):
        ConformerCtc.from_checkpoint(path)
    with torch.no_grad():
        model.head.bias[0] = float("nan")
    checkpoint(path, model).save()
    with pytest.raises(AsrCheckpointError, match=r"head\.bias"):
        ConformerCtc.from_checkpoint(path)
    other = small(None).state_dict()
    other.pop("head.bias")
    AsrCheckpoint(path, model.plain_config(), [], other, "log_mel").save()
    with pytest.raises(AsrCheckpointError, match="do not fit"):
        ConformerCtc.from_checkpoint(path)
