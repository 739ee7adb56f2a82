"""Fusion models that MMSA trained (v2.2.1): its weights in our modules, with its treatment of the padding.

MMSA pads every sample to the longest of its data set and lets most models count the padding as frames: means run over
all of it, LSTMs and attention read it. The graph does the same for every input, so that its results equal those of the
original.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from edge.affect.fusion import MODALITIES
from export.checkpoint import load_state, read_checkpoint, sources_of, state_of
from export.export_job import ExportJob
from export.exporters import OptionError
from export.exporters.fusion import Trained, fusion_job
from export.exporters.mmsa_layout import LAYOUTS, PREFIX, KeyLayout, name_in_mmsa, renamed
from export.exporters.options import number, sizes, truth
from export.role_build import BuildError
from training.fusion.data import read_features
from training.fusion.layers.stream import Stream
from training.fusion.models import FusionError
from training.fusion.models import build as build_model
from training.fusion.models.base import FusionNet
from training.fusion.models.mfn import Mfn

_UNKNOWN = (0, 0, 0)


class _NormalizedMfn(Mfn):
    """MFN in every configuration of MMSA: with `need_normalized`, so audio and vision are one mean at every step."""

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        return super().fuse(text, _constant(audio), _constant(vision))


def _constant(stream: Stream) -> Stream:
    return stream._replace(values=stream.mean().unsqueeze(1).expand_as(stream.values))


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read a state_dict that MMSA saved; options give what the weights do not show."""
    trained = read_mmsa_model(checkpoint, options)
    frames = trained.model.config.padded_to
    if frames is not None and "most_frames" not in options:
        options = {**options, "most_frames": ",".join(str(size) for size in frames)}
    return fusion_job(trained, options)


def read_mmsa_model(checkpoint: Path, options: Mapping[str, str]) -> Trained:
    """The model with MMSA's weights.

    Raises:
        BuildError: it is not a state_dict of MMSA, the model cannot be exported, or keys are missing or unexpected.
        OptionError: an option that the weights do not show is missing.
    """
    stored = state_of(checkpoint, read_checkpoint(checkpoint))
    state = {name.removeprefix(PREFIX): value for name, value in stored.items()}
    name, layout = _layout(checkpoint, state)
    try:
        lengths, dims = _sizes(checkpoint, name, layout, state, options)
        config = {**layout.configuration(state), **_stated(name, options)}
        ours = renamed(state, layout)
    except KeyError as error:
        raise BuildError(
            f"{checkpoint} does not fit MMSA's {name}: it lacks {PREFIX}{error.args[0]}; save the whole state_dict"
        ) from error
    except (IndexError, RuntimeError, TypeError, ValueError) as error:  # a tensor has other axes than the model's
        raise BuildError(
            f"{checkpoint} does not fit MMSA's {name}: the shapes of its weights do not belong together ({error}); "
            "it is damaged or of another version"
        ) from error
    if layout.padded:
        config["padded_to"] = list(lengths)
    if layout.ours == "mfn":
        config["steps"] = lengths[0]  # its alignment takes the text's length
    model = _module(checkpoint, layout.ours, dict(zip(MODALITIES, dims, strict=True)), config)
    load_state(model, ours, checkpoint, f"MMSA's {name}", lambda key: name_in_mmsa(key, layout))
    notes = ["text is the output of the text encoder that was trained along, which is not in this graph"]
    return Trained(
        model=model.eval(),
        name=name,
        features={"origin": "MMSA", "seq_lens": list(lengths) if layout.padded else None},
        sources=sources_of(checkpoint, options.get("licence", "not stated"), "trained with MMSA"),
        not_checked=notes if name == "self_mm" else [],
    )


def _layout(checkpoint: Path, state: Mapping[str, Tensor]) -> tuple[str, KeyLayout]:
    for name, layout in LAYOUTS.items():
        if all(key in state for key in layout.signature):
            return name, layout
    first = next(iter(state))
    raise BuildError(
        f"{checkpoint} is no model of MMSA that can be exported ({', '.join(LAYOUTS)}): its first tensor is {first}"
    )


def _sizes(
    checkpoint: Path, name: str, layout: KeyLayout, state: dict[str, Tensor], options: Mapping[str, str]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Frames and columns of text, audio and vision, from the feature file, the options and the weights."""
    lengths, dims = sizes(options, "seq_lens", _UNKNOWN), sizes(options, "dims", _UNKNOWN)
    if "features" in options:
        features = read_features(Path(options["features"]), ())
        text, audio, vision = (getattr(features, side).shape for side in MODALITIES)
        lengths, dims = (text[1], audio[1], vision[1]), (text[2], audio[2], vision[2])
    if layout.padded and lengths == _UNKNOWN:
        raise OptionError(
            f"{checkpoint}: MMSA's {name} counts padding as frames, so the length that it was padded to must be known: "
            "--set seq_lens=TEXT,AUDIO,VISION (39,400,55 for CH-SIMS) or --set features=FILE.pkl"
        )
    if layout.dims is None:
        return lengths, _joined(checkpoint, name, state, dims)
    found = layout.dims(state)
    if dims not in (_UNKNOWN, found):
        raise BuildError(
            f"{checkpoint} was trained on features of {_triple(found)} columns, {_triple(dims)} are given: "
            "take the feature file that it was trained with"
        )
    return lengths, found


def _joined(
    checkpoint: Path, name: str, state: Mapping[str, Tensor], dims: tuple[int, int, int]
) -> tuple[int, int, int]:
    total = state["lstm.weight_ih_l0"].shape[1]
    if dims == _UNKNOWN:
        raise OptionError(
            f"{checkpoint}: MMSA's {name} joins its {total} columns, so it must be known which are whose: "
            "--set dims=TEXT,AUDIO,VISION (768,33,709 for CH-SIMS) or --set features=FILE.pkl"
        )
    if sum(dims) != total:
        raise BuildError(f"{checkpoint} was trained on {total} columns in all, {_triple(dims)} make {sum(dims)}")
    return dims


def _triple(values: tuple[int, int, int]) -> str:
    return ", ".join(f"{side} {value}" for side, value in zip(MODALITIES, values, strict=True))


def _stated(name: str, options: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters that do not follow from a shape."""
    if name != "mult":
        return {}
    if "num_heads" not in options:
        raise OptionError(
            "MMSA's mult: the weights do not tell the number of attention heads: --set num_heads=N, "
            "the second of dst_feature_dim_nheads (10 for CH-SIMS)"
        )
    return {"heads": int(number(options, "num_heads", 1)), "causal": truth(options, "attn_mask", default=True)}


def _module(checkpoint: Path, ours: str, dims: Mapping[str, int], config: Mapping[str, Any]) -> FusionNet:
    try:
        model = build_model(ours, dims, config)
    except FusionError as error:
        raise BuildError(f"{checkpoint} does not fit MMSA's {ours}: {error}") from error
    return _NormalizedMfn(dims, model.config) if isinstance(model, Mfn) else model
