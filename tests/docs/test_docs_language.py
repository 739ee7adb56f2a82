"""README and the guides have short sentences and no private words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"commands", "configuration", "performance", "report-columns", "variants"}
GUIDES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in GENERATED]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *GUIDES]
LONGEST = 24
PRIVATE = re.compile(
    r"\b(?:tell|tells|telling|told|whoever|nobody|anew|(?:an|allowed|each|every) orders?"
    r"|orders over MQTT|pictures a second|a picture of a driver|word of the box|senses)\b",
    re.IGNORECASE,
)


def prose_of(text: str) -> str:
    """The text without code blocks, generated tables, comments, addresses of links and code."""
    text = re.sub(r"^```.*?(?:^```$|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!-- (\w+): written by .*?<!-- /\1 -->", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"`[^`]*`", "CODE", text)


def sentences_of(text: str) -> Iterator[str]:
    """Each sentence; a heading, a list item and a cell of a table end one as well."""
    block = ""
    for line in [*prose_of(text).splitlines(), ""]:
        row = line.startswith("|")
        if row or not line.strip() or re.match(r"\s*(?:[-*#>]|\d+\.)\s*", line):
            yield from split(block)
            block = ""
        if row:
            for cell in line.strip("|").split("|"):
                yield from split(cell)
        else:
            block += " " + line.strip()


def split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.?!])\s+(?=[A-Z*(\d])", text) if part.strip(" -|:#*")]


def words_in(sentence: str) -> int:
    return len(re.findall(r"[\w'’./-]*\w[\w'’./-]*", sentence))


def long_ones(text: str) -> list[str]:
    return [f"{words_in(one)} words: {one}" for one in sentences_of(text) if words_in(one) > LONGEST]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_sentence_of_a_page_is_long(page: Path) -> None:
    assert not long_ones(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_uses_no_private_word(page: Path) -> None:
    lines = prose_of(page.read_text(encoding="utf-8")).splitlines()
    assert not [line for line in lines if PRIVATE.search(line)]


def test_sentences_are_counted_as_a_reader_reads_them() -> None:
    text = "# Head\n\nOne two three. Four `a b c` five\nsix: seven.\n\n- eight nine\n- ten\n\n| a b | c. D e |\n\n"
    text += "```bash\nx\n```\n"
    assert [words_in(one) for one in sentences_of(text)] == [1, 3, 5, 2, 1, 2, 1, 2]
