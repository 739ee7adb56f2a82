"""Batches, rates, schedule, vocabulary, changes to the sound, beam search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.asr.augment import at_speed, mixed, shifted, striped
from training.asr.batching import batches, in_order
from training.asr.beam import BeamError, BeamSearch
from training.asr.manifest import ManifestError, read_list
from training.asr.metrics import error_rates
from training.asr.model import ConformerConfig, ConformerCtc
from training.asr.model_adapters import CtcLearner, CtcLoss
from training.asr.settings import SpecAugment, read_settings
from training.asr.trainer import noam
from training.asr.vocabulary import UnknownUnitError, Vocabulary
from training.settings_file import SettingsError

CONFIGS = Path(__file__).resolve().parents[3] / "configs" / "training" / "asr"
LENGTHS = st.lists(st.integers(1, 900), min_size=1, max_size=80)


@given(LENGTHS, st.integers(0, 5), st.integers(1, 5))
def test_every_utterance_is_learnt_once_an_epoch(frames: list[int], seed: int, epoch: int) -> None:
    made = batches(frames, 1000, seed, epoch)
    assert sorted(number for batch in made for number in batch) == list(range(len(frames)))
    assert all(len(batch) * max(frames[number] for number in batch) <= 1000 for batch in made)
    assert made == batches(frames, 1000, seed, epoch)


@given(LENGTHS, st.integers(2, 4))
def test_processes_share_the_batches_evenly(frames: list[int], world: int) -> None:
    shares = [batches(frames, 1000, 0, 1, rank, world) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    assert {number for share in shares for batch in share for number in batch} == set(range(len(frames)))


def test_epochs_differ() -> None:
    frames = list(range(100, 200))
    assert batches(frames, 1000, 0, 1) != batches(frames, 1000, 0, 2)


@given(LENGTHS)
def test_judging_reads_every_utterance(frames: list[int]) -> None:
    assert sorted(number for batch in in_order(frames, 1000) for number in batch) == list(range(len(frames)))


def test_rates_are_those_of_the_corpus() -> None:
    rates = error_rates([("one two three", "one too three"), ("four", "")])
    assert (rates.word_edits, rates.words) == (2, 4)
    assert (rates.character_edits, rates.characters) == (5, 15)
    assert rates.wer == 0.5
    with pytest.raises(ValueError, match="no reference"):
        error_rates([])


def test_noam_rises_to_the_highest_rate_and_falls() -> None:
    assert noam(1, 100) == pytest.approx(0.01)
    assert noam(100, 100) == 1.0
    assert noam(400, 100) == 0.5


@given(st.text(alphabet="ab 你好", min_size=1))
def test_characters_come_back(text: str) -> None:
    plain = " ".join(text.split())
    vocabulary = Vocabulary.of(["ab 你好"], "characters")
    assert vocabulary.text(vocabulary.encode(plain)) == plain


def test_words_come_back_and_the_unknown_is_named() -> None:
    vocabulary = Vocabulary.of(["zero one", "one"], "words")
    assert vocabulary.tokens == ["<blank>", "▁one", "▁zero"]
    assert vocabulary.text(vocabulary.encode("zero one one")) == "zero one one"
    assert Vocabulary(vocabulary.tokens).units == "words"
    with pytest.raises(UnknownUnitError, match="'two'"):
        vocabulary.encode("one two")


def test_changes_to_the_sound() -> None:
    tone = np.sin(np.arange(16000) * 0.1).astype(np.float32)
    assert len(at_speed(tone, 1.1)) == pytest.approx(16000 / 1.1, abs=1)
    assert len(shifted(tone, 100)) == 17600
    late = np.pad(tone, (800, 0))
    assert np.abs(shifted(late, -100)).max() == np.abs(tone).max()
    assert len(shifted(late, -100)) >= len(tone) - 1
    noise = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    added = mixed(tone, noise, 10.0) - tone
    assert 10 * np.log10(np.square(tone).mean() / np.square(added).mean()) == pytest.approx(10.0, abs=0.01)
    mel = np.random.default_rng(0).standard_normal((200, 80)).astype(np.float32)
    changed = striped(mel, SpecAugment(), np.random.default_rng(1))
    assert changed.shape == mel.shape
    assert 0 < (changed != mel).mean() < 0.7


def test_settings_name_the_wrong_key(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("training: {epoch: 3}\naugment: null\n")
    with pytest.raises(SettingsError, match=r"settings.yaml: training\.epoch"):
        read_settings(path)
    path.write_text("augment: {noise: null, speed: null}\n")
    augment = read_settings(path).augment
    assert augment is not None
    assert augment.noise is None
    assert augment.spec is not None


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_list(tmp_path / "none.tsv")


ARPA = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.0\t<unk>
-1.0\t<s>\t-0.5
-1.0\t</s>
-0.5\tone\t-0.5
-3.0\ttwo\t-0.5

\\2-grams:
-0.1\t<s> one
-0.1\tone one
-3.0\tone two

\\end\\
"""


def test_a_language_model_decides_what_the_sound_leaves_open(tmp_path: Path) -> None:
    pytest.importorskip("flashlight.lib.text")
    path = tmp_path / "words.arpa"
    path.write_text(ARPA)
    vocabulary = Vocabulary(["<blank>", "▁one", "▁two"])
    unsure = np.log(np.array([[0.1, 0.44, 0.46], [0.98, 0.01, 0.01], [0.1, 0.44, 0.46]], np.float32))
    assert BeamSearch(vocabulary, path, beams=10, weight=0.0).text(unsure) == "two two"
    assert BeamSearch(vocabulary, path, beams=10, weight=1.0).text(unsure) == "one one"
    with pytest.raises(BeamError, match="no such language model"):
        BeamSearch(vocabulary, tmp_path / "none.arpa")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_settings_that_come_along_are_valid(path: Path) -> None:
    read_settings(path)


def test_stripes_of_time_hide_whole_frames_and_stripes_of_bands_whole_bands() -> None:
    mel = np.random.default_rng(0).normal(size=(200, 80)).astype(np.float32)
    rng = np.random.default_rng(1)
    for _ in range(20):
        time = striped(mel, SpecAugment(band_stripes=0, time_stripes=2, time_share=0.1), rng)
        hidden = (time != mel).all(axis=1)
        assert ((time != mel).any(axis=1) == hidden).all(), "a frame is hidden whole, or not at all"
        assert hidden.sum() <= 2 * 20
        np.testing.assert_allclose(time[hidden], mel.mean(), rtol=1e-5)
        band = striped(mel, SpecAugment(band_stripes=1, band_width=8, time_stripes=0), rng)
        assert ((band != mel).any(axis=0) == (band != mel).all(axis=0)).all()
        assert (band != mel).all(axis=0).sum() <= 8
    for share, widest in ((0.05, 10), (0.5, 100), (0.004, 0)):
        one = SpecAugment(band_stripes=0, time_stripes=1, time_share=share, band_width=27)
        widths = [(striped(mel, one, rng) != mel).any(axis=1).sum() for _ in range(100 if widest < 50 else 600)]
        assert max(widths) == widest, "the widest stripe is that share of the frames"
    one = SpecAugment(band_stripes=0, time_stripes=1)
    assert max((striped(mel, one, rng) != mel).any(axis=1).sum() for _ in range(50)) > 8


@pytest.mark.parametrize(
    ("tokens", "frames"), [([1, 2, 3], 3), ([1, 1, 2], 4), ([5, 5, 5], 5), ([1, 2, 1], 3), ([], 0)]
)
def test_equal_neighbours_need_a_blank_between_them(tokens: list[int], frames: int) -> None:
    model = ConformerCtc(ConformerConfig(vocabulary=6, hidden=16, layers=1, heads=2, feed_forward=16, kernel=3))
    learner = CtcLearner(model, Vocabulary.of(["abcde"], "characters"))
    assert learner.frames_needed(tokens) == frames * model.config.subsampling
    log_probs = torch.randn(max(1, frames), 1, 6).log_softmax(2)
    target = torch.tensor([tokens], dtype=torch.long)
    for steps, fits in ((frames, True), (frames - 1, False)):
        if steps > 0 and tokens:
            loss = torch.nn.functional.ctc_loss(
                log_probs[:steps], target, torch.tensor([steps]), torch.tensor([len(tokens)]), reduction="none"
            )
            assert bool(torch.isfinite(loss).all()) == fits


def test_the_loss_of_an_utterance_is_that_of_one_token() -> None:
    torch.manual_seed(0)
    model = ConformerCtc(ConformerConfig(vocabulary=6, hidden=16, layers=1, heads=2, feed_forward=16, kernel=3)).eval()
    features, tokens = torch.randn(1, 60, 80), torch.tensor([[1, 2, 3, 1]])
    found = CtcLoss(model)(features, torch.tensor([60]), tokens, torch.tensor([4]))
    log_probs, length = model(features, torch.tensor([60]))
    whole = torch.nn.functional.ctc_loss(log_probs.transpose(0, 1), tokens, length, torch.tensor([4]), reduction="none")
    torch.testing.assert_close(found, whole / 4)
