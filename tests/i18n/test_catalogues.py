"""Every code has a text in every language, with the same parameters; every text is used, and the compiled ones ship."""

from __future__ import annotations

import gettext
import re

import pytest
from catalogues import ROOT, asked, composed, mentioned, parameters, sentences, written

from edge.alerts.condition import KINDS
from edge.config.purpose import Purpose
from edge.dashboard.box_link import PAGE_OPS, figures
from edge.dashboard.charts.frequencies import FREQUENCY_VIEWS
from edge.dashboard.data.events import MODALITIES
from edge.dashboard.pages import PAGES
from edge.dashboard.pages.box import _INFO
from edge.dashboard.pages.live import _EYES, _GROUP
from edge.fatigue.policy import CAUSES
from edge.i18n.texts import DOMAIN, FOLDER, LANGUAGES, Language, filled, text_of
from edge.messages import Level, Reason
from edge.publish.payloads import CommandFigures, OutboxFigures
from edge.runtime.degradation import Band
from edge.runtime.metrics import RunCounters
from edge.status import SystemStatus

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = written("en")
_SIGNS = {
    "explained",
    "with_note",
    "of_lines",
    "list_separator",
    "clause_separator",
    "part_is",
    "of_file",
    "both",
    "part_state",
    "reduced",
    "reduced_at",
    "listen_celsius",
    "aim_do",
}


def of_the_box() -> set[str]:
    """What the box itself names: alerts, causes, reasons, levels, purposes."""
    names = {
        *(band.name.lower() for band in Band),
        *KINDS,
        *CAUSES,
        *(reason.value for reason in Reason),
        *(level.name.lower() for level in Level),
    }
    return names | {purpose.value for purpose in Purpose}


def of_tables() -> set[str]:
    """The codes of the tables that pages show row by row."""
    names = {*PAGES, *(about.label for about in FREQUENCY_VIEWS.values()), *_EYES, *_GROUP, *_INFO, *PAGE_OPS}
    return names | {f"{name}_modality" for name in MODALITIES} | {f"done_{op}" for op in PAGE_OPS}


def of_health() -> set[str]:
    """Names and values of the figures of a health message, and the parts of names that have no text as a whole."""
    health = RunCounters(shed={"words": True, "pictures": False}, waiting={"sound": 1, "utterances": 1, "results": 1})
    health.failures["vision"] = health.restarts["asr"] = health.skipped["text"] = 1
    told = {"outbox": dict.fromkeys(OutboxFigures.model_fields, 1)}
    told |= {"commands": dict.fromkeys(CommandFigures.model_fields, 1), "mqtt": {"connection": 1, "protocol": "5.0"}}
    found = figures({**told, "readings": health.readings(SystemStatus())})
    names = {name for name, _ in found}
    parts = {part for name in names - set(ENGLISH) for part in name.split(".")}
    return names | parts | {value for _, value in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ships_is_what_is_written(language: Language) -> None:
    """`make messages` was run: the compiled catalogue holds the texts of the `.po` file, and no others."""
    with (FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        shipped = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # it has no public list
    assert {code: text for code, text in shipped.items() if code} == written(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_text(language: Language) -> None:
    wanted = asked() | of_the_box() | of_tables()
    assert len(wanted) > 200
    assert wanted - set(written(language)) == set()
    assert set(written(language)) == set(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_its_language(language: Language) -> None:
    texts = written(language)
    assert [code for code, text in texts.items() if not text.strip()] == []
    if language == "en":
        assert [code for code, text in texts.items() if HAN.search(text)] == []
    else:
        assert [code for code, text in texts.items() if not HAN.search(text) and code not in _SIGNS] == []


def test_the_languages_have_the_same_parameters() -> None:
    named = {language: {code: parameters(text) for code, text in written(language).items()} for language in LANGUAGES}
    assert named == dict.fromkeys(LANGUAGES, named["en"])


def test_every_sentence_has_a_text_with_its_parameters() -> None:
    """Every `Sentence("code", name=...)` of the program: so that none loses its text or a parameter while it runs."""
    made = list(sentences())
    assert len(made) > 1
    assert [(code, names) for code, names in made if code not in ENGLISH or parameters(ENGLISH[code]) != names] == []


def test_every_text_is_used() -> None:
    used, patterns = mentioned() | of_the_box() | of_health(), composed()
    assert [code for code in ENGLISH if code not in used and not any(p.fullmatch(code) for p in patterns)] == []


def test_the_package_ships_the_catalogues() -> None:
    assert '"edge.i18n" = ["locale/*/LC_MESSAGES/*"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_code_without_a_text_is_known_from_a_text_that_equals_its_code() -> None:
    assert text_of("file", "en") == "file"
    assert text_of("of_a_later_version", "en") is None
    assert text_of("", "en") is None


def test_values_that_do_not_fit_give_no_text() -> None:
    assert filled("snooze", "en", {"n": 10}) == "Snooze 10 min"
    assert filled("snooze", "en", {}) is None
    assert filled("snooze", "en", {"n.real": 1}) is None
    assert filled("of_a_later_version", "en", {}) is None
