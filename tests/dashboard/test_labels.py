from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from edge.alerts.kinds import KINDS
from edge.config.purpose import Purpose
from edge.dashboard.box_link import PAGE_OPS
from edge.dashboard.charts.frequencies import ABOUT
from edge.dashboard.i18n.labels import _WORDS, Labels
from edge.dashboard.pages import PAGES
from edge.dashboard.pages.box import _INFO
from edge.dashboard.pages.live import _EYES, _GROUP
from edge.dashboard.pages.modalities import MODALITIES
from edge.fatigue.policy import CAUSES
from edge.messages import Level, Reason

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("key", [*KINDS, *CAUSES, *(r.value for r in Reason), *(level.name.lower() for level in Level)])
def test_whatever_the_box_can_say_has_a_chinese_word(key: str) -> None:
    assert any("\u4e00" <= letter <= "\u9fff" for letter in Labels("zh")(key))


def test_every_word_that_the_pages_ask_for_is_in_the_table() -> None:
    """Every literal key that a page hands to `labels(...)`, and every name of the tables that are shown by key."""
    keys: set[str] = set()
    for path in (ROOT / "edge" / "dashboard").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = ast.unparse(call.func)
            first = call.args[0]
            if name in {"labels", "self._labels"} and isinstance(first, ast.Constant):
                keys.add(str(first.value))
    keys |= {*PAGES, *(about.label for about in ABOUT.values()), *(purpose.value for purpose in Purpose)}
    keys |= {*_EYES, *_GROUP, *_INFO, *(f"{name}_modality" for name in MODALITIES), *PAGE_OPS}
    keys |= {f"done_{op}" for op in PAGE_OPS}
    assert len(keys) > 80
    assert keys - set(_WORDS) == set()


def test_every_word_is_there_in_both_languages() -> None:
    for key, (english, chinese) in _WORDS.items():
        assert english.strip(), key
        assert chinese.strip(), key
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in english), key


def test_both_languages_fill_in_the_same_values() -> None:
    for key, texts in _WORDS.items():
        english, chinese = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts)
        assert english == chinese, key


@pytest.mark.parametrize(("length_s", "text"), [(2.44, "2.4 s"), (59.99, "1:00"), (187, "3:07"), (3723, "1:02:03")])
def test_lengths_read_as_people_write_them(length_s: float, text: str) -> None:
    assert Labels("en").length(length_s) == text
