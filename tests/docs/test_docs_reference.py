"""The generated reference pages are what the program says today."""

from __future__ import annotations

import pytest

from docs.figures import readme
from docs.reference import FOLDER, README, commands_page, configuration_page


@pytest.mark.parametrize(("name", "make"), [("commands", commands_page), ("configuration", configuration_page)])
def test_a_reference_page_is_current(name: str, make: object) -> None:
    written = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert written == make(), "run: python -m docs.reference"  # type: ignore[operator]


def test_the_figures_of_the_readme_are_those_of_the_evidence() -> None:
    written = README.read_text(encoding="utf-8")
    assert written == readme(written), "run: python -m docs.reference"


def test_every_key_of_a_configuration_says_what_it_means() -> None:
    rows = [line for line in configuration_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert not [row for row in rows if row.endswith("|  |")]
