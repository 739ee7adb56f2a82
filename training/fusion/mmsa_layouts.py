"""How MMSA 2.x names the parameters of each model, and what their shapes tell of its hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from training.fusion.layers.heads import MODALITIES
from training.fusion.layers.tensor_fusion import contracted
from training.fusion.models import FusionError

State = Mapping[str, Tensor]

Told = tuple[dict[str, int], dict[str, Any]]
"""Feature sizes and hyperparameters."""

HEAD_SIZE = 5
"""Size of an attention head in all three published configurations of mult."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model's parameters are called there, and how its hyperparameters follow from their shapes."""

    names: tuple[tuple[str, str], ...]
    """Regular expressions of names there and their replacement here; a name that fits none stays."""
    shapes: Callable[[State, Mapping[str, Any]], Told]
    """Feature sizes and hyperparameters from the state there and the options."""
    values: Callable[[str, Tensor, Mapping[str, int], Mapping[str, Any]], Tensor | None] = lambda name, value, *_: value
    """The form here of a parameter, by its name here, feature sizes and hyperparameters; None: it has no place here."""
    ignored: str = r"text_model\."
    """Names there that have no place here."""


_SUBNETS = (
    (r"text_subnet\.", "subnets.text."),
    (r"audio_subnet\.", "subnets.audio."),
    (r"video_subnet\.", "subnets.vision."),
)


def _subnets(state: State) -> Told:
    dims = {
        "text": state["text_subnet.rnn.weight_ih_l0"].shape[1],
        "audio": state["audio_subnet.linear_1.weight"].shape[1],
        "vision": state["video_subnet.linear_1.weight"].shape[1],
    }
    hidden = [
        state["text_subnet.rnn.weight_hh_l0"].shape[1],
        state["audio_subnet.linear_1.weight"].shape[0],
        state["video_subnet.linear_1.weight"].shape[0],
    ]
    return dims, {"hidden": hidden}


def _late(state: State, _options: Mapping[str, Any]) -> Told:
    dims, config = _subnets(state)
    text_out = state["text_subnet.linear_1.weight"].shape[0]
    return dims, {**config, "text_out": text_out, "fusion_hidden": state["post_fusion_layer_2.weight"].shape[0]}


def _tensor(state: State, options: Mapping[str, Any]) -> Told:
    dims, config = _late(state, options)
    low, width = float(state["output_shift"]), float(state["output_range"])
    return dims, {**config, "output_range": [low, low + width]}


def _tensor_value(name: str, value: Tensor, _dims: Mapping[str, int], config: Mapping[str, Any]) -> Tensor:
    return contracted(value, config["text_out"]) if name == "layer_1.weight" else value


def _low_rank(state: State, _options: Mapping[str, Any]) -> Told:
    dims, config = _subnets(state)
    return dims, {**config, "rank": state["fusion_weights"].shape[1]}


def _low_rank_value(name: str, value: Tensor, *_: Any) -> Tensor:
    if name.startswith("fusion.factors."):
        return value.squeeze(2)
    return value.view(1) if name == "fusion.bias" else value


def _early(state: State, options: Mapping[str, Any]) -> Told:
    total = state["lstm.weight_ih_l0"].shape[1]
    dims = options.get("dims")
    if dims is None or sum(dims.values()) != total:
        raise FusionError(
            f"A checkpoint of ef_lstm holds only the sum of the feature sizes, {total}; "
            f"give `dims`, sizes of text, audio and vision with that sum"
        )
    layers = sum(key.startswith("lstm.weight_ih_l") for key in state)
    config = {"steps": state["norm.weight"].shape[0], "hidden": state["linear.weight"].shape[0], "layers": layers}
    return dict(dims), {**config, "alignment": "interleave" if "padded_to" in options else "spread"}


def _memory(state: State, options: Mapping[str, Any]) -> Told:
    if "steps" not in options:
        raise FusionError("A checkpoint of mfn does not tell its steps; give `steps`, as 39 for CH-SIMS or 50 for MOSI")
    cells = [state[f"lstm_{letter}.weight_ih"] for letter in "lav"]
    parts = {"attention": "att1", "proposal": "att2", "retain": "gamma1", "update": "gamma2", "out": "out"}
    config = {f"{ours}_hidden": state[f"{theirs}_fc1.weight"].shape[0] for ours, theirs in parts.items()}
    return {name: cell.shape[1] for name, cell in zip(MODALITIES, cells, strict=True)}, {
        **config,
        "steps": options["steps"],
        "hidden": [cell.shape[0] // 4 for cell in cells],
        "memory": state["att2_fc2.weight"].shape[0],
        "alignment": "mean" if "padded_to" in options else "spread",
    }


def _crossmodal(state: State, options: Mapping[str, Any]) -> Told:
    projections = [state[f"proj_{letter}.weight"] for letter in "lav"]
    size = projections[0].shape[0]
    layers = len({key.split(".")[2] for key in state if key.startswith("trans_l_with_a.layers.")})
    return {name: weight.shape[1] for name, weight in zip(MODALITIES, projections, strict=True)}, {
        "size": size,
        "heads": options.get("heads", max(size // HEAD_SIZE, 1)),
        "layers": layers,
        "kernels": [weight.shape[2] for weight in projections],
    }


def _self_supervised(state: State, _options: Mapping[str, Any]) -> Told:
    rnns = [state[f"{name}_model.rnn.weight_ih_l0"] for name in ("audio", "video")]
    dims = {"text": state["post_text_layer_1.weight"].shape[1], "audio": rnns[0].shape[1], "vision": rnns[1].shape[1]}
    return dims, {
        "lstm_hidden": [rnn.shape[0] // 4 for rnn in rnns],
        "lstm_out": [state[f"{name}_model.linear_1.weight"].shape[0] for name in ("audio", "video")],
        "fusion_hidden": state["post_fusion_layer_1.weight"].shape[0],
        "single_hidden": [state[f"post_{name}_layer_1.weight"].shape[0] for name in ("text", "audio", "video")],
    }


def _crossmodal_value(name: str, value: Tensor, dims: Mapping[str, int], config: Mapping[str, Any]) -> Tensor | None:
    unused = {f"project.{modality}.conv.weight" for modality, size in dims.items() if size == config["size"]}
    return None if name in unused else value


_NAMES = {"text": "text", "audio": "audio", "video": "vision"}
_LETTERS = {"l": "text", "a": "audio", "v": "vision"}

LAYOUTS: dict[str, Layout] = {
    "tfn": Layout((*_SUBNETS, ("post_fusion_layer_", "layer_")), _tensor, _tensor_value, r"output_(range|shift)$"),
    "lmf": Layout(
        (
            *_SUBNETS,
            *((f"{theirs}_factor", f"fusion.factors.{ours}") for theirs, ours in _NAMES.items()),
            ("fusion_", "fusion."),
        ),
        _low_rank,
        _low_rank_value,
    ),
    "lf_dnn": Layout((*_SUBNETS, ("post_fusion_layer_", "head.layer_")), _late),
    "ef_lstm": Layout((), _early),
    "mfn": Layout(
        (
            *((f"lstm_{letter}\\.", f"cells.{name}.") for letter, name in _LETTERS.items()),
            ("att1_", "attention."),
            ("att2_", "proposal."),
            ("gamma1_", "retain."),
            ("gamma2_", "update."),
            ("out_", "out."),
        ),
        _memory,
    ),
    "mult": Layout(
        (
            *((f"proj_{letter}\\.", f"project.{name}.conv.") for letter, name in _LETTERS.items()),
            *((f"trans_{letter}_mem\\.", f"memory.{name}.") for letter, name in _LETTERS.items()),
            *(
                (f"trans_{one}_with_{other}\\.", f"cross.{_LETTERS[one]}_{_LETTERS[other]}.")
                for one in _LETTERS
                for other in _LETTERS
                if one != other
            ),
        ),
        _crossmodal,
        _crossmodal_value,
        r"text_model\.|.*\.version$",
    ),
    "self_mm": Layout(
        (
            ("audio_model\\.", "audio."),
            ("video_model\\.", "vision."),
            ("post_fusion_layer_", "fused.layer_"),
            *((f"post_{theirs}_layer_", f"single.{ours}.layer_") for theirs, ours in _NAMES.items()),
        ),
        _self_supervised,
    ),
}
"""The models of MMSA whose weights can be read."""
