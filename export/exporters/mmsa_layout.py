"""The names of weights in MMSA's models (v2.2.1), and the hyperparameters that follow from their shapes.

Every state_dict of MMSA is that of `AMIO`, whose only child is `Model`, so every key starts with `Model.`. Sizes are in
MMSA's order for its constructors, and in ours (text, audio, vision) in `configuration` of each layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from export.exporters.mmsa_shapes import (
    MEMORY_NETS,
    State,
    crossmodal_dims,
    crossmodal_rest,
    crossmodal_sizes,
    dnn_sizes,
    early_sizes,
    lmf_sizes,
    low_rank,
    memory_dims,
    memory_sizes,
    self_dims,
    self_sizes,
    single_sizes,
    subnet_dims,
    tfn_contracted,
    tfn_sizes,
    without_bert,
)

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
class KeyLayout:
    """One of MMSA's models."""

    ours: str
    """Its name in `training.fusion.models.MODELS`."""
    signature: tuple[str, ...]
    """Keys that identify it; the first layout whose keys are all present is used."""
    renames: tuple[tuple[str, str], ...]
    """Prefixes of MMSA and ours; the first that matches a key applies."""
    dims: Callable[[State], tuple[int, int, int]] | None
    """Columns of text, audio and vision; None if the weights do not distinguish them."""
    configuration: Callable[[State], dict[str, Any]]
    """Hyperparameters that follow from the shapes."""
    convert: Callable[[State], State] = lambda state: state
    """Conversions beyond renaming, done before it."""
    padded: bool = True
    """Whether it counts the padding as frames, so that `seq_lens` must be known."""


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
_TENSOR = tuple((f"post_fusion_layer_{layer}.", f"layer_{layer}.") for layer in (1, 2, 3))

LAYOUTS: dict[str, KeyLayout] = {
    "mtfn": KeyLayout(
        "mtfn",
        ("output_range", "post_text_layer_1.weight"),
        (*_SUBNETS, *_SINGLE, *_TENSOR),
        subnet_dims,
        single_sizes(tfn_sizes),
        tfn_contracted,
    ),
    "tfn": KeyLayout(
        "tfn",
        ("output_range", "text_subnet.rnn.weight_ih_l0"),
        (*_SUBNETS, *_TENSOR),
        subnet_dims,
        tfn_sizes,
        tfn_contracted,
    ),
    "mlmf": KeyLayout(
        "mlmf",
        ("text_factor", "post_text_layer_1.weight"),
        (*_SUBNETS, *_SINGLE, *_LOW_RANK),
        subnet_dims,
        single_sizes(lmf_sizes),
        low_rank,
    ),
    "lmf": KeyLayout(
        "lmf",
        ("text_factor", "text_subnet.rnn.weight_ih_l0"),
        (*_SUBNETS, *_LOW_RANK),
        subnet_dims,
        lmf_sizes,
        low_rank,
    ),
    "mlf_dnn": KeyLayout(
        "mlf_dnn",
        ("text_subnet.rnn.weight_ih_l0", "post_text_layer_1.weight", "post_fusion_layer_1.weight"),
        (*_SUBNETS, *_SINGLE, *_HEAD),
        subnet_dims,
        single_sizes(dnn_sizes),
    ),
    "lf_dnn": KeyLayout(
        "lf_dnn",
        ("text_subnet.rnn.weight_ih_l0", "post_fusion_layer_1.weight"),
        (*_SUBNETS, *_HEAD),
        subnet_dims,
        dnn_sizes,
    ),
    "ef_lstm": KeyLayout("ef_lstm", ("lstm.weight_ih_l0", "norm.weight", "out.weight"), (), None, early_sizes),
    "mfn": KeyLayout(
        "mfn",
        ("lstm_l.weight_ih", "att1_fc1.weight", "out_fc1.weight"),
        (
            *((f"lstm_{theirs}.", f"cells.{ours}.") for theirs, ours in _SIDES.items()),
            *((f"{theirs}_", f"{ours}.") for ours, theirs in MEMORY_NETS.items()),
        ),
        memory_dims,
        memory_sizes,
    ),
    "mult": KeyLayout(
        "mult",
        ("trans_l_with_a.layers.0.self_attn.in_proj_weight", "trans_v_mem.layer_norm.weight"),
        (
            *((f"proj_{theirs}.", f"project.{ours}.conv.") for theirs, ours in _SIDES.items()),
            *((f"trans_{a}_with_{b}.", f"cross.{_SIDES[a]}_{_SIDES[b]}.") for a in "lav" for b in "lav" if a != b),
            *((f"trans_{theirs}_mem.", f"memory.{ours}.") for theirs, ours in _SIDES.items()),
        ),
        crossmodal_dims,
        crossmodal_sizes,
        crossmodal_rest,
    ),
    "self_mm": KeyLayout(
        "self_mm",
        ("audio_model.rnn.weight_ih_l0", "post_text_layer_1.weight"),
        (
            ("audio_model.", "audio."),
            ("video_model.", "vision."),
            *((theirs, ours.replace("head.", "fused.", 1)) for theirs, ours in _HEAD),
            *((theirs, ours.replace("single.heads.", "single.", 1)) for theirs, ours in _SINGLE),
        ),
        self_dims,
        self_sizes,
        without_bert,
        padded=False,
    ),
}
"""Layouts with more keys come before those with fewer."""


def renamed(state: Mapping[str, Tensor], layout: KeyLayout) -> State:
    """MMSA's tensors under our names; a key that no prefix fits keeps its name."""
    return {
        _rename(name, layout.renames): torch.as_tensor(value) for name, value in layout.convert(dict(state)).items()
    }


def _rename(name: str, renames: tuple[tuple[str, str], ...]) -> str:
    for theirs, ours in renames:
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def name_in_mmsa(name: str, layout: KeyLayout) -> str:
    """The name in MMSA's file of the tensor `name` of our model."""
    return PREFIX + _rename(name, tuple((ours, theirs) for theirs, ours in layout.renames))
