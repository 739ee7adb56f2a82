"""The sentiment head: real-valued, with a true zero, from a fixed sample of its corpora."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the extra `train`")

from training.heads.sentiment import Sentences, read_sentences, train


@pytest.fixture
def corpora(tmp_path: Path) -> tuple[Path, Path, Path, Path]:
    ratings = tmp_path / "ratings.tar.gz"
    with tarfile.open(ratings, "w:gz") as archive:
        for name in ("tweets", "amazonReviewSnippets", "nytEditorialSnippets"):
            lines = [f"{i}\t{(i % 9) - 4}\t{name} sentence {i}" for i in range(500)] + ["broken line", "7\t1\tx"]
            data = "\n".join(lines).encode()
            member = tarfile.TarInfo(f"somewhere/{name}_GroundTruth.txt")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    paths = [ratings]
    for name in ("pos", "neg"):
        path = tmp_path / f"{name}.txt"
        path.write_text("\n".join(f"{name} 这是第{i}句话" for i in range(450)), encoding="utf-8")
        paths.append(path)
    neutral = tmp_path / "neutral.txt"
    neutral.write_text("# ours\n下一站。\n\nThe next stop.\n", encoding="utf-8")
    return paths[0], paths[1], paths[2], neutral


def test_sentences_of_all_corpora_come_with_scores_on_one_scale(corpora: tuple[Path, Path, Path, Path]) -> None:
    sentences = read_sentences(*corpora)
    scores = dict(zip(sentences.texts, sentences.scores, strict=True))
    assert len(sentences.texts) == 3 * 400 + 2 * 400 + 2
    assert np.abs(sentences.scores).max() <= 1.0
    assert scores["下一站。"] == scores["The next stop."] == 0.0
    assert {score for text, score in scores.items() if text.startswith("neg")} == {-0.7}
    assert "x" not in scores


def test_the_sample_is_the_same_every_time(corpora: tuple[Path, Path, Path, Path]) -> None:
    assert read_sentences(*corpora).texts == read_sentences(*corpora).texts


def test_a_planted_direction_is_found_with_zero_at_zero() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(600, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = np.tanh(4 * vectors[:, 0])
    texts = [str(index) for index in range(600)]

    def embed(wanted: Sequence[str]) -> np.ndarray:
        return vectors[[int(text) for text in wanted]]

    sentences = Sentences(texts, scores, np.where(np.abs(scores) < 0.05, 6.0, 1.0))
    head, again = train(sentences, embed), train(sentences, embed)
    assert head.measured["held_out_correlation"] > 0.95
    assert head.measured["held_out_sign_accuracy"] > 0.95
    assert head.sign_sharpness > 0
    assert abs(head.bias) < 0.1
    np.testing.assert_array_equal(head.weights, again.weights)
