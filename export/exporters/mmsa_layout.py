"""How MMSA names the weights of its models (v2.2.1), and what their shapes say of the hyperparameters.

Every state_dict of MMSA is that of `AMIO`, whose only child is `Model`, so every key starts with `Model.`. Sizes are in
MMSA's order where its constructors want them and in ours (text, audio, vision) in `configuration` of each layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.fusion.layers.tensor_fusion import contracted

State = dict[str, Tensor]
PREFIX = "Model."
_SUBNETS = (
    ("text_subnet.", "subnets.text."),
    ("audio_subnet.", "subnets.audio."),
    ("video_subnet.", "subnets.vision."),
)
_HEAD = (
    ("post_fusion_layer_1.", "head.layer_1."),
    ("post_fusion_layer_2.", "head.layer_2."),
    ("post_fusion_layer_3.", "head.layer_3."),
)
_SIDES = {"l": "text", "a": "audio", "v": "vision"}


@dataclass(frozen=True, slots=True)
class Layout:
    """One of MMSA's models."""

    ours: str
    """Its name in `training.fusion.models.MODELS`."""
    signature: tuple[str, ...]
    """Keys that it has; the first layout all of whose keys are there is taken."""
    renames: tuple[tuple[str, str], ...]
    """Prefixes of MMSA and ours; the first that fits a key holds."""
    dims: Callable[[State], tuple[int, int, int]] | None
    """Columns of text, audio and vision; None where the weights do not tell them apart."""
    configuration: Callable[[State], dict[str, Any]]
    """Hyperparameters that the shapes tell."""
    convert: Callable[[State], State] = lambda state: state
    """What is more than renaming, done before it."""
    padded: bool = True
    """Whether it counts the padding as frames, so that `seq_lens` must be known."""


def _subnet_dims(state: State) -> tuple[int, int, int]:
    return (
        state["text_subnet.rnn.weight_ih_l0"].shape[1],
        state["audio_subnet.linear_1.weight"].shape[1],
        state["video_subnet.linear_1.weight"].shape[1],
    )


def _subnet_sizes(state: State) -> dict[str, Any]:
    return {
        "hidden": [
            state["text_subnet.rnn.weight_hh_l0"].shape[1],
            state["audio_subnet.linear_1.weight"].shape[0],
            state["video_subnet.linear_1.weight"].shape[0],
        ],
    }


def _dnn_sizes(state: State) -> dict[str, Any]:
    return {
        **_subnet_sizes(state),
        "text_out": state["text_subnet.linear_1.weight"].shape[0],
        "fusion_hidden": state["post_fusion_layer_1.weight"].shape[0],
    }


def _tfn_sizes(state: State) -> dict[str, Any]:
    low = float(state["output_shift"])
    return {**_dnn_sizes(state), "output_range": [low, low + float(state["output_range"])]}


def _tfn_contracted(state: State) -> State:
    text = state["text_subnet.linear_1.weight"].shape[0]
    rest = {name: value for name, value in state.items() if name not in ("output_range", "output_shift")}
    return {**rest, "post_fusion_layer_1.weight": contracted(state["post_fusion_layer_1.weight"], text)}


def _low_rank(state: State) -> State:
    flat = {f"{side}_factor": state[f"{side}_factor"].squeeze(2) for side in ("text", "audio", "video")}
    return {**state, **flat, "fusion_bias": state["fusion_bias"].flatten()}


def _early_sizes(state: State) -> dict[str, Any]:
    return {
        "steps": len(state["norm.weight"]),
        "alignment": "interleave",
        "hidden": state["linear.weight"].shape[0],
        "layers": sum(name.startswith("lstm.weight_hh_l") for name in state),
    }


def _memory_dims(state: State) -> tuple[int, int, int]:
    text, audio, vision = (state[f"lstm_{side}.weight_ih"].shape[1] for side in "lav")
    return text, audio, vision


def _memory_sizes(state: State) -> dict[str, Any]:
    hidden = {name: state[f"{key}_fc1.weight"].shape[0] for name, key in _MEMORY.items()}
    return {
        "alignment": "interleave",
        "hidden": [state[f"lstm_{side}.weight_hh"].shape[1] for side in "lav"],
        "memory": state["att2_fc2.weight"].shape[0],
        **{f"{name}_hidden": size for name, size in hidden.items()},
    }


_MEMORY = {"attention": "att1", "proposal": "att2", "retain": "gamma1", "update": "gamma2", "out": "out"}
"""Our names of MFN's small networks and MMSA's."""


def _crossmodal_dims(state: State) -> tuple[int, int, int]:
    """A modality without projection has the common size."""
    common = state["trans_l_with_a.layer_norm.weight"].shape[0]
    text, audio, vision = (
        state[f"proj_{side}.weight"].shape[1] if f"proj_{side}.weight" in state else common for side in "lav"
    )
    return text, audio, vision


def _crossmodal_sizes(state: State) -> dict[str, Any]:
    return {
        "size": state["trans_l_with_a.layer_norm.weight"].shape[0],
        "layers": 1 + max(int(name.split(".")[2]) for name in state if name.startswith("trans_l_with_a.layers.")),
        "kernels": [state[f"proj_{side}.weight"].shape[2] for side in "lav"],
    }


def _crossmodal_rest(state: State) -> State:
    """Without counters, and without projections of modalities that have the common size: MMSA makes and skips them."""
    common = state["trans_l_with_a.layer_norm.weight"].shape[0]
    idle = {f"proj_{side}.weight" for side in "lav" if state[f"proj_{side}.weight"].shape[1] == common}
    dropped = (".version", "._float_tensor")
    return {name: value for name, value in state.items() if name not in idle and not name.endswith(dropped)}


def _self_dims(state: State) -> tuple[int, int, int]:
    return (
        state["post_text_layer_1.weight"].shape[1],
        state["audio_model.rnn.weight_ih_l0"].shape[1],
        state["video_model.rnn.weight_ih_l0"].shape[1],
    )


def _self_sizes(state: State) -> dict[str, Any]:
    return {
        "pooling": "first",
        "lstm_hidden": [state[f"{side}_model.rnn.weight_hh_l0"].shape[1] for side in ("audio", "video")],
        "lstm_out": [state[f"{side}_model.linear_1.weight"].shape[0] for side in ("audio", "video")],
        "fusion_hidden": state["post_fusion_layer_1.weight"].shape[0],
        "single_hidden": [state[f"post_{side}_layer_1.weight"].shape[0] for side in ("text", "audio", "video")],
    }


def _without_bert(state: State) -> State:
    return {name: value for name, value in state.items() if not name.startswith("text_model.")}


def _single_sizes(base: Callable[[State], dict[str, Any]]) -> Callable[[State], dict[str, Any]]:
    def sizes(state: State) -> dict[str, Any]:
        hidden = [state[f"post_{side}_layer_1.weight"].shape[0] for side in ("text", "audio", "video")]
        return {**base(state), "single_hidden": hidden}

    return sizes


def _lmf_sizes(state: State) -> dict[str, Any]:
    return {**_subnet_sizes(state), "rank": state["fusion_weights"].shape[1]}


_SINGLE = tuple(
    (f"post_{theirs}_layer_{layer}.", f"single.heads.{ours}.layer_{layer}.")
    for theirs, ours in (("text", "text"), ("audio", "audio"), ("video", "vision"))
    for layer in (1, 2, 3)
)
_LOW_RANK = (
    ("text_factor", "fusion.factors.text"),
    ("audio_factor", "fusion.factors.audio"),
    ("video_factor", "fusion.factors.vision"),
    ("fusion_weights", "fusion.weights"),
    ("fusion_bias", "fusion.bias"),
)
_TENSOR = (("post_fusion_", ""),)

LAYOUTS: dict[str, Layout] = {
    "mtfn": Layout(
        "mtfn",
        ("output_range", "post_text_layer_1.weight"),
        (*_SUBNETS, *_SINGLE, *_TENSOR),
        _subnet_dims,
        _single_sizes(_tfn_sizes),
        _tfn_contracted,
    ),
    "tfn": Layout(
        "tfn",
        ("output_range", "text_subnet.rnn.weight_ih_l0"),
        (*_SUBNETS, *_TENSOR),
        _subnet_dims,
        _tfn_sizes,
        _tfn_contracted,
    ),
    "mlmf": Layout(
        "mlmf",
        ("text_factor", "post_text_layer_1.weight"),
        (*_SUBNETS, *_SINGLE, *_LOW_RANK),
        _subnet_dims,
        _single_sizes(_lmf_sizes),
        _low_rank,
    ),
    "lmf": Layout(
        "lmf",
        ("text_factor", "text_subnet.rnn.weight_ih_l0"),
        (*_SUBNETS, *_LOW_RANK),
        _subnet_dims,
        _lmf_sizes,
        _low_rank,
    ),
    "mlf_dnn": Layout(
        "mlf_dnn",
        ("text_subnet.rnn.weight_ih_l0", "post_text_layer_1.weight", "post_fusion_layer_1.weight"),
        (*_SUBNETS, *_SINGLE, *_HEAD),
        _subnet_dims,
        _single_sizes(_dnn_sizes),
    ),
    "lf_dnn": Layout(
        "lf_dnn",
        ("text_subnet.rnn.weight_ih_l0", "post_fusion_layer_1.weight"),
        (*_SUBNETS, *_HEAD),
        _subnet_dims,
        _dnn_sizes,
    ),
    "ef_lstm": Layout("ef_lstm", ("lstm.weight_ih_l0", "norm.weight", "out.weight"), (), None, _early_sizes),
    "mfn": Layout(
        "mfn",
        ("lstm_l.weight_ih", "att1_fc1.weight", "out_fc1.weight"),
        (
            *((f"lstm_{theirs}.", f"cells.{ours}.") for theirs, ours in _SIDES.items()),
            *((f"{theirs}_", f"{ours}.") for ours, theirs in _MEMORY.items()),
        ),
        _memory_dims,
        _memory_sizes,
    ),
    "mult": Layout(
        "mult",
        ("trans_l_with_a.layers.0.self_attn.in_proj_weight", "trans_v_mem.layer_norm.weight"),
        (
            *((f"proj_{theirs}.", f"project.{ours}.conv.") for theirs, ours in _SIDES.items()),
            *((f"trans_{a}_with_{b}.", f"cross.{_SIDES[a]}_{_SIDES[b]}.") for a in "lav" for b in "lav" if a != b),
            *((f"trans_{theirs}_mem.", f"memory.{ours}.") for theirs, ours in _SIDES.items()),
        ),
        _crossmodal_dims,
        _crossmodal_sizes,
        _crossmodal_rest,
    ),
    "self_mm": Layout(
        "self_mm",
        ("audio_model.rnn.weight_ih_l0", "post_text_layer_1.weight"),
        (
            ("audio_model.", "audio."),
            ("video_model.", "vision."),
            *((theirs, ours.replace("head.", "fused.", 1)) for theirs, ours in _HEAD),
            *((theirs, ours.replace("single.heads.", "single.", 1)) for theirs, ours in _SINGLE),
        ),
        _self_dims,
        _self_sizes,
        _without_bert,
        padded=False,
    ),
}
"""Those with more keys stand before those with fewer."""


def renamed(state: Mapping[str, Tensor], layout: Layout) -> State:
    """MMSA's tensors under our names; a key that no prefix fits keeps its name."""
    return {
        _rename(name, layout.renames): torch.as_tensor(value) for name, value in layout.convert(dict(state)).items()
    }


def _rename(name: str, renames: tuple[tuple[str, str], ...]) -> str:
    for theirs, ours in renames:
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name
