"""Do MMSA's own classes and ours agree on the same weights? `python -m benchmarks.fusion.mmsa_parity`

MMSA and what it imports lie in a folder of their own (`make proof-mmsa` fills it); torch and transformers are this
environment's. The BERT of Self-MM and MISA is replaced by one that gives its features back: it is no part of the
fusion. MISA is not exported from a state_dict of MMSA, so its weights are renamed here.
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
from training.fusion.layers.heads import MODALITIES
from training.fusion.models import build

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
_SINGLE: dict[str, Any] = {"post_text_dim": 7, "post_audio_dim": 3, "post_video_dim": 5, "post_dropouts": (0.0,) * 4}
_SUBNETS = {"hidden_dims": (8, 5, 6), "text_out": 11, "post_fusion_dim": 4, "dropouts": (0.0,) * 4}
ARGUMENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "tfn": ("singleTask.TFN", "TFN", _SUBNETS),
    "lmf": ("singleTask.LMF", "LMF", {**_SUBNETS, "rank": 3}),
    "lf_dnn": ("singleTask.LF_DNN", "LF_DNN", _SUBNETS),
    "mtfn": ("multiTask.MTFN", "MTFN", {**_SUBNETS, **_SINGLE, "dropouts": (0.0,) * 3}),
    "mlmf": ("multiTask.MLMF", "MLMF", {**_SUBNETS, **_SINGLE, "dropouts": (0.0,) * 3, "rank": 3}),
    "mlf_dnn": ("multiTask.MLF_DNN", "MLF_DNN", {**_SUBNETS, **_SINGLE, "dropouts": (0.0,) * 3}),
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
    "misa": (
        "singleTask.MISA",
        "MISA",
        {
            "use_bert": True, "use_finetune": False, "transformers": "bert", "pretrained": "", "rnncell": "lstm",
            "hidden_size": 12, "dropout": 0.0, "use_cmd_sim": True,
        },
    ),
}  # fmt: skip
"""By our name: module and class of MMSA, and its arguments."""


_BERT = ("self_mm", "misa")
_MEAN = ("tfn", "lmf", "lf_dnn", "mtfn", "mlmf", "mlf_dnn")
"""Models whose audio and video MMSA's trainer averages."""
_PARTS = ("weight", "bias")


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
    arguments = SimpleNamespace(
        feature_dims=dims_of(name), seq_lens=steps, train_mode="regression", num_classes=1, **given
    )
    torch.manual_seed(5)
    with mmsa(module, folder) as found:
        if name in _BERT:
            found.BertTextEncoder = _GivenText  # type: ignore[attr-defined]
        model: nn.Module = getattr(found, kind)(arguments).eval()
    for key, value in model.named_buffers():
        if "running" in key:
            value.copy_(torch.rand_like(value) + 0.5)
    return model


def dims_of(name: str) -> tuple[int, int, int]:
    """Columns of text, audio and vision; MMSA's MISA takes BERT's 768 of text only."""
    return (768, *DIMS[1:]) if name == "misa" else DIMS


def _ours(name: str, theirs: nn.Module, frames: tuple[int, int, int]) -> nn.Module:
    """Our model with MMSA's weights, by the export; MISA by its parts."""
    if name == "misa":
        model = build("misa", dict(zip(MODALITIES, dims_of(name), strict=True)), {"hidden": 12})
        model.load_state_dict(misa_state(theirs.state_dict(), 12))
        return model.eval()
    state = {f"Model.{key}": value for key, value in theirs.state_dict().items()}
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "model.pth"
        torch.save(state, path)
        options = {"seq_lens": ",".join(map(str, frames)), "dims": ",".join(map(str, DIMS)), "num_heads": str(HEADS)}
        return read_mmsa_model(path, options).model.eval()


def misa_state(state: dict[str, Tensor], size: int) -> dict[str, Tensor]:
    """MISA's weights under our names.

    The columns of its projections come in our order of layers and directions, those of its first layer of fusion in our
    order of modalities.
    """
    ours = {key.replace("transformer_encoder.layers.0.", "mix."): v for key, v in state.items() if "transformer" in key}
    ours |= {f"shared.0.{part}": state[f"shared.shared_1.{part}"] for part in _PARTS}
    for side, (letter, private) in zip(MODALITIES, (("t", 1), ("a", 3), ("v", 1)), strict=True):
        for part in _PARTS:
            ours[f"project.{side}.0.{part}"] = state[f"project_{letter}.project_{letter}.{part}"]
            ours[f"project.{side}.2.{part}"] = state[f"project_{letter}.project_{letter}_layer_norm.{part}"]
            ours[f"private.{side}.0.{part}"] = state[f"private_{letter}.private_{letter}_{private}.{part}"]
            ours[f"rebuild.{side}.{part}"] = state[f"recon_{letter}.recon_{letter}_1.{part}"]
    for side, letter in (("audio", "a"), ("vision", "v")):
        for layer, place in (("first", 1), ("second", 2)):
            for kind in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
                ours[f"utterance.{side}.{layer}.forwards.{kind}"] = state[f"{letter}rnn{place}.{kind}"]
                ours[f"utterance.{side}.{layer}.backwards.{kind}"] = state[f"{letter}rnn{place}.{kind}_reverse"]
        mixed = ours[f"project.{side}.0.weight"]
        ours[f"project.{side}.0.weight"] = mixed.reshape(size, 2, 2, -1).transpose(1, 2).flatten(1)
        ours |= {f"utterance.{side}.norm.{part}": state[f"{letter}layer_norm.{part}"] for part in _PARTS}
    for number, layer in ((0, 1), (3, 3)):
        ours |= {f"head.{number}.{part}": state[f"fusion.fusion_layer_{layer}.{part}"] for part in _PARTS}
    ours["head.0.weight"] = ours["head.0.weight"].reshape(-1, 2, 3, size)[:, :, [0, 2, 1]].flatten(1)
    return ours


def difference(name: str, frames: tuple[int, int, int], folder: Path = FOLDER) -> float:
    """The largest difference of any score of ours from MMSA's, on the same weights and features."""
    theirs = original(name, frames, folder)
    ours = _ours(name, theirs, frames)
    torch.manual_seed(9)
    values = [torch.randn(CLIPS, steps, columns) for steps, columns in zip(frames, dims_of(name), strict=True)]
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
    if name == "misa":
        model.bertmodel.features = text
        whole: dict[str, Tensor] = model(torch.ones(CLIPS, 3, text.shape[1]), audio, video)
        return whole
    if name in _MEAN:
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
        f"({CLIPS} clips) of {lengths} frames. Text, audio and vision have equal lengths and unequal ones (MISA equal "
        "ones only: MMSA's reads all three for the length of the text). Made by `make proof-mmsa`.\n\n"
        + markdown_table(("model", "largest difference"), rows)
    )


def lengths_tried(name: str) -> list[tuple[int, int, int]]:
    """Equal lengths, and each beside other ones; MMSA's MISA reads audio and video for the length of the text."""
    equal = [(one, one, one) for one in LENGTHS]
    if name == "misa":
        return equal
    return equal + [(one, LENGTHS[-1 - index], LENGTHS[index // 2]) for index, one in enumerate(LENGTHS)]


@click.command()
@click.option("--mmsa", "folder", type=click.Path(path_type=Path, exists=True), default=FOLDER, help="Where MMSA lies.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "evidence")
def main(folder: Path, out: Path) -> None:
    """Compare every architecture at lengths from 1 to 50 and write the largest differences."""
    from importlib.metadata import distributions

    version = next(one.version for one in distributions(path=[str(folder)]) if one.metadata["Name"] == "MMSA")
    worst = {name: max(difference(name, frames, folder) for frames in lengths_tried(name)) for name in ARGUMENTS}
    figures = {"mmsa": version, "torch": torch.__version__, "lengths": LENGTHS, "largest_difference": worst}
    write_page(out, "mmsa", figures, page(figures))
    for name, value in worst.items():
        click.echo(f"{name}: {value:.1e}")


if __name__ == "__main__":
    main()
