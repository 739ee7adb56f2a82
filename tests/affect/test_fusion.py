"""Fusion stays within what its modalities say, and an absent one adds nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.affect.fusion import LEAST_QUALITY, MODALITIES, RELIABILITY, ModalityScore, fuse

EVIDENCE = st.none() | st.builds(ModalityScore, st.floats(-1.0, 1.0), st.floats(0.0, 1.0))
ALL = st.fixed_dictionaries(dict.fromkeys(MODALITIES, EVIDENCE))


@given(ALL)
def test_the_score_lies_within_the_hull_of_what_was_said(evidence: dict[str, ModalityScore | None]) -> None:
    fused = fuse(evidence)
    said = [item.score for item in evidence.values() if item is not None and item.quality >= LEAST_QUALITY]
    if not said:
        assert fused is None
        return
    assert fused is not None
    assert min(said) <= fused.score <= max(said)
    assert 0.0 <= fused.confidence < 1.0
    assert list(fused.modalities) == list(MODALITIES)


@given(ALL, st.sampled_from(MODALITIES))
def test_a_modality_without_quality_is_as_good_as_absent(evidence: dict[str, ModalityScore | None], name: str) -> None:
    assert fuse({**evidence, name: ModalityScore(1.0, 0.0)}) == fuse({**evidence, name: None})


@given(ALL, st.sampled_from(MODALITIES), st.floats(-1.0, 1.0))
def test_one_more_modality_never_lowers_the_confidence(
    evidence: dict[str, ModalityScore | None], name: str, score: float
) -> None:
    without, with_it = fuse({**evidence, name: None}), fuse({**evidence, name: ModalityScore(score)})
    assert with_it is not None
    if without is not None:
        assert with_it.confidence >= without.confidence


@pytest.mark.parametrize("name", MODALITIES)
def test_alone_a_modality_is_believed_as_far_as_it_is_reliable(name: str) -> None:
    fused = fuse({name: ModalityScore(-0.3)})
    assert fused is not None
    assert fused.score == -0.3
    assert fused.confidence == pytest.approx(RELIABILITY[name])
    assert [key for key, value in fused.modalities.items() if value is not None] == [name]


def test_words_outweigh_a_voice_that_says_the_contrary() -> None:
    fused = fuse({"text": ModalityScore(0.5), "audio": ModalityScore(-0.5)})
    assert fused is not None and fused.score > 0.2
