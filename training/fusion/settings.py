"""Settings of a fusion model's training: one YAML file, `configs/training/fusion/MODEL-DATASET.yaml`, three keys.

- `dataset`: whose figures are computed, a key of `training.fusion.metrics.METRICS`; - `model`: hyperparameters, checked
by the model's own `FusionConfig`; - `training`: optimization, checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.settings_file import SettingsError, read_yaml

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training" / "fusion"
SEEDS = (1111, 1112, 1113, 1114, 1115)
"""Seeds of MMSA (`MMSA_run`); further ones continue from there."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParameterGroup(_Part):
    """A group of parameters with its own learning rate and decay."""

    parameters: str = Field(description="pattern of parameter names such as subnets.text.*; it must match some")
    learning_rate: float | None = Field(None, gt=0)
    weight_decay: float | None = Field(None, ge=0)


class FusionTraining(_Part):
    """Optimization: Adam, early stopping on the mean absolute error of the validation split."""

    batch_size: int = Field(32, ge=2, description="samples a batch over all processes together")
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty as Adam counts it")
    groups: tuple[ParameterGroup, ...] = Field((), description="the first that matches a parameter's name holds for it")
    epochs: int = Field(200, ge=1, description="at most")
    early_stop: int = Field(8, ge=1, description="epochs without a better validation error, after which it ends")
    clip_value: float | None = Field(
        None, gt=0, description="the sum of gradients is cut off at plus and minus this, after each batch"
    )
    update_batches: int = Field(1, ge=1, description="batches whose gradients are added up, not averaged, for one step")
    plateau_epochs: int | None = Field(
        None, ge=0, description="epochs without a better validation error, after which rates fall to a tenth"
    )
    save_batches: int | None = Field(None, ge=1, description="batches after which the state is saved inside an epoch")


class FusionSettings(_Part):
    """The whole file."""

    dataset: Literal["sims", "simsv2", "mosi", "mosei"] = "sims"
    model: dict[str, Any] = Field({}, description="hyperparameters of the model")
    training: FusionTraining = FusionTraining()

    def changed(self, values: Mapping[str, Any], where: str = "settings") -> FusionSettings:
        """These settings with other values, by dotted names such as `training.batch_size` and `model.hidden`.

        Raises:
            SettingsError: a name has no such section, or a value is not allowed.
        """
        content = self.model_dump(mode="json")
        for name, value in values.items():
            section, _, key = name.partition(".")
            if section not in ("model", "training") or not key:
                raise SettingsError(f"{where}: {name!r} is not model.NAME or training.NAME")
            content[section][key] = value
        return checked(content, where)

    def write(self, path: Path) -> None:
        """Write the file atomically."""
        part = path.with_name(f".{path.name}.part")
        content = {"dataset": self.dataset, **self.model_dump(mode="json", exclude_defaults=True)}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def published(model: str, dataset: str) -> FusionSettings:
    """The settings that came with this program for a model and data set; SettingsError lists the known ones."""
    path = CONFIGS / f"{model}-{dataset}.yaml"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.yaml"))) or "none"
        raise SettingsError(f"There are no settings for {model} on {dataset}; there are {there}")
    return read(path)


def read(path: Path) -> FusionSettings:
    """Read and check a file; SettingsError names key and fault."""
    return checked(read_yaml(path), str(path))


def checked(content: Any, where: str) -> FusionSettings:
    """Settings from plain data; `where` names them in messages."""
    try:
        return FusionSettings.model_validate(content)
    except ValidationError as error:
        faults = [f"{where}: {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError("\n".join(faults)) from error
