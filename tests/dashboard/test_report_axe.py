"""The report as people with other eyes and hands meet it: no serious barrier, in both languages and themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Page, faults, foreign
from made_recording import drive
from mqtt_helpers import until

from edge.dashboard.report.html import render_report
from edge.dashboard.report.report_data import from_messages
from edge.i18n.texts import Labels, Language, Sentence
from edge.messages import Source


@pytest.mark.parametrize(
    ("language", "scheme", "width_px", "says"),
    [("en", "light", 1024, Sentence("roles_missing", roles=("text",))), ("zh", "dark", 360, "模型包中没有文本情感")],
)
def test_the_report_has_no_serious_barrier(
    tab: Page, shots: Path, tmp_path: Path, language: Language, scheme: str, width_px: int, says: str
) -> None:
    page = tmp_path / "report.html"
    lost = Source(118.0, "microphone", "lost", Sentence("source_ended"))
    page.write_text(render_report(from_messages("drive", [*drive(), lost]), Labels(language)), encoding="utf-8")
    tab.prefer(scheme)
    tab.screen(width_px, 844)
    tab.open(page.as_uri())
    tab.wait_for(says)
    until(lambda: bool(tab.run("document.querySelector('#timeline svg')?.clientWidth > 250")))
    assert tab.run("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out of the screen"
    tab.picture(shots / f"report-{language}-{scheme}.png")
    assert faults(tab) == []
    assert foreign(tab.asked) == set()
    assert tab.errors == []
