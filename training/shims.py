"""The Python names of the published system, on top of this program; they are also importable from `training`.

    from training import FeatureExtraction, MSA_run, get_config

    FeatureExtraction({"bundle": "build/bundle"}).run_dataset("CH-SIMS", "sims.npz")
    config = get_config("mtme", "sims")
    config["training"]["batch_size"] = 64
    figures = MSA_run("mtme", "sims", config=config, custom_feature="sims.npz")

Each does what the command does: `emvas features`, `emvas train fusion`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.features.extract import Request, Result, extract
from training.fusion.run import train_seeds
from training.fusion.settings import SEEDS, checked, published
from training.processes import place
from training.settings_file import SettingsError, read_yaml

_FEATURE_PATH = "featurePath"
"""MMSA's key for the feature file."""
_EXTRACTION_KEYS = {"bundle", "transcribe", "workers"}


class FeatureExtraction:
    """Features of a data set, as the box computes them.

    Args:
        config: a mapping, or a YAML or JSON file of one: `bundle` (folder of the models), and if wanted `transcribe`
            (hear the words instead of reading the table's) and `workers` (processes).

    Raises:
        SettingsError: the configuration lacks `bundle` or has another key.
    """

    def __init__(self, config: Mapping[str, Any] | str | Path) -> None:
        content = config if isinstance(config, Mapping) else read_yaml(Path(config))
        keys = set(content) if isinstance(content, Mapping) else set()
        if "bundle" not in keys or keys - _EXTRACTION_KEYS:
            raise SettingsError(f"FeatureExtraction wants `bundle`, and knows {', '.join(sorted(_EXTRACTION_KEYS))}")
        self.config = dict(content)

    def run_dataset(self, dataset_dir: str | Path, out_file: str | Path) -> Result:
        """Compute the features of `dataset_dir` (label.csv, Raw/VIDEO/CLIP.*) and write `out_file` (.npz)."""
        request = Request(
            dataset=Path(dataset_dir),
            bundle=Path(self.config["bundle"]),
            out=Path(out_file),
            transcribe=bool(self.config.get("transcribe", False)),
            workers=self.config.get("workers", 1),
        )
        return extract(request)


def get_config(model_name: str, dataset_name: str) -> dict[str, Any]:
    """The published settings of a model and data set: `dataset`, `model` and `training`, to be changed at will.

    Raises:
        SettingsError: there are none; the message says which there are.
    """
    return published(model_name, dataset_name.lower()).model_dump(mode="json")


def MSA_run(  # noqa: N802 (the published name)
    model_name: str,
    dataset_name: str,
    config: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = SEEDS,
    custom_feature: str | Path | None = None,
    model_save_dir: str | Path = "runs",
) -> dict[str, Any]:
    """Train a model with each seed and judge it; the figures as `emvas train fusion --json` prints them.

    Args:
        model_name: a fusion model, such as mtme.
        dataset_name: sims, simsv2, mosi or mosei: whose settings and whose figures.
        config: what `get_config` gave, changed or not; MMSA's key `featurePath` may name the features.
        seeds: one model each.
        custom_feature: the feature file, .npz or MMSA's .pkl; it wins over `featurePath`.
        model_save_dir: the checkpoints go to MODEL-DATASET in it, which must not hold a run yet.

    Raises:
        EmvasError: no features are named, or something cannot be used.
    """
    content = copy.deepcopy(dict(get_config(model_name, dataset_name) if config is None else config))
    data = custom_feature or content.pop(_FEATURE_PATH, None)
    content.pop(_FEATURE_PATH, None)
    if data is None:
        raise SettingsError(f"MSA_run needs features: custom_feature=FILE, or config[{_FEATURE_PATH!r}] = FILE")
    settings = checked({**content, "dataset": dataset_name.lower()}, "config")
    out = Path(model_save_dir) / f"{model_name}-{dataset_name.lower()}"
    with place() as here:
        result = train_seeds(model_name, Path(data), settings, seeds, out, here)
    return {} if result is None else result.plain()
