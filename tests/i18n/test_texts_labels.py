from __future__ import annotations

import pytest

from edge.i18n.texts import Labels, language_of


@pytest.mark.parametrize(("length_s", "text"), [(2.44, "2.4 s"), (59.99, "1:00"), (187, "3:07"), (3723, "1:02:03")])
def test_lengths_read_as_people_write_them(length_s: float, text: str) -> None:
    assert Labels("en").length(length_s) == text


def test_a_code_without_a_text_is_shown_as_it_is_or_as_the_caller_wants() -> None:
    assert Labels("zh")("of_a_later_version") == "of_a_later_version"
    assert Labels("zh")("of_a_later_version", "") == ""
    assert Labels("zh")("") == ""


def test_chinese_where_the_browser_asks_for_it_first() -> None:
    assert [language_of(wish) for wish in ("zh-CN,en;q=0.5", "ZH", "en-US,zh", "de", "")] == [
        "zh",
        "zh",
        "en",
        "en",
        "en",
    ]
