"""The page of many recordings in a browser: who was most negative, when, and what was said, in two clicks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from browser import Page, faults, foreign
from mqtt_helpers import until
from scenes import research

from edge.dashboard.report.html import render_report
from edge.dashboard.report.index import recording_entry, render_index
from edge.dashboard.report.report_data import ReportData, from_messages
from edge.dashboard.report.tables import as_csv, as_xlsx, events_table, recordings_table
from edge.i18n.texts import Labels, Language
from edge.messages import Affect, Message

BOLDER = {"anna": 0.6, "bo": 1.0, "li": 0.3}
"""How strongly each speaks; Bo is the most negative, at 2:20."""


def louder(message: Message, factor: float) -> Message:
    return dataclasses.replace(message, score=factor * message.score) if isinstance(message, Affect) else message


def recordings() -> list[ReportData]:
    return [
        from_messages(name, [louder(message, factor) for message in research().messages])
        for name, factor in BOLDER.items()
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for language in ("en", "zh"):
        subjects = [*recordings(), from_messages("silence", [])]
        entries = [recording_entry(subject, f"{subject.name}-{language}.html") for subject in subjects]
        (tmp_path / f"index-{language}.html").write_text(render_index(entries, Labels(language)), encoding="utf-8")
        for subject in subjects:
            page = render_report(subject, Labels(language))
            (tmp_path / f"{subject.name}-{language}.html").write_text(page, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("language", "scheme", "width_px"), [("en", "light", 1440), ("zh", "dark", 390), ("en", "dark", 1024)]
)
def test_two_clicks_lead_to_what_was_said(
    tab: Page, shots: Path, folder: Path, language: Language, scheme: str, width_px: int
) -> None:
    tab.prefer(scheme)
    tab.screen(width_px, 900)
    tab.open((folder / f"index-{language}.html").as_uri())
    tab.wait_for("silence")
    tab.picture(shots / f"index-{language}-{scheme}-{width_px}.png")
    assert faults(tab) == []
    assert tab.run("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out of the screen"
    press = "document.querySelector('[data-key={}]').click()"
    tab.run(press.format("name"))
    order = "[...document.querySelectorAll('tbody tr')].map(row => row.dataset.name)"
    assert tab.run(order) == ["anna", "bo", "li", "silence"]
    tab.run(press.format("lowest"))
    assert tab.run(order) == ["bo", "anna", "li", "silence"], "the most negative first, the unknown last"
    assert "I have asked three times" in tab.run("document.querySelector('tbody tr').innerText")
    tab.run("document.querySelector('tbody tr .ei-said a').click()")
    until(lambda: str(tab.run("document.querySelector(':target')?.localName")) == "tr")
    assert "I have asked three times" in tab.run("document.querySelector(':target').innerText")
    until(
        lambda: bool(
            tab.run(
                "(r => r.top >= 0 && r.top < innerHeight)(document.querySelector(':target').getBoundingClientRect())"
            )
        )
    )
    assert foreign(tab.asked) == set() and tab.errors == []


def test_a_filter_leaves_what_it_names(tab: Page, folder: Path) -> None:
    tab.open((folder / "index-en.html").as_uri())
    tab.wait_for("silence")
    tab.run("(f => { f.value = 'ANNA'; f.dispatchEvent(new Event('input')) })(document.getElementById('filter'))")
    assert tab.run("[...document.querySelectorAll('tbody tr')].filter(r => !r.hidden).map(r => r.dataset.name)") == [
        "anna"
    ]
    assert tab.run("document.getElementById('shown').textContent") == "1 / 4"


def test_the_table_counts_emotions_and_a_spread() -> None:
    subjects = recordings()
    entries = [recording_entry(subject, "page.html") for subject in subjects]
    _, rows = recordings_table(entries)
    bo = rows[1]
    judged = [affect for affect in research().messages if isinstance(affect, Affect)]
    assert sum(value for name, value in bo.items() if name.endswith("_count") and isinstance(value, int)) == len(judged)
    assert bo["angry_count"] == sum(affect.emotion == "angry" for affect in judged) > 0
    assert (bo["lowest_at_s"], bo["lowest_score"]) == (140.0, -0.82)
    assert str(bo["lowest_words"]).startswith("This is unacceptable")
    spreads = [found.spread for found in entries]
    assert spreads[0] == pytest.approx(0.6 * (spreads[1] or 0.0)), "of scores that are smaller by a factor"
    assert as_csv(events_table(subjects)).count(b"unacceptable") == 3
    assert as_xlsx({"recordings": recordings_table(entries)}).startswith(b"PK")
