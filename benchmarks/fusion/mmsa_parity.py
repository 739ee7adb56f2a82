"""Do MMSA's own classes and ours agree on the same weights? `python -m benchmarks.fusion.mmsa_parity`

MMSA and what it imports lie in a folder of their own (`make proof-mmsa` fills it); torch and transformers are this
environment's. Self-MM's BERT is replaced by one that gives its features back: it is no part of the fusion.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import click
import torch
from torch import Tensor, nn

from benchmarks.evidence import markdown_table, write_page
from export.exporters.mmsa import read_mmsa_model

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "mmsa"
DIMS = (10, 7, 9)
LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 50)
"""Frames of text, audio and vision."""
CLIPS = 4
HEADS = 4
_SHAPES = {name: {"shapes": size, "drop": 0.0} for name, size in (("NN1Config", 9), ("NN2Config", 11))}
_SHAPES |= {name: {"shapes": size, "drop": 0.0} for name, size in (("gamma1Config", 6), ("gamma2Config", 5))}
_DROPOUTS = ("attn_dropout", "attn_dropout_a", "attn_dropout_v", "relu_dropout", "embed_dropout", "res_dropout")
_SUBNETS = {"hidden_dims": (8, 5, 6), "text_out": 11, "post_fusion_dim": 4, "dropouts": (0.0,) * 4}
ARGUMENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "tfn": ("singleTask.TFN", "TFN", _SUBNETS),
    "lmf": ("singleTask.LMF", "LMF", {**_SUBNETS, "rank": 3}),
    "lf_dnn": ("singleTask.LF_DNN", "LF_DNN", _SUBNETS),
    "ef_lstm": ("singleTask.EF_LSTM", "EF_LSTM", {"hidden_dims": 8, "num_layers": 3, "dropout": 0.0}),
    "mfn": (
        "singleTask.MFN",
        "MFN",
        {
            "hidden_dims": (8, 5, 6), "memsize": 7, "windowsize": 2, **_SHAPES, "outConfig": {"shapes": 4, "drop": 0.0}
        },
    ),
    "mult": (
        "singleTask.MULT",
        "MULT",
        {
            "use_bert": False, "dst_feature_dim_nheads": (8, HEADS), "nlevels": 2, "attn_mask": True,
            "text_dropout": 0.0, "output_dropout": 0.0, **dict.fromkeys(_DROPOUTS, 0.0),
            **{f"conv1d_kernel_size_{side}": 1 for side in "lav"},
        },
    ),
    "self_mm": (
        "multiTask.SELF_MM",
        "SELF_MM",
        {
            "need_data_aligned": False, "use_finetune": False, "transformers": "bert", "pretrained": "",
            "text_out": DIMS[0], "post_text_dropout": 0.0, "post_text_dim": 6, "post_fusion_dropout": 0.0,
            "post_fusion_dim": 8, "a_lstm_hidden_size": 5, "audio_out": 4, "post_audio_dim": 4, "video_out": 5,
            "v_lstm_hidden_size": 6, "post_video_dim": 3, "a_lstm_layers": 1, "v_lstm_layers": 1,
            **{f"{side}_lstm_dropout": 0.0 for side in "av"},
            **{f"post_{side}_dropout": 0.0 for side in ("audio", "video")},
        },
    ),
}  # fmt: skip
"""By our name: module and class of MMSA, and its arguments."""


class _GivenText(nn.Module):
    """Stands where BERT stands: MMSA hands it (token, mask, segment) rows, and these are the features."""

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self.model = nn.Linear(2, 2)
        self.features = torch.empty(0)

    def forward(self, _text: Tensor) -> Tensor:
        return self.features


@contextlib.contextmanager
def mmsa(module: str, folder: Path = FOLDER) -> Iterator[ModuleType]:
    """A module of MMSA's models."""
    sys.path.append(str(folder))
    try:
        yield importlib.import_module(f"MMSA.models.{module}")
    finally:
        sys.path.remove(str(folder))


def original(name: str, frames: tuple[int, int, int], folder: Path = FOLDER) -> nn.Module:
    """MMSA's own model with random weights, and normalization statistics that are not those of a fresh layer."""
    module, kind, given = ARGUMENTS[name]
    steps = frames[0] if name == "ef_lstm" else frames
    arguments = SimpleNamespace(feature_dims=DIMS, seq_lens=steps, train_mode="regression", num_classes=1, **given)
    torch.manual_seed(5)
    with mmsa(module, folder) as found:
        if name == "self_mm":
            found.BertTextEncoder = _GivenText  # type: ignore[attr-defined]
        model: nn.Module = getattr(found, kind)(arguments).eval()
    for key, value in model.named_buffers():
        if "running" in key:
            value.copy_(torch.rand_like(value) + 0.5)
    return model


def difference(name: str, frames: tuple[int, int, int], folder: Path = FOLDER) -> float:
    """The largest difference of any score of ours from MMSA's, on the same weights and features."""
    theirs = original(name, frames, folder)
    state = {f"Model.{key}": value for key, value in theirs.state_dict().items()}
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "model.pth"
        torch.save(state, path)
        options = {"seq_lens": ",".join(map(str, frames)), "dims": ",".join(map(str, DIMS)), "num_heads": str(HEADS)}
        ours = read_mmsa_model(path, options).model.eval()
    torch.manual_seed(9)
    values = [torch.randn(CLIPS, steps, columns) for steps, columns in zip(frames, DIMS, strict=True)]
    lengths = [torch.full((CLIPS,), steps) for steps in frames]
    with torch.inference_mode():
        wanted = _scores(name, theirs, values, lengths, folder)
        found = ours(*values, *lengths, torch.ones(CLIPS, 3))
    names = {"score": "M", "text_score": "T", "audio_score": "A", "vision_score": "V"}
    pairs = [(found[here], wanted[there].reshape(CLIPS)) for here, there in names.items() if there in wanted]
    return max(float((one - other).abs().max()) for one, other in pairs)


def _scores(name: str, model: Any, values: list[Tensor], lengths: list[Tensor], folder: Path) -> dict[str, Tensor]:
    """Features as MMSA's trainer hands them to each model."""
    text, audio, video = values
    if name == "self_mm":
        model.text_model.features = text
        rows = torch.ones(CLIPS, 3, text.shape[1])
        given: dict[str, Tensor] = model(rows, (audio, lengths[1]), (video, lengths[2]))
        return given
    if name in ("tfn", "lmf", "lf_dnn"):
        audio, video = audio.mean(1, keepdim=True), video.mean(1, keepdim=True)
    if name == "mfn":
        audio, video = (side.mean(1, keepdim=True).expand(-1, text.shape[1], -1) for side in (audio, video))
    if name == "ef_lstm":
        with mmsa("subNets.AlignNets", folder) as nets:
            frames = tuple(side.shape[1] for side in values)
            text, audio, video = nets.AlignSubNet(SimpleNamespace(feature_dims=DIMS, seq_lens=frames), "avg_pool")(
                text, audio, video
            )
    scores: dict[str, Tensor] = model(text, audio, video)
    return scores


def page(figures: dict[str, Any]) -> str:
    """The figures as a page."""
    rows = [(f"`{name}`", f"{worst:.1e}" if worst else "0") for name, worst in figures["largest_difference"].items()]
    lengths = ", ".join(map(str, figures["lengths"]))
    return (
        "# MMSA's own models and ours\n\n"
        f"MMSA {figures['mmsa']} and the export's models have the same weights and are given the same features "
        f"({CLIPS} clips) of {lengths} frames. Text, audio and vision have equal lengths and unequal ones. Made by "
        "`make proof-mmsa`.\n\n" + markdown_table(("model", "largest difference"), rows)
    )


def lengths_tried() -> list[tuple[int, int, int]]:
    """Equal lengths, and each beside other ones."""
    equal = [(one, one, one) for one in LENGTHS]
    return equal + [(one, LENGTHS[-1 - index], LENGTHS[index // 2]) for index, one in enumerate(LENGTHS)]


@click.command()
@click.option("--mmsa", "folder", type=click.Path(path_type=Path, exists=True), default=FOLDER, help="Where MMSA lies.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "evidence")
def main(folder: Path, out: Path) -> None:
    """Compare every architecture at lengths from 1 to 50 and write the largest differences."""
    from importlib.metadata import distributions

    version = next(one.version for one in distributions(path=[str(folder)]) if one.metadata["Name"] == "MMSA")
    worst = {name: max(difference(name, frames, folder) for frames in lengths_tried()) for name in ARGUMENTS}
    figures = {"mmsa": version, "torch": torch.__version__, "lengths": LENGTHS, "largest_difference": worst}
    write_page(out, "mmsa", figures, page(figures))
    for name, value in worst.items():
        click.echo(f"{name}: {value:.1e}")


if __name__ == "__main__":
    main()
