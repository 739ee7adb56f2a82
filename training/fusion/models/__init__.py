"""The fusion models: one module each, one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from edge.error import EmvasError
from training.fusion.label_generation import LabelGeneration
from training.fusion.losses import GeneratedLabels, MisaObjective, MultiTask, Objective
from training.fusion.models.base import FusionConfig, FusionNet
from training.fusion.models.ef_lstm import EfLstm, EfLstmConfig
from training.fusion.models.lf_dnn import LfDnn, LfDnnConfig
from training.fusion.models.lmf import Lmf, LmfConfig
from training.fusion.models.mfn import Mfn, MfnConfig
from training.fusion.models.misa import Misa, MisaConfig
from training.fusion.models.mlf_dnn import MlfDnn, MlfDnnConfig
from training.fusion.models.mlmf import Mlmf, MlmfConfig
from training.fusion.models.mtfn import Mtfn, MtfnConfig
from training.fusion.models.mtme import Mtme, MtmeConfig
from training.fusion.models.mult import Mult, MultConfig
from training.fusion.models.self_mm import SelfMm, SelfMmConfig
from training.fusion.models.tfn import Tfn, TfnConfig


class FusionError(EmvasError):
    """The fusion model cannot be built; the message names it, the fault and the remedy."""


@dataclass(frozen=True, slots=True)
class FusionSpec:
    """The entry of a model for trainers and exporters."""

    module: type[FusionNet]
    config: type[FusionConfig]
    objective: Callable[[Any], Objective] = lambda config: Objective()
    """Its objective, made from its configuration."""
    multi_task: bool = False
    """Whether it also returns `text_score`, `audio_score` and `vision_score`."""


def _multi_task(config: MtfnConfig | MlfDnnConfig | MlmfConfig) -> Objective:
    return MultiTask(config.fused_weight, config.single_weights)


def _self_supervised(config: SelfMmConfig) -> Objective:
    labels = LabelGeneration(config.label_bound, config.exclude_zero, least_distance=0.0)
    return GeneratedLabels(labels, config.fusion_hidden, config.single_hidden, fused=1.0, single=None)


def _partly_supervised(config: MtmeConfig) -> Objective:
    labels = LabelGeneration(config.label_bound, config.exclude_zero, config.least_distance)
    hidden = config.fusion_hidden, config.single_hidden
    return GeneratedLabels(labels, *hidden, config.fused_weight, config.single_weights)


def _misa(config: MisaConfig) -> Objective:
    return MisaObjective(config.difference_weight, config.similarity_weight, config.reconstruction_weight)


MODELS: dict[str, FusionSpec] = {
    "ef_lstm": FusionSpec(EfLstm, EfLstmConfig),
    "lf_dnn": FusionSpec(LfDnn, LfDnnConfig),
    "tfn": FusionSpec(Tfn, TfnConfig),
    "lmf": FusionSpec(Lmf, LmfConfig),
    "mfn": FusionSpec(Mfn, MfnConfig),
    "mult": FusionSpec(Mult, MultConfig),
    "misa": FusionSpec(Misa, MisaConfig, _misa),
    "self_mm": FusionSpec(SelfMm, SelfMmConfig, _self_supervised, multi_task=True),
    "mtfn": FusionSpec(Mtfn, MtfnConfig, _multi_task, multi_task=True),
    "mlf_dnn": FusionSpec(MlfDnn, MlfDnnConfig, _multi_task, multi_task=True),
    "mlmf": FusionSpec(Mlmf, MlmfConfig, _multi_task, multi_task=True),
    "mtme": FusionSpec(Mtme, MtmeConfig, _partly_supervised, multi_task=True),
}


def spec(name: str) -> FusionSpec:
    """The model of that name; FusionError names the nearest one if it is unknown."""
    if name in MODELS:
        return MODELS[name]
    near = get_close_matches(name, MODELS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(MODELS)}"
    raise FusionError(f"There is no fusion model {name!r}{hint}")


def configure(name: str, config: Mapping[str, Any]) -> FusionConfig:
    """The checked hyperparameters of model `name`; FusionError names the wrong key and the reason."""
    kind = spec(name).config
    try:
        return kind.model_validate(config)
    except ValidationError as error:
        raise FusionError("\n".join(_sentence(name, kind, problem) for problem in error.errors())) from None


def _sentence(name: str, kind: type[FusionConfig], problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return ": ".join(filter(None, (name, key, problem["msg"].removeprefix("Value error, "))))
    near = get_close_matches(key, kind.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(kind.model_fields)}"
    return f"{name} has no hyperparameter {key!r}; {hint}"


def build(name: str, dims: Mapping[str, int], config: Mapping[str, Any]) -> FusionNet:
    """A model with random weights; `dims` holds the feature sizes of text, audio and vision."""
    return spec(name).module(dims, configure(name, config))
