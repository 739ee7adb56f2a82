"""The Python names of the published system, on top of this program; they are also importable from `training`.

    from training import FeatureExtraction, MSA_run, get_config

    config = {"bundle": "build/bundle"}
    FeatureExtraction(config).run_dataset(dataset_dir="CH-SIMS", out_file="feature.pkl", num_workers=4)
    config = get_config("mtme", "sims")
    config["training"]["batch_size"] = 64
    figures = MSA_run("mtme", "sims", config=config, custom_feature="feature.pkl")

Each does what the command does: `emvas features`, `emvas train fusion`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.features.extract import ExtractionRequest, Result, extract
from training.features.mmsa import write_mmsa
from training.fusion.run import train_seeds
from training.fusion.settings import SEEDS, checked, published
from training.processes import place
from training.settings_file import SettingsError, read_yaml

_FEATURE_PATH = "featurePath"
"""MMSA's key for the feature file."""
_EXTRACTION_KEYS = {"bundle", "transcribe", "workers"}
_TOOLS = ("audio", "video", "text")
"""Sections of MMSA-FET's configuration, one per tool."""


class FeatureExtraction:
    """Features of a data set, as the box computes them.

    Args:
        config: a mapping, or a YAML or JSON file of one: `bundle` (folder of the models), and if wanted `transcribe`
        (transcribe, and ignore the text of the table) and `workers` (processes).

    Raises:
        SettingsError: the configuration lacks `bundle` or has another key.
    """

    def __init__(self, config: Mapping[str, Any] | str | Path) -> None:
        content = config if isinstance(config, Mapping) else read_yaml(Path(config))
        keys = set(content) if isinstance(content, Mapping) else set()
        if tools := [f"{name} by {content[name].get('tool', '?')}" for name in _TOOLS if name in keys]:
            raise SettingsError(
                f"{', '.join(tools)}: MMSA-FET's tools are not run here. What is learned must be what the box sees and "
                'hears: FeatureExtraction({"bundle": "build/bundle"}) computes that; features that MMSA-FET made are '
                "trained on as they are, MSA_run(..., custom_feature=FILE.pkl)"
            )
        if "bundle" not in keys or keys - _EXTRACTION_KEYS:
            raise SettingsError(f"FeatureExtraction wants `bundle`, and knows {', '.join(sorted(_EXTRACTION_KEYS))}")
        self.config = dict(content)

    def run_dataset(self, dataset_dir: str | Path, out_file: str | Path, num_workers: int | None = None) -> Result:
        """Compute the features of `dataset_dir` (label.csv, Raw/VIDEO/CLIP.*) and write `out_file`.

        A file that ends in .pkl is MMSA's pickle, with ours (.npz) beside it; run again, it continues where it stopped.
        `num_workers` processes share the work.

        Raises:
            SettingsError: the file ends in neither.
        """
        out = Path(out_file)
        if out.suffix not in (".npz", ".pkl"):
            raise SettingsError(f"{out} must end in .pkl (MMSA's) or .npz (ours)")
        request = ExtractionRequest(
            dataset=Path(dataset_dir),
            bundle=Path(self.config["bundle"]),
            out=out.with_suffix(".npz"),
            transcribe=bool(self.config.get("transcribe", False)),
            workers=num_workers or self.config.get("workers", 1),
        )
        result = extract(request)
        if out.suffix == ".pkl":
            write_mmsa(result.features, out)
        return result


def get_config(model_name: str, dataset_name: str) -> dict[str, Any]:
    """The published settings of a model and data set: `dataset`, `model` and `training`, which you may change.

    Raises: SettingsError: they are unknown; the message lists the known ones.
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
    """Train a model with each seed and evaluate it; return the figures of `emvas train fusion --json`.

    Called again with the same arguments, it continues where it stopped, or evaluates the finished models again.

    Args:
        model_name: a fusion model, such as mtme.
        dataset_name: sims, simsv2, mosi or mosei: whose settings and whose figures.
        config: what `get_config` gave, changed or not; MMSA's key `featurePath` may name the features.
        seeds: one model each.
        custom_feature: the feature file, .npz or MMSA's .pkl; it wins over `featurePath`.
        model_save_dir: the checkpoints go to MODEL-DATASET in it, which must not hold another run.

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
        result = train_seeds(model_name, Path(data), settings, seeds, out, here, resume=True)
    return {} if result is None else result.plain()
