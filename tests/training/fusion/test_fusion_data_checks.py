"""Features and settings that do not belong together are told before anything is trained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.affect.feature_schema import description
from training.features.dataset import Features
from training.fusion.data_checks import fitted
from training.fusion.models import FusionError
from training.fusion.search import SEEN, search
from training.fusion.settings import FusionSettings
from training.fusion.trainer import FusionTrainingError
from training.processes import Place
from training.synthetic_features import trimodal

BOX = {"features": description()}
MMSA = {"origin": "MMSA pickle unaligned_39.pkl"}


def features(meta: dict[str, object], scale: float = 1.0) -> Features:
    made = trimodal((6, 4, 4))
    return replace(made, meta=meta, label=made.label * scale)


@pytest.mark.parametrize("model", ["mtme", "self_mm"])
@pytest.mark.parametrize(("meta", "pooling"), [(BOX, "mean"), (MMSA, "first")])
def test_the_feature_file_decides_how_words_are_pooled(model: str, meta: dict[str, object], pooling: str) -> None:
    assert fitted(FusionSettings(), model, features(meta), "f.npz").model["pooling"] == pooling


def test_a_pooling_that_is_not_that_of_the_columns_is_refused_and_one_that_may_be_is_kept() -> None:
    first = FusionSettings(model={"pooling": "first"})
    with pytest.raises(FusionError, match=r"f\.npz holds the box's own columns.* must be mean, not first"):
        fitted(first, "mtme", features(BOX), "f.npz")
    mean = FusionSettings(model={"pooling": "mean"})
    assert fitted(mean, "mtme", features(MMSA), "f.pkl") == mean


def test_a_model_without_pooling_and_columns_of_unknown_origin_are_left_as_they_are() -> None:
    assert fitted(FusionSettings(), "tfn", features(BOX), "f") == FusionSettings()
    assert fitted(FusionSettings(), "mtme", features({}), "f") == FusionSettings()


@pytest.mark.parametrize(("dataset", "scale"), [("sims", 3.0), ("simsv2", 1.5), ("mosi", 4.0), ("mosei", 4.0)])
def test_labels_outside_of_the_scale_of_the_data_set_are_refused(dataset: str, scale: float) -> None:
    settings = FusionSettings(dataset=dataset)  # type: ignore[arg-type]
    with pytest.raises(FusionError, match=rf"rows lie outside of .*, the scale of {dataset}"):
        far = features({}, scale)
        fitted(settings, "tfn", replace(far, label=far.label.clip(-scale, scale) + scale / 2), "f")
    fitted(settings, "tfn", features({}), "f")


def test_a_search_of_several_processes_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    made = trimodal((6, 4, 4))
    seen = made.select([split in SEEN for split in made.split])
    place = Place(device="cpu", rank=0, world=2)  # type: ignore[arg-type]
    with pytest.raises(FusionTrainingError, match="without torchrun"):
        search("tfn", seen, FusionSettings(), {}, 1, [1], place, tmp_path / "journal.log")
