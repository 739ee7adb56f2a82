"""Reads columns and hyperparameters of a model from the shapes of MMSA's weights, and converts weights that differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from training.fusion.layers.tensor_fusion import contracted

State = dict[str, Tensor]


def subnet_dims(state: State) -> tuple[int, int, int]:
    """Of the models whose modalities go through TFN's subnetworks."""
    return (
        state["text_subnet.rnn.weight_ih_l0"].shape[1],
        state["audio_subnet.linear_1.weight"].shape[1],
        state["video_subnet.linear_1.weight"].shape[1],
    )


def subnet_sizes(state: State) -> dict[str, Any]:
    """Of TFN's subnetworks."""
    return {
        "hidden": [
            state["text_subnet.rnn.weight_hh_l0"].shape[1],
            state["audio_subnet.linear_1.weight"].shape[0],
            state["video_subnet.linear_1.weight"].shape[0],
        ],
    }


def dnn_sizes(state: State) -> dict[str, Any]:
    """Of LF-DNN."""
    return {
        **subnet_sizes(state),
        "text_out": state["text_subnet.linear_1.weight"].shape[0],
        "fusion_hidden": state["post_fusion_layer_1.weight"].shape[0],
    }


def tfn_sizes(state: State) -> dict[str, Any]:
    """Of TFN, whose bounds are stored as weights."""
    low = float(state["output_shift"])
    return {**dnn_sizes(state), "output_range": [low, low + float(state["output_range"])]}


def tfn_contracted(state: State) -> State:
    """The first layer as `TensorFusion` reads it, without the stored bounds."""
    text = state["text_subnet.linear_1.weight"].shape[0]
    rest = {name: value for name, value in state.items() if name not in ("output_range", "output_shift")}
    return {**rest, "post_fusion_layer_1.weight": contracted(state["post_fusion_layer_1.weight"], text)}


def low_rank(state: State) -> State:
    """Factors without their last axis of one."""
    flat = {f"{side}_factor": state[f"{side}_factor"].squeeze(2) for side in ("text", "audio", "video")}
    return {**state, **flat, "fusion_bias": state["fusion_bias"].flatten()}


def early_sizes(state: State) -> dict[str, Any]:
    """Of EF-LSTM."""
    return {
        "steps": len(state["norm.weight"]),
        "alignment": "interleave",
        "hidden": state["linear.weight"].shape[0],
        "layers": sum(name.startswith("lstm.weight_hh_l") for name in state),
    }


def memory_dims(state: State) -> tuple[int, int, int]:
    """Of MFN."""
    text, audio, vision = (state[f"lstm_{side}.weight_ih"].shape[1] for side in "lav")
    return text, audio, vision


def memory_sizes(state: State) -> dict[str, Any]:
    """Of MFN."""
    hidden = {name: state[f"{key}_fc1.weight"].shape[0] for name, key in MEMORY_NETS.items()}
    return {
        "alignment": "interleave",
        "hidden": [state[f"lstm_{side}.weight_hh"].shape[1] for side in "lav"],
        "memory": state["att2_fc2.weight"].shape[0],
        **{f"{name}_hidden": size for name, size in hidden.items()},
    }


MEMORY_NETS = {"attention": "att1", "proposal": "att2", "retain": "gamma1", "update": "gamma2", "out": "out"}
"""Our names of MFN's small networks and MMSA's."""


def crossmodal_dims(state: State) -> tuple[int, int, int]:
    """A modality without projection has the common size."""
    common = state["trans_l_with_a.layer_norm.weight"].shape[0]
    text, audio, vision = (
        state[f"proj_{side}.weight"].shape[1] if f"proj_{side}.weight" in state else common for side in "lav"
    )
    return text, audio, vision


def crossmodal_sizes(state: State) -> dict[str, Any]:
    """Of MulT; heads have no shape of their own."""
    return {
        "size": state["trans_l_with_a.layer_norm.weight"].shape[0],
        "layers": 1 + max(int(name.split(".")[2]) for name in state if name.startswith("trans_l_with_a.layers.")),
        "kernels": [state[f"proj_{side}.weight"].shape[2] for side in "lav"],
    }


def crossmodal_rest(state: State) -> State:
    """Without counters, and without projections of modalities that have the common size: MMSA makes and skips them."""
    common = state["trans_l_with_a.layer_norm.weight"].shape[0]
    idle = {f"proj_{side}.weight" for side in "lav" if state[f"proj_{side}.weight"].shape[1] == common}
    dropped = (".version", "._float_tensor")
    return {name: value for name, value in state.items() if name not in idle and not name.endswith(dropped)}


def self_dims(state: State) -> tuple[int, int, int]:
    """Of Self-MM."""
    return (
        state["post_text_layer_1.weight"].shape[1],
        state["audio_model.rnn.weight_ih_l0"].shape[1],
        state["video_model.rnn.weight_ih_l0"].shape[1],
    )


def self_sizes(state: State) -> dict[str, Any]:
    """Of Self-MM."""
    return {
        "pooling": "first",
        "lstm_hidden": [state[f"{side}_model.rnn.weight_hh_l0"].shape[1] for side in ("audio", "video")],
        "lstm_out": [state[f"{side}_model.linear_1.weight"].shape[0] for side in ("audio", "video")],
        "fusion_hidden": state["post_fusion_layer_1.weight"].shape[0],
        "single_hidden": [state[f"post_{side}_layer_1.weight"].shape[0] for side in ("text", "audio", "video")],
    }


def without_bert(state: State) -> State:
    """Without the text encoder that was trained together with the model."""
    return {name: value for name, value in state.items() if not name.startswith("text_model.")}


def single_sizes(base: Callable[[State], dict[str, Any]]) -> Callable[[State], dict[str, Any]]:
    """Of a multi-task model: those of its single-task form, and of its heads."""

    def sizes(state: State) -> dict[str, Any]:
        hidden = [state[f"post_{side}_layer_1.weight"].shape[0] for side in ("text", "audio", "video")]
        return {**base(state), "single_hidden": hidden}

    return sizes


def lmf_sizes(state: State) -> dict[str, Any]:
    """Of LMF."""
    return {**subnet_sizes(state), "rank": state["fusion_weights"].shape[1]}
