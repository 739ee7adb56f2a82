"""Levels as people see them who lack one kind of cones, by the simulation of Viénot, Brettel and Mollon (1999)."""

from __future__ import annotations

from itertools import combinations

import pytest
from coloraide import Color

from edge.dashboard.charts.style import LEVEL_COLOURS, UNKNOWN_COLOUR, badge, letter_colour, level_colour
from edge.i18n.texts import LANGUAGES, Labels
from edge.messages import Level

LEAST_DELTA_E = 15.0
"""A just noticeable difference is about 2; colours this far apart are told from each other in small marks, too."""
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3 (AA)."""


@pytest.mark.parametrize("eyes", [None, "deutan", "protan", "tritan"])
def test_no_two_levels_look_alike_to_any_eyes(eyes: str | None) -> None:
    seen = [Color(colour) for colour in (*LEVEL_COLOURS.values(), UNKNOWN_COLOUR)]
    seen = [colour.filter(eyes) if eyes else colour for colour in seen]
    near = {
        f"{one.to_string(hex=True)} {other.to_string(hex=True)}": difference
        for one, other in combinations(seen, 2)
        if (difference := one.delta_e(other, method="2000")) < LEAST_DELTA_E
    }
    assert near == {}


@pytest.mark.parametrize("level", [*Level, None])
def test_the_letter_on_a_badge_can_be_read(level: Level | None) -> None:
    assert Color(level_colour(level)).contrast(letter_colour(level), method="wcag21") >= LEAST_CONTRAST


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_badge_has_a_letter_of_its_own(language: str) -> None:
    labels = Labels(language)  # type: ignore[arg-type]
    assert len({badge(level, labels).split("--letter")[1] for level in (*Level, None)}) == len(Level) + 1
