"""Batches depend on seed and epoch alone, go whole into every process, and are padded no further than they must be."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import fusion_runs
import torch

from training.features.mmsa import write_mmsa
from training.fusion.data import Rows, batches, read_features
from training.fusion.predict import CONDITIONS, correlations, predict


def test_the_order_of_rows_follows_from_seed_and_epoch() -> None:
    for seed, epoch in ((1, 1), (1, 2), (7, 3)):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        assert torch.cat(batches(10, 4, seed, epoch)).tolist() == torch.randperm(10, generator=generator).tolist()


@pytest.mark.parametrize(
    ("rows", "world", "sizes"),
    [
        (16, 1, [8, 8]),
        (17, 1, [8, 9]),  # one row has no variance
        (18, 1, [8, 8, 2]),
        (19, 2, [4, 6]),  # each process gets two
        (20, 2, [4, 4, 2]),
        (13, 2, [4, 3]),
        (1, 1, [1]),
        (3, 2, [2]),
    ],
)
def test_a_small_last_batch_joins_and_every_process_has_as_many(rows: int, world: int, sizes: list[int]) -> None:
    parts = [batches(rows, 8, 1, 1, rank, world) for rank in range(world)]
    assert [[len(part) for part in one] for one in parts] == [sizes] * world
    whole = batches(rows, 8, 1, 1)
    seen = [row for one in parts for part in one for row in part.tolist()]
    assert set(seen) == set(range(rows)) == set(torch.cat(whole).tolist())
    if world == 2:
        first = torch.stack([parts[0][0], parts[1][0]], dim=1).flatten()
        assert first[: min(8, rows)].tolist() == whole[0][:8].tolist(), "each batch is shared row by row"


def test_a_batch_is_as_long_as_its_longest_row_and_never_empty() -> None:
    rows = Rows.of(fusion_runs.tiny_features())
    for part in rows.lengths:
        part[:3] = torch.tensor([2, 3, 1])
    rows.lengths[1][:3] = 0
    chosen, cpu = torch.tensor([2, 0, 1]), torch.device("cpu")
    *values, text, audio, _vision, presence = rows.inputs(chosen, cpu)
    assert [part.shape[1] for part in values] == [3, 1, 3]
    assert torch.equal(values[0], rows.values[0][chosen, :3])
    assert text.tolist() == [1, 2, 3] and audio.tolist() == [0, 0, 0]
    assert torch.equal(presence, rows.presence[chosen])
    targets = rows.targets(chosen, cpu)
    assert torch.equal(targets.label, rows.label[chosen]) and torch.equal(targets.index, chosen)
    assert torch.equal(targets.single, rows.single[chosen]) and len(rows) == len(rows.label)


def test_the_single_labels_stand_in_the_order_of_the_modalities() -> None:
    features = fusion_runs.tiny_features()
    single = Rows.of(features).single
    for column, label in enumerate((features.label_T, features.label_A, features.label_V)):
        assert single[:, column].tolist() == label.tolist()


def test_only_the_asked_splits_are_kept_and_without_any_all_are(tmp_path) -> None:
    features = fusion_runs.tiny_features()
    for path in (tmp_path / "f.npz", tmp_path / "f.pkl", tmp_path / "f.pickle"):
        features.save(path) if path.suffix == ".npz" else write_mmsa(features, path)
        assert set(read_features(path).split) == {"train", "valid", "test"}
        assert set(read_features(path, ("train", "test")).split) == {"train", "test"}
        assert len(read_features(path, ())) == len(features)


def test_predictions_do_not_depend_on_how_many_rows_a_call_takes(monkeypatch) -> None:
    trainer = fusion_runs.tiny_trainer(None)
    whole = predict(trainer.model, trainer.train, torch.device("cpu"))
    assert set(whole) == {"score", "text_score", "audio_score", "vision_score"}
    monkeypatch.setattr("training.fusion.predict._BATCH", 7)
    parts = predict(trainer.model.train(), trainer.train, torch.device("cpu"))
    for key, value in whole.items():
        assert value.shape == (40,)
        torch.testing.assert_close(parts[key], value, atol=1e-6, rtol=1e-5)
    assert not trainer.model.training


def test_a_condition_shows_its_modalities_and_no_other() -> None:
    trainer = fusion_runs.tiny_trainer(None)
    for shown in CONDITIONS.values():
        rows = Rows.of(fusion_runs.tiny_features())
        for column, name in enumerate(("text", "audio", "vision")):
            rows.presence[:, column] = float(name in shown)
        one, other = (predict(trainer.model, part, torch.device("cpu"), names) for part, names in (
            (rows, ("text", "audio", "vision")), (Rows.of(fusion_runs.tiny_features()), shown)))  # fmt: skip
        torch.testing.assert_close(one["score"], other["score"])
    assert CONDITIONS["without audio"] == ("text", "vision") and CONDITIONS["only vision"] == ("vision",)


def test_constant_scores_or_labels_and_few_samples_have_no_correlation() -> None:
    trainer = fusion_runs.tiny_trainer(None)
    cpu = torch.device("cpu")
    rows = Rows.of(fusion_runs.tiny_features().select(range(20)))
    assert len(correlations(trainer.model, rows, cpu)) == 7, "20 samples are enough"
    assert not correlations(trainer.model, Rows.of(fusion_runs.tiny_features().select(range(19))), cpu)
    rows.label[:] = 0.25
    assert not correlations(trainer.model, rows, cpu)
    with torch.no_grad():
        for weight in trainer.model.parameters():
            weight.zero_()
    assert not correlations(trainer.model, Rows.of(fusion_runs.tiny_features()), cpu)
