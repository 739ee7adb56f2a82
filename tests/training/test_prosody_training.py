"""The prosody head: what is committed is what training gives, and training learns what is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("sklearn", reason="training needs the extra `train`")

from edge.bundle.bundle import read_arrays
from edge.speech.voice import FEATURES
from training.heads.prosody import DIRECTIONS, TARGETS, VoiceRecordings, evaluate, fit, read_emodb
from training.heads.prosody_checkpoint import checkpoint
from training.heads.voice_corpora import leave_one_corpus_out, leave_one_speaker_out, transfer, valence_trust

COMMITTED = Path(__file__).resolve().parents[2] / "configs" / "bundles" / "prosody_head.yaml"


def made_up(speakers: int = 5, each: int = 20) -> VoiceRecordings:
    """Voices of different pitch in which the first feature rises with arousal and the second with valence."""
    rng = np.random.default_rng(0)
    rows, emotions, names = [], [], []
    for speaker in range(speakers):
        for emotion, (arousal, valence) in TARGETS.items():
            for _ in range(each):
                row = rng.normal(size=len(FEATURES))
                row[:2] += (3 * arousal + 3 * speaker, 3 * valence - 2 * speaker)
                rows.append(row)
                emotions.append(emotion)
                names.append(f"{speaker:02d}")
    return VoiceRecordings(np.array(rows), np.array(emotions), np.array(names))


def test_what_is_there_is_learned_across_speakers() -> None:
    figures = evaluate(made_up())
    assert figures["arousal_correlation"] > 0.8 and figures["valence_correlation"] > 0.8
    assert figures["unweighted_recall_4_emotions"] > 0.7


def turned_round(recordings: VoiceRecordings) -> VoiceRecordings:
    """Voices of a language in which joy sounds as anger does elsewhere."""
    features = recordings.features * np.where(np.arange(len(FEATURES)) == 1, -1, 1)
    return VoiceRecordings(features, recordings.emotion, np.array([f"x{name}" for name in recordings.speaker]))


def test_where_joy_sounds_like_anger_the_head_reads_arousal_and_no_valence() -> None:
    found = transfer(made_up(), turned_round(made_up()))
    assert found.speakers == 5 and found.arousal_sign > 0.85 and found.arousal_auc > 0.95
    assert found.valence_auc < 0.5 and found.valence_interval[0] <= found.valence_auc <= found.valence_interval[1]


def test_valence_is_trusted_where_it_was_read_and_not_where_it_is_chance() -> None:
    others = {"en": made_up(4), "zh": turned_round(made_up())}
    trust = valence_trust(made_up(), "de", 0.8, others)
    assert trust["de"] == 1.0 and 0.5 < trust["en"] <= 1.0 and trust["zh"] == 0.0


def test_each_corpus_is_read_by_a_head_of_all_others() -> None:
    corpora = {"a": made_up(3), "b": turned_round(made_up(3)), "c": made_up(4)}
    found = leave_one_corpus_out(corpora)
    assert {name: part.speakers for name, part in found.items()} == {"a": 3, "b": 3, "c": 4}
    assert found["b"].valence_auc < 0.5 < found["b"].arousal_auc


def test_a_speaker_is_left_out_with_all_utterances_and_each_has_figures() -> None:
    mixed = {"a": made_up(1), "b": turned_round(made_up(4))}
    found = leave_one_speaker_out(mixed, "b")
    assert set(found.by_speaker) == {"x00", "x01", "x02", "x03"} and found.utterances == len(mixed["b"].emotion)
    assert found.valence_auc > 0.6, "the others of that language have shown how joy sounds in it"


def with_states(recordings: VoiceRecordings) -> VoiceRecordings:
    """The same with 40 states, of which one direction rises with valence; the prosody tells nothing of it."""
    rng = np.random.default_rng(1)
    valence = np.array([TARGETS[emotion][1] for emotion in recordings.emotion])
    states = rng.normal(size=(len(valence), 40)) + 4 * np.outer(valence, np.linspace(-1, 1, 40))
    features = np.concatenate([recordings.features, states], axis=1)
    features[:, 1] = 0.1 * rng.normal(size=len(features))
    return VoiceRecordings(features, recordings.emotion, recordings.speaker)


def test_states_tell_what_prosody_does_not_and_the_head_says_where_they_lie() -> None:
    spoken = with_states(made_up())
    head = fit(spoken)
    assert head.projection.shape == (DIRECTIONS, 40) and head.weights.shape == (2, len(FEATURES) + DIRECTIONS)
    bare = VoiceRecordings(spoken.features[:, : len(FEATURES)], spoken.emotion, spoken.speaker)
    everyone = {"all": spoken}
    assert leave_one_speaker_out(everyone, "all").valence_auc > 0.9
    assert leave_one_speaker_out({"all": bare}, "all").valence_auc < 0.7


def test_loudness_has_no_part_and_a_voice_at_its_habit_says_nothing() -> None:
    head = fit(made_up())
    assert not head.weights[:, FEATURES.index("level_db")].any()
    assert not head.scores(np.zeros((1, len(FEATURES)))).any()


def test_the_committed_head_fits_the_features_of_this_program() -> None:
    head = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    assert tuple(head["features"]) == FEATURES
    assert np.shape(head["weights"]) == (len(head["scores"]), len(FEATURES))
    assert min(head["spread"]) > 0
    assert head["valence_trust"]["de"] == 1.0 and head["valence_trust"]["zh"] == 0.0


@pytest.mark.data
def test_training_again_gives_the_committed_head(data_dir: Path) -> None:
    committed = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    again = checkpoint(read_emodb(data_dir / "emodb"), {})
    for name in ("median", "spread", "weights"):
        np.testing.assert_allclose(again[name], committed[name], rtol=1e-3, atol=1e-4)
    assert again["measured_on_left_out_speakers"] == pytest.approx(committed["measured_on_left_out_speakers"], abs=0.01)


def test_the_committed_head_on_states_fits_its_parts_and_was_trained_on_what_may_be_given_away() -> None:
    head = read_arrays(COMMITTED.with_name("voice_affect.npz"))
    about = json.loads(str(head["about"]))
    width = len(FEATURES) + DIRECTIONS
    assert tuple(about["features"]) == FEATURES and about["corpora"] == {"emodb": "free"}
    assert head["projection"].shape == (DIRECTIONS, 512) and head["weights"].shape == (2, width)
    assert head["median"].shape == head["spread"].shape == (width,) and head["spread"].min() > 0
    trust = about["valence_trust"]
    assert trust["de"] == 1.0 and 0 < trust["other"] == min(trust["en"], trust["zh"]) < 0.5
    left_out = about["corpora_left_out"]
    assert all(left_out[name]["valence_auc"] > 0.7 and left_out[name]["arousal_sign"] > 0.75 for name in left_out)
