"""Utterances put together from singles: their labels, their splits, and what both methods are judged by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.affect.feature_schema import TABLES, description
from edge.affect.fusion import MODALITIES, RELIABILITY, ModalityScore
from training.features.dataset import Features, FeaturesError
from training.fusion.evaluate import CONDITIONS
from training.starter.combined_utterances import Pair, draw, features
from training.starter.compare import compare, figures
from training.starter.sentences import corpora
from training.starter.single_modality import SingleModalitySample, Split, sign_of, splits


def single(name: str, split: Split, label: float) -> SingleModalitySample:
    modality = next(known for known in MODALITIES if name.startswith(known))
    rows = np.full((3, TABLES[modality].width), label, np.float32)
    return SingleModalitySample(
        name, split, label, rows, ModalityScore(label / 2), "said" if modality == "text" else ""
    )


@pytest.fixture
def singles() -> dict[str, list[SingleModalitySample]]:
    return {
        name: [
            single(f"{name}-{split}-{label}", split, label)
            for split in ("train", "valid", "test")
            for label in (-0.7, 0.0, 0.7)
        ]
        for name in MODALITIES
    }


def test_a_pair_stays_in_its_split_and_most_agree(singles):
    pairs = draw(singles, 400, "test", np.random.default_rng(0))
    assert all(part.split == "test" for pair in pairs for part in pair.parts.values())
    agreed = [pair for pair in pairs if pair.agreed]
    assert 0.7 < len(agreed) / len(pairs) < 0.8
    assert all(len({part.sign for part in pair.parts.values()}) == 1 for pair in agreed)
    opposed = {tuple(part.sign for part in pair.parts.values()) for pair in pairs if not pair.agreed}
    assert len(opposed) > 20, "of 27"


def test_the_label_weighs_disagreeing_parts_as_late_fusion_does():
    pair = Pair({name: single(name, "train", 0.7 if name == "text" else -0.7) for name in MODALITIES}, False)
    weights = {name: r**2 / (1 - r**2) for name, r in RELIABILITY.items()}
    expected = 0.7 * (weights["text"] - weights["audio"] - weights["vision"]) / sum(weights.values())
    assert pair.label == pytest.approx(expected)
    assert pair.late(("audio",)) == pytest.approx(-0.35)


def test_pairs_become_a_feature_file_with_the_labels_of_the_parts(singles, tmp_path: Path):
    rng = np.random.default_rng(1)
    drawn = {split: draw(singles, 5, split, rng) for split in ("train", "valid", "test")}
    features(drawn, "made up").save(tmp_path / "f.npz")
    read = Features.load(tmp_path / "f.npz")
    assert len(read) == 15 and read.meta["features"] == description() and read.presence.all()
    assert read.of("valid").label_A.tolist() == pytest.approx([pair.parts["audio"].label for pair in drawn["valid"]])
    assert set(read.raw_text) == {"said"}


def test_the_methods_are_judged_on_the_same_utterances(singles):
    held_out, tuning = (draw(singles, 200, split, np.random.default_rng(2)) for split in ("test", "valid"))
    labels = np.array([pair.label for pair in held_out])
    found = compare(lambda shown: labels, held_out, tuning)
    assert set(found["all"]) == set(found["agreed"]) == set(CONDITIONS)
    everything = found["all"]["all"]
    assert everything["trained"] == {"sign_accuracy": 1.0, "mae": 0.0, "correlation": 1.0}
    assert everything["late"]["correlation"] == 1.0 and everything["late"]["mae"] > 0.1
    assert everything["late scaled"]["mae"] == pytest.approx(0, abs=1e-3), "evidence is half of the label"


def test_neutral_utterances_have_no_sign_to_be_right_about():
    told = figures(np.array([0.3, -0.3, 0.9]), np.array([0.5, 0.5, 0.0]))
    assert told["sign_accuracy"] == 0.5 and [sign_of(score) for score in (0.09, -0.1, 0.1)] == [0, -1, 1]


def test_things_are_split_once_in_fixed_shares():
    parts = splits(200, np.random.default_rng(0))
    assert [parts.count(part) for part in ("train", "valid", "test")] == [140, 20, 40]


def test_missing_corpora_are_told_with_what_brings_them(tmp_path: Path):
    with pytest.raises(FeaturesError, match=r"holds no hutto_ICWSM_2014\.tar\.gz .*emvas bundle build"):
        corpora(tmp_path)
