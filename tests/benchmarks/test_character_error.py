from __future__ import annotations

import pytest

from benchmarks.hearing.character_error import corpus_error_rate, normalise


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("設定30度。", "设定三十度"),
        ("１３７ ＤＪ版", "一百三十七dj版"),
        ("60%是安全的", "百分之六十是安全的"),
        ("3.5%", "百分之三点五"),
        ("2016年底", "二零一六年底"),
        ("2005", "二千零五"),
        ("10,000", "一万"),
        ("10200", "一万零二百"),
        ("100010", "十万零一十"),
        ("13334293735", "一三三三四二九三七三五"),
        ("1 3 3 3 4 2 9 3 7 3 5", "一三三三四二九三七三五"),
        ("131-208-2020-297", "一三一二零八二零二零二九七"),
        ("162.866.930", "一六二八六六九三零"),
        ("150000", "十五万"),
        ("10-20", "十二十"),
        ("007", "零零七"),
        ("0", "零"),
        ("11倍", "十一倍"),
    ],
)
def test_both_sides_are_written_alike(written, counted):
    assert normalise(written) == counted


def test_the_rate_is_that_of_the_corpus_and_not_the_mean_of_the_lines():
    assert corpus_error_rate([("一", "二"), ("一二三四五六七八九", "一二三四五六七八九")]) == pytest.approx(0.1)
    assert corpus_error_rate([("设定三十度", "设定四十")]) == pytest.approx(2 / 5)
    with pytest.raises(ValueError, match="no reference"):
        corpus_error_rate([("。", "一")])
