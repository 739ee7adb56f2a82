from __future__ import annotations

import pytest

from edge.i18n.texts import Labels, language_of, position, signed


@pytest.mark.parametrize(("length_s", "text"), [(2.44, "2.4 s"), (59.99, "1:00"), (187, "3:07"), (3723, "1:02:03")])
def test_lengths_read_as_people_write_them(length_s: float, text: str) -> None:
    assert Labels("en").length(length_s) == text


@pytest.mark.parametrize(("t_s", "text"), [(0.4, "0:00"), (59.99, "0:59"), (187, "3:07"), (3723, "1:02:03")])
def test_a_position_in_a_recording_reads_as_on_its_time_axis(t_s: float, text: str) -> None:
    assert position(t_s) == text


@pytest.mark.parametrize(("score", "text"), [(0.416, "+0.42"), (-0.3, "-0.30"), (-0.004, "0.00"), (0.0, "0.00")])
def test_a_score_has_a_sign_unless_it_is_zero(score: float, text: str) -> None:
    assert signed(score) == text


def test_a_length_has_the_unit_of_its_language() -> None:
    assert Labels("zh").length(2.44) == "2.4 秒" and Labels("zh").length(4.4, whole=True) == "4 秒"
    assert Labels("zh").length(187) == "3:07"


@pytest.mark.parametrize(
    ("share", "text"), [(0.954, "95 %"), (0.0962, "9.6 %"), (0.0, "0 %"), (0.0004, "0 %"), (1.0, "100 %")]
)
def test_a_share_is_written_one_way(share: float, text: str) -> None:
    assert Labels("en").percent(share) == Labels("zh").percent(share) == text


def test_an_unknown_share_is_unknown() -> None:
    assert Labels("en").percent(None) == "unknown"


def test_colon_and_brackets_are_those_of_the_language() -> None:
    assert Labels("en").explained("speaker lost", "unplugged") == "speaker lost: unplugged"
    assert Labels("zh").explained("扬声器", "被拔出") == "扬声器：被拔出"
    assert Labels("zh").explained("扬声器", "") == "扬声器"
    assert (
        Labels("en").part("speaker", "lost") == "speaker lost" and Labels("zh").part("speaker", "lost") == "扬声器丢失"
    )
    assert Labels("en").clauses(["a", "b"]) == "a; b" and Labels("zh").clauses(["甲", "乙"]) == "甲；乙"
    assert Labels("zh").with_note("2:00", "未结束") == "2:00（未结束）"


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
