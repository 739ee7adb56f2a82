"""The sentiment of what drivers and pupils say, by the bundle's own model."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.text.sentiment import TextSentiment

pytestmark = pytest.mark.bundle

LINES = (
    (1, "I am so happy today"),
    (1, "This is wonderful, thank you so much"),
    (1, "I really love this class"),
    (1, "You did really well, I am proud of you"),
    (1, "我今天非常开心"),
    (1, "老师讲得真好"),
    (1, "谢谢师傅，你真好"),
    (1, "太好了，我们终于到家了"),
    (-1, "You are scaring me, slow down"),
    (-1, "This driver is rude and dangerous"),
    (-1, "I am so tired, I can not go on"),
    (-1, "I am really worried about the exam"),
    (-1, "我很难过，不想上课"),
    (-1, "太累了，我快撑不住了"),
    (-1, "你开得太快了，我害怕"),
    (-1, "气死我了，烦死了"),
    (0, "The next stop is the railway station"),
    (0, "Please open your books on page twelve"),
    (0, "Turn left at the next crossing"),
    (0, "There are thirty students in this class"),
    (0, "下一站是火车站"),
    (0, "前面路口左转"),
    (0, "我们七点半出发"),
    (0, "今天是星期三"),
)


@pytest.fixture(scope="module")
def sentiment(bundle_dir: Path) -> TextSentiment:
    return TextSentiment(Bundle(bundle_dir))


def test_drivers_and_pupils_are_understood(sentiment: TextSentiment) -> None:
    scores = {text: sentiment.score(text).score for _, text in LINES}
    wrong = {text: scores[text] for side, text in LINES if side and np.sign(scores[text]) != side}
    assert not wrong


def test_neutral_lines_lie_near_zero_and_between_the_others(sentiment: TextSentiment) -> None:
    by_side = {side: [sentiment.score(t).score for s, t in LINES if s == side] for side in (-1, 0, 1)}
    assert np.mean(np.abs(by_side[0])) < 0.2
    assert np.mean(by_side[-1]) < -0.3 < np.mean(by_side[0]) < 0.3 < np.mean(by_side[1])


def test_confidence_says_how_sure_the_sign_is(sentiment: TextSentiment) -> None:
    results = [sentiment.score(text) for _, text in LINES]
    for result in results:
        assert -1.0 <= result.score <= 1.0 and 0.5 <= result.confidence <= 1.0
        assert np.linalg.norm(result.embedding) == pytest.approx(1.0, abs=1e-3)
    ordered = sorted(results, key=lambda result: abs(result.score))
    assert [r.confidence for r in ordered] == sorted(r.confidence for r in ordered)


@pytest.mark.parametrize("text", ["", "   ", "。", "\x00", "😀", "啊" * 2000, "word " * 3000])
def test_strange_text_has_a_score_too(sentiment: TextSentiment, text: str) -> None:
    assert np.isfinite(sentiment.score(text).score)


def test_meaning_is_near_across_languages(sentiment: TextSentiment) -> None:
    vector = {text: sentiment.score(text).embedding for text in ("我很累", "I am very tired", "The door is red")}
    assert vector["我很累"] @ vector["I am very tired"] > vector["我很累"] @ vector["The door is red"]


@pytest.mark.data
@pytest.mark.parametrize(("name", "least"), [("zh_waimai", 0.75), ("en_sst2_train", 0.7)])
def test_foreign_corpora_that_were_not_trained_on(
    sentiment: TextSentiment, data_dir: Path, name: str, least: float
) -> None:
    with gzip.open(data_dir / "text" / f"{name}.tsv.gz", "rt", encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t", 1) for line in stream]
    rows = random.Random(1).sample([row for row in rows if len(row[1]) <= 100], 150)
    right = [(sentiment.score(text).score > 0) == (label == "1") for label, text in rows]
    assert np.mean(right) > least
