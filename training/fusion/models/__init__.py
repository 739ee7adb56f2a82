"""The fusion models: one module each, one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from edge.error import EmvasError
from training.fusion.losses import Objective
from training.fusion.models.base import FusionConfig, FusionModel
from training.fusion.models.lf_dnn import LfDnn, LfDnnConfig
from training.fusion.models.tfn import Tfn, TfnConfig


class FusionError(EmvasError):
    """A fusion model that cannot be built; the message says which, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class FusionSpec:
    """All that a trainer or an exporter asks about a model."""

    module: type[FusionModel]
    config: type[FusionConfig]
    objective: Callable[[Any], Objective] = lambda _config: Objective()
    """What it is trained for, made from its configuration."""
    multi_task: bool = False
    """Whether it also returns `text_score`, `audio_score` and `vision_score`."""


MODELS: dict[str, FusionSpec] = {
    "lf_dnn": FusionSpec(LfDnn, LfDnnConfig),
    "tfn": FusionSpec(Tfn, TfnConfig),
}


def spec(name: str) -> FusionSpec:
    """The model of that name; FusionError names the nearest when there is none."""
    if name in MODELS:
        return MODELS[name]
    near = get_close_matches(name, MODELS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(MODELS)}"
    raise FusionError(f"There is no fusion model {name!r}{hint}")


def configure(name: str, config: Mapping[str, Any]) -> FusionConfig:
    """The checked hyperparameters of model `name`; FusionError says which key is wrong and why."""
    kind = spec(name).config
    try:
        return kind.model_validate(config)
    except ValidationError as error:
        raise FusionError("\n".join(_sentence(name, kind, problem) for problem in error.errors())) from None


def _sentence(name: str, kind: type[FusionConfig], problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{name}: {key}: {problem['msg']}"
    near = get_close_matches(key, kind.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(kind.model_fields)}"
    return f"{name} has no hyperparameter {key!r}; {hint}"


def build(name: str, dims: Mapping[str, int], config: Mapping[str, Any]) -> FusionModel:
    """A model with random weights; `dims` holds the feature sizes of text, audio and vision."""
    return spec(name).module(dims, configure(name, config))
