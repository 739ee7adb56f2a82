from __future__ import annotations

import string

import pytest

from edge.alerts.kinds import KINDS
from edge.dashboard.labels import _WORDS, Labels
from edge.fatigue.policy import CAUSES
from edge.messages import Level, Reason


@pytest.mark.parametrize("key", [*KINDS, *CAUSES, *(r.value for r in Reason), *(level.name.lower() for level in Level)])
def test_whatever_the_box_can_say_has_a_chinese_word(key: str) -> None:
    assert any("\u4e00" <= letter <= "\u9fff" for letter in Labels("zh")(key))


def test_both_languages_fill_in_the_same_values() -> None:
    for key, texts in _WORDS.items():
        english, chinese = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts)
        assert english == chinese, key


@pytest.mark.parametrize(("length_s", "text"), [(2.44, "2.4 s"), (59.99, "1:00"), (187, "3:07"), (3723, "1:02:03")])
def test_lengths_read_as_people_write_them(length_s: float, text: str) -> None:
    assert Labels("en").length(length_s) == text
