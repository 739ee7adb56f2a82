"""Samples of different lengths in one file, and files of several machines in one."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from training.features.assemble import Sample, assemble, merge
from training.features.dataset import Features, FeaturesError

WIDTHS = {"text": 4, "audio": 3, "vision": 2}
META = {"features": {"version": 1}, "roles": {}, "words": "given", "shard": "1/2"}


def sample(name: str, length: int, audio: bool = True, split: str = "train") -> Sample:
    rng = np.random.default_rng(length)
    rows = {key: rng.normal(size=(length, width)).astype(np.float32) for key, width in WIDTHS.items()}
    return Sample(name, split, "好", (0.2, math.nan, 0.0, 1.0), {**rows, "audio": rows["audio"] if audio else None})


def part(*samples: Sample) -> Features:
    return assemble(samples, WIDTHS, META)


def test_short_samples_are_padded_with_zeros_and_absent_ones_are_all_zero() -> None:
    features = part(sample("a", 2), sample("b", 5, audio=False))
    assert features.text.shape == (2, 5, 4) and features.audio.shape == (2, 2, 3)
    assert features.text_length.tolist() == [2, 5] and features.audio_length.tolist() == [2, 0]
    assert features.presence.tolist() == [[1, 1, 1], [1, 0, 1]]
    assert not features.text[0, 2:].any() and not features.audio[1].any()
    assert np.isnan(features.label_T).all() and features.label_V.tolist() == [1, 1]


def test_parts_of_a_data_set_become_the_whole() -> None:
    samples = [sample(name, length) for name, length in (("a", 2), ("b", 5), ("c", 3), ("d", 1))]
    whole = part(*samples)
    merged = merge({"1.npz": part(*samples[:2]), "2.npz": part(*samples[2:])})
    assert "shard" not in merged.meta
    for field in dataclasses.fields(Features):
        if field.name != "meta":
            np.testing.assert_array_equal(getattr(merged, field.name), getattr(whole, field.name), err_msg=field.name)


def test_what_is_of_another_kind_or_there_already_is_refused() -> None:
    one, two = part(sample("a", 2)), part(sample("b", 2))
    other = dataclasses.replace(two, meta={**META, "features": {"version": 2}})
    with pytest.raises(FeaturesError, match=r"y\.npz and x\.npz hold different features"):
        merge({"x.npz": one, "y.npz": other})
    with pytest.raises(FeaturesError, match=r"y\.npz: a is in x\.npz already"):
        merge({"x.npz": one, "y.npz": one})
