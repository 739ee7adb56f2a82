"""A trained fusion in the place of the mean, and refused when it was trained on something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from empty_bundle import make_empty_bundle

pytest.importorskip("onnx", reason="making a graph needs the extra `export`")
from small_fusion import add_fusion

from edge.affect.feature_schema import description
from edge.affect.fusion import ModalityScore
from edge.affect.fusion_model import FusionModel, UtteranceFeatures
from edge.affect.monitor import AffectMonitor
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.config.decision import AffectConfig
from edge.messages import Transcript, Utterance
from edge.speech.prosody import Prosody
from edge.text.sentiment import Sentiment

CORRELATION = {"text": 0.55, "text+vision": 0.62}


def model(tmp_path: Path, **changes: object) -> FusionModel:
    return FusionModel(Bundle(add_fusion(make_empty_bundle(tmp_path / "bundle"), **changes)))  # type: ignore[arg-type]


def seen(text: bool = False, audio: bool = False, vision: bool = False) -> UtteranceFeatures:
    rows = {"text": np.full((3, 385), 0.6, np.float32), "audio": np.ones((4, 11), np.float32)}
    rows["vision"] = np.ones((5, 15), np.float32)
    wanted = {"text": text, "audio": audio, "vision": vision}
    return UtteranceFeatures(0.0, 1.0, **{name: rows[name] if there else None for name, there in wanted.items()})


def test_it_says_what_the_graph_says_and_keeps_what_is_absent_absent(tmp_path: Path) -> None:
    fusion = model(tmp_path, correlation=CORRELATION)
    fused = fusion.fuse(seen(text=True, vision=True), {"vision": ModalityScore(-0.3)})
    assert fused is not None and fused.score == pytest.approx(0.5)
    assert fused.modalities == {"text": pytest.approx(0.6), "audio": None, "vision": -0.3}
    assert fused.confidence == 0.62
    alone = fusion.fuse(seen(text=True), {})
    assert alone is not None and alone.score == pytest.approx(0.1) and alone.confidence == 0.55
    assert fusion.fuse(seen(), {}) is None


def test_a_confidence_that_nobody_measured_is_none_at_all(tmp_path: Path) -> None:
    fused = model(tmp_path).fuse(seen(text=True, audio=True, vision=True), {})
    assert fused is not None and fused.confidence == 0.0


def test_one_row_is_enough_and_a_graph_without_single_scores_leaves_them_to_the_stages(tmp_path: Path) -> None:
    fusion = model(tmp_path, unimodal=False)
    short = UtteranceFeatures(0.0, 0.1, np.ones((1, 385), np.float32), None, None)
    fused = fusion.fuse(short, {"text": ModalityScore(0.7)})
    assert fused is not None and fused.modalities == {"text": 0.7, "audio": None, "vision": None}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"features": {**description(), "version": 7, "digest": "0"}}, r"version 7 \(0\)"),
        ({"features": None}, "another kind"),
        ({"features": "MMSA pickle unaligned_39.pkl"}, "another kind"),
        ({"dims": {"text": 768, "audio": 10, "vision": 15}}, "wants 768 columns of text"),
    ],
)
def test_a_model_of_other_features_is_refused_with_what_to_do(tmp_path: Path, told: dict, said: str) -> None:
    with pytest.raises(BundleError, match=said) as caught:
        model(tmp_path, **told)
    assert "train" in str(caught.value) and "bundle" in str(caught.value)


def test_the_monitor_lets_the_model_judge_utterances_and_the_mean_nothing(tmp_path: Path) -> None:
    utterance = Utterance(0.0, 2.0, np.zeros(16, np.float32))
    said = Transcript(2.0, 0.0, 2.0, "好", "zh", 0.9)
    sentiment = Sentiment(0.5, 0.9, np.zeros(384, np.float32), np.zeros((4, 384), np.float32))
    heard: list[UtteranceFeatures] = []
    monitor = AffectMonitor(AffectConfig(), model(tmp_path), heard.append)
    (affect,) = monitor.utterance(utterance, said, sentiment, Prosody(None, None, 0.0, {}, {}))
    assert affect.score == pytest.approx(0.1) and affect.modalities["text"] == pytest.approx(0.5)
    assert len(heard) == 1 and heard[0].text is not None and heard[0].vision is None
    assert monitor.utterance(utterance, None, None, None) == [], "nothing is there to be judged"
