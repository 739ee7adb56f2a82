"""Answers, denied faults and other negations, in Chinese and English."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.bundle import Bundle
from edge.text.sentiment import ANSWER_WEIGHT, DENIAL_WEIGHT, TextSentiment, denies_a_fault, is_answer

ANSWERS = ["no", "No.", "No, no!", "yes", "Okay.", "嗯", "嗯。", "不是", "不是，没有", "好的", "Hmm, no"]
DENIALS = [
    "没有什么不好", "没什么不好的", "没什么不好的地方", "没有不满意", "不是不好", "没问题", "毫无问题",
    "一点也不差", "我没有生气", "我不难过", "别担心", "没关系", "没有危险", "嗯，没问题", "无可挑剔",
    "没有什么问题的", "nothing is wrong", "Nothing's wrong with me.", "There is nothing wrong with it.",
    "I'm not angry.", "it is not bad", "Not bad at all!", "no problem", "I have no complaints.",
    "There's no danger.", "Don't worry.", "No, nothing is wrong.", "It could not be better.",
]  # fmt: skip
COMPLAINTS = [
    "没有什么好", "我不高兴", "这个不好", "我没有生气，我只是很失望", "没问题，但是我很累", "有问题", "问题很大",
    "不是好人", "没有人喜欢我", "nothing is good", "I am not happy.", "this is bad", "Not bad, but I hate it.",
    "No, I am angry.", "nothing works", "I'm not angry, I am disappointed.",
    "No problem is ever solved here, and I am tired of it.", "", "...",
]  # fmt: skip
DENIED_PRAISE = [
    "The food was not good.", "I don't like this at all.", "He never helps us.", "This is not what I wanted.",
    "She wasn't happy with the result.", "The seats are not comfortable.", "I can't recommend it.",
    "Nobody was friendly.", "It doesn't work.", "The driver isn't polite.", "That is no fun.",
    "It was hardly worth the money.", "这个菜不好吃", "服务一点也不热情", "我不喜欢这里", "房间不干净",
    "我对结果不满意", "这里没有一个人帮我", "他从来不讲道理", "不值这个价钱", "空调不管用", "坐着不舒服",
    "没有想象中好", "我不开心",
]  # fmt: skip
FAULTS_DENIED_OTHERWISE = [
    "The ride was not bad.", "I have nothing to complain about today.", "He is not unfriendly.", "It isn't ugly.",
    "The wait was not long.", "I was not disappointed.", "The teacher never gets angry.",
    "There was no trouble on the way.", "The children are not afraid any more.", "It doesn't hurt any more.",
    "I would not call it a failure.", "She is not sad, she is fine.", "这家店不难吃", "他们没有让我失望",
    "路上没有堵车，没出什么问题", "孩子一点也不害怕了", "老师从来不发脾气", "这次没有人抱怨", "价格不贵",
    "现在不疼了", "味道不差，可以再来", "房间里没有异味", "我不讨厌他", "等的时间不长",
]  # fmt: skip
"""Most of them no rule knows. The head still reads ten of them as clearly negative."""


@pytest.mark.parametrize("text", ANSWERS)
def test_answers(text: str) -> None:
    assert is_answer(text) and not denies_a_fault(text)


@pytest.mark.parametrize("text", DENIALS)
def test_denied_faults(text: str) -> None:
    assert denies_a_fault(text) and not is_answer(text)


@pytest.mark.parametrize("text", COMPLAINTS)
def test_what_is_a_complaint_stays_one(text: str) -> None:
    assert not denies_a_fault(text) and not is_answer(text)


@given(st.text(max_size=200))
def test_any_text_is_at_most_one_of_them(text: str) -> None:
    assert not (denies_a_fault(text) and is_answer(text))


@pytest.mark.bundle
def test_the_box_reads_no_complaint_in_them(bundle_dir: Path) -> None:
    model = TextSentiment(Bundle(bundle_dir))
    for text in ANSWERS:
        assert model.score(text).weight == ANSWER_WEIGHT and model.score(text).confidence < 0.65, text
    for text in DENIALS:
        assert model.score(text).score >= 0 and model.score(text).weight == DENIAL_WEIGHT, text
    assert model.score("I am not happy.").score < -0.3 and model.score("I am not happy.").weight == 1.0


@pytest.mark.bundle
def test_the_head_reads_denied_praise_as_negative_and_fewer_than_half_of_the_denied_faults(bundle_dir: Path) -> None:
    model = TextSentiment(Bundle(bundle_dir))
    assert [text for text in DENIED_PRAISE if model.score(text).score >= 0] == []
    clearly_negative = [text for text in FAULTS_DENIED_OTHERWISE if model.score(text).score < -0.1]
    assert len(clearly_negative) <= 11, clearly_negative  # of 24
