"""The generated reference pages are what the program says today."""

from __future__ import annotations

import pytest

from docs.figures import readme
from docs.modules import PROGRAMS, glossary, modules, sentence_of
from docs.reference import FOLDER, GLOSSARY, README, commands_page, configuration_page


@pytest.mark.parametrize(("name", "make"), [("commands", commands_page), ("configuration", configuration_page)])
def test_a_reference_page_is_current(name: str, make: object) -> None:
    written = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert written == make(), "run: python -m docs.reference"  # type: ignore[operator]


def test_the_figures_of_the_readme_are_those_of_the_evidence() -> None:
    written = README.read_text(encoding="utf-8")
    assert written == readme(written), "run: python -m docs.reference"


def test_the_glossary_lists_every_module_with_its_first_sentence() -> None:
    written = GLOSSARY.read_text(encoding="utf-8")
    assert written == glossary(written), "run: python -m docs.reference"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_module_says_what_it_holds(program: str) -> None:
    assert not [path for path in modules(program) if not 10 <= len(sentence_of(path)) <= 300]


def test_every_key_of_a_configuration_says_what_it_means() -> None:
    rows = [line for line in configuration_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert not [row for row in rows if row.endswith("|  |")]
