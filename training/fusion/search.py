"""Hyperparameter search on the training and validation splits; it never gets rows of the test split.

A space is a YAML file, `configs/training/search/MODEL.yaml`: a key of the settings (`model.NAME`, `training.NAME`) and
one of `choice: [...]`, `range: [low, high]` (of whole numbers where both are), `log: [low, high]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from training.features.dataset import Features
from training.fusion.data import Rows
from training.fusion.data_checks import fitted
from training.fusion.models import configure
from training.fusion.settings import FusionSettings
from training.fusion.trainer import FusionTrainer, FusionTrainingError, Watch
from training.fusion.training_state import FusionPosition, FusionTask
from training.processes import Place
from training.settings_file import SettingsError, read_yaml

SPACES = Path(__file__).resolve().parents[2] / "configs" / "training" / "search"
SEEN = ("train", "valid")
"""The splits that a search uses."""
_SETTINGS, _IDENTITY = "settings", "identity"
"""Keys of the journal for the settings of a trial, and for the arguments of the search."""


class SearchAxis(BaseModel):
    """The possible values of one setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    choice: list[Any] | None = None
    range: tuple[float, float] | None = None
    log: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one(self) -> SearchAxis:
        given = [value for value in (self.choice, self.range, self.log) if value is not None]
        if len(given) != 1:
            raise ValueError("give one of choice, range, log")
        ends = self.range or self.log
        if self.choice == [] or (ends and not ends[0] < ends[1]) or (self.log and self.log[0] <= 0):
            raise ValueError("give at least one choice, or a low end below the high end, above 0 where it is log")
        return self

    def draw(self, trial: optuna.Trial, name: str) -> Any:
        """A value for this trial."""
        if self.choice is not None:
            return self.choice[trial.suggest_categorical(name, range(len(self.choice)))]
        if self.log is not None:
            return trial.suggest_float(name, *self.log, log=True)
        low, high = self.range  # type: ignore[misc]
        if float(low).is_integer() and float(high).is_integer():
            return trial.suggest_int(name, int(low), int(high))
        return trial.suggest_float(name, low, high)


Space = Mapping[str, SearchAxis]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search."""

    settings: FusionSettings
    error: float
    """Mean absolute error on the validation split, the mean over the seeds."""
    trials: int
    failed: int
    """Trials whose training diverged."""


def read_space(path: Path) -> dict[str, SearchAxis]:
    """Read a space; SettingsError names file and key."""
    content = read_yaml(path)
    if not isinstance(content, dict) or not content:
        raise SettingsError(f"{path}: a space is a list of `training.learning_rate: {{log: [1e-4, 1e-2]}}` lines")
    try:
        return TypeAdapter(dict[str, SearchAxis]).validate_python(content)
    except ValidationError as error:
        faults = [f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError("\n".join(faults)) from error


def search(
    model: str,
    features: Features,
    settings: FusionSettings,
    space: Space,
    trials: int,
    seeds: Sequence[int],
    place: Place,
    journal: Path,
    told: Callable[[int, float], None] = lambda _done, _error: None,
) -> SearchResult:
    """Try `trials` settings, including those in `journal`, and return the best by validation error.

    A trial with early bad results is stopped (median of the others at the same epoch).

    Raises:
        SettingsError: the model has no such name or value of the space, or the journal belongs to another search.
        TrainingError: no trial gave a model, or `features` holds other rows than those of training and validation.
    """
    if unseen := set(features.split) - set(SEEN):
        raise FusionTrainingError(f"A search is shown {' and '.join(SEEN)} alone, not {', '.join(sorted(unseen))}")
    if place.world > 1:
        raise FusionTrainingError(
            "A search tries its settings one after the other in one process: call emvas tune without torchrun"
        )
    settings = fitted(settings, model, features, "the features")
    train, valid = (Rows.of(features.of(split)) for split in SEEN)
    study = _study(model, settings, space, journal, seeds)

    def objective(trial: optuna.Trial) -> float:
        chosen = settings.changed({name: axis.draw(trial, name) for name, axis in space.items()}, "the space")
        configure(model, chosen.model)
        trial.set_user_attr(_SETTINGS, chosen.model_dump(mode="json", exclude_defaults=True))
        errors = []
        for seed in seeds:
            trainer = FusionTrainer(FusionTask(model, chosen, features.dims, {}, "", seed), train, valid, place, None)
            watch = _giving_up(trial) if seed == seeds[0] else _ignore
            errors.append(trainer.run(watch=watch).best_error)
        return sum(errors) / len(errors)

    def after(found: optuna.Study, _trial: optuna.trial.FrozenTrial) -> None:
        told(len(found.trials), _best(found))

    study.optimize(objective, max(0, trials - len(study.trials)), callbacks=[after], catch=(FusionTrainingError,))
    failed = sum(trial.state == optuna.trial.TrialState.FAIL for trial in study.trials)
    if math.isinf(_best(study)):
        raise FusionTrainingError(
            f"None of {len(study.trials)} trials gave a model: lower the learning rates of the space"
        )
    best = FusionSettings.model_validate(study.best_trial.user_attrs[_SETTINGS])
    return SearchResult(best, study.best_value, len(study.trials), failed)


def _study(model: str, settings: FusionSettings, space: Space, journal: Path, seeds: Sequence[int]) -> optuna.Study:
    """The study in `journal`, or a new one; the sampler continues with new random numbers."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(
        storage=storage, study_name="search", pruner=optuna.pruners.MedianPruner(), load_if_exists=True
    )
    plain = {name: axis.model_dump(mode="json") for name, axis in space.items()}
    identity = {"model": model, "base": settings.model_dump(mode="json"), "space": plain, "seeds": list(seeds)}
    if not study.trials:
        study.set_user_attr(_IDENTITY, identity)
    else:
        before = study.user_attrs[_IDENTITY]
        if other := [key for key, value in identity.items() if before[key] != value]:
            raise SettingsError(f"{journal} is of a search with another {', '.join(other)}: choose another --out")
    study.sampler = optuna.samplers.TPESampler(seed=seeds[0] + len(study.trials))
    return study


def _giving_up(trial: optuna.Trial) -> Watch:
    """Reports each epoch of a run to `trial`, and ends the run if the others were better at the same epoch."""

    def watch(position: FusionPosition) -> None:
        if position.batch == 1 and position.history:
            last = position.history[-1]
            trial.report(last["error"], int(last["epoch"]))
            if trial.should_prune():
                raise optuna.TrialPruned

    return watch


def _ignore(_position: FusionPosition) -> None:
    return


def _best(study: optuna.Study) -> float:
    values = [trial.value for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    return min((value for value in values if value is not None), default=math.inf)
