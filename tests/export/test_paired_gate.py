"""Recognizers are compared on the same utterances: what chance may hide keeps a variant out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import SupportsFloat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_net import residual_cnn

from edge.bundle.session import Session
from export.export_job import EvaluationTask
from export.gate import build_variants
from export.gate.admission import Judge
from export.gate.margins import Margins
from export.gate.paired import LEAST_UTTERANCES, ErrorCounts, paired_difference
from export.gate.variant_files import Candidate
from export.sample_speech import SpokenSample, recognition_task

LENGTH = 15


def counts(edits: Sequence[int]) -> ErrorCounts:
    return ErrorCounts([int(count) for count in edits], [LENGTH] * len(edits))


@given(st.lists(st.integers(0, LENGTH), min_size=1, max_size=40))
def test_a_system_is_as_good_as_itself(edits: list[int]) -> None:
    found = paired_difference(counts(edits), counts(edits))
    assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)), min_size=2, max_size=40))
def test_turned_round_it_is_the_opposite(pairs: list[tuple[int, int]]) -> None:
    one, other = (counts(side) for side in zip(*pairs, strict=True))
    there, back = paired_difference(one, other), paired_difference(other, one)
    assert there.low <= there.estimate + 1e-12 and there.estimate <= there.high + 1e-12
    assert there.estimate == pytest.approx(-back.estimate) and there.high == pytest.approx(-back.low, abs=1e-9)
    assert there.estimate == pytest.approx(float(one) - float(other))


def test_what_is_hard_for_both_does_not_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    hard = rng.integers(0, 12, 300)
    found = paired_difference(counts(hard + (np.arange(300) % 30 == 0)), counts(hard))
    apart = np.quantile(rng.choice(hard, (2000, 300)).mean(axis=1) / LENGTH, (0.025, 0.975))
    assert found.high - found.low < 0.15 * (apart[1] - apart[0])


def test_other_utterances_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same utterances"):
        paired_difference(ErrorCounts([1], [3]), ErrorCounts([1], [4]))


def judged(tmp_path: Path, exact: SupportsFloat, other: SupportsFloat) -> tuple[str, dict[str, object]]:
    """What the gate says of a variant that makes the mistakes `other`."""
    found = iter((exact, other))

    def score(sessions: Mapping[str, Session]) -> SupportsFloat:
        assert sessions
        return next(found)

    net = residual_cnn(tmp_path / "net.onnx")
    probes = {"model": [{"x": np.zeros((1, 8, 12, 12), np.float32)}]}
    task = EvaluationTask("character error rate", "1", "lower", 0.01, score, LEAST_UTTERANCES, "made up")
    judge = Judge({"model": net}, probes, task, Margins())
    trial = judge.judge("fp16", Candidate({"model": net}))
    return trial.wrong, judge.task_figures(trial.score)["task"]


def test_a_variant_that_may_be_worse_than_the_tolerance_stays_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(1, 4, LEAST_UTTERANCES)
    noisy = base + rng.integers(-1, 2, LEAST_UTTERANCES) * (np.arange(LEAST_UTTERANCES) % 2) * 3
    noisy += round(0.005 * LENGTH * LEAST_UTTERANCES - (noisy - base).sum()) * (np.arange(LEAST_UTTERANCES) == 0)
    wrong, figures = judged(tmp_path, counts(base), counts(noisy))
    assert float(counts(noisy)) - float(counts(base)) < 0.01, "its figure alone is within the tolerance"
    assert "may be worse by" in wrong and figures["worse_than_fp32"]["high"] > 0.01


def test_one_that_is_surely_as_good_gets_in_with_its_interval(tmp_path: Path) -> None:
    base = np.random.default_rng(0).integers(1, 4, LEAST_UTTERANCES)
    wrong, figures = judged(tmp_path, counts(base), counts(base + (np.arange(LEAST_UTTERANCES) % 50 == 0)))
    assert wrong == "" and 0 < figures["worse_than_fp32"]["estimate"] <= figures["worse_than_fp32"]["high"] <= 0.01


def test_a_list_that_is_too_short_judges_nothing(tmp_path: Path) -> None:
    few = [SpokenSample(np.zeros(1600, np.float32), "no")] * (LEAST_UTTERANCES - 1)
    task = recognition_task(few, lambda sessions: pytest.fail("it was judged"), "made up")
    choice = build_variants(
        {"model": residual_cnn(tmp_path / "net.onnx")},
        {"model": "cnn"},
        {"model": [{"x": np.zeros((1, 8, 12, 12), np.float32)}]},
        task,
        ["fp16", "cpu-int8"],
        {},
        tmp_path,
        lambda text: None,
    )
    refused = choice.variants["fp32"].measured["refused"]["cpu-int8"]["reason"]
    assert refused == "199 samples are too few to prove it: at least 200 are needed"
    assert "task" not in choice.variants["fp16"].measured, "float16 is judged by parity"


def test_one_number_has_no_interval(tmp_path: Path) -> None:
    assert "is worse by more than 0.01" in judged(tmp_path, 0.1, 0.2)[0]
    wrong, figures = judged(tmp_path, 0.1, 0.105)
    assert wrong == "" and "worse_than_fp32" not in figures
