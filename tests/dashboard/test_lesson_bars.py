"""Two alerts of one kind are two bars in a browser, also where no other kind shares their lane."""

from __future__ import annotations

from pathlib import Path

from browser import Page
from mqtt_helpers import until
from scenes import lesson

from edge.config import Config
from edge.dashboard.report.html import render_report
from edge.dashboard.report.report_data import from_messages
from edge.i18n.texts import Labels

BARS = """[...document.querySelectorAll('#timeline svg path[stroke-width="12"]')].map(path => path.getAttribute('d'))
  .filter(Boolean)"""


def test_the_time_between_two_alerts_is_no_alert(tab: Page, tmp_path: Path) -> None:
    made = lesson()
    data = from_messages("5b", made.messages, allowance=Config.model_validate(made.config).allowance)
    (tmp_path / "lesson.html").write_text(render_report(data, Labels("en")), encoding="utf-8")
    tab.screen(1440, 900)
    tab.open((tmp_path / "lesson.html").as_uri())
    until(lambda: bool(tab.run(BARS)), 20.0)
    (path,) = tab.run(BARS)
    assert path.count("M") == 2, "each bar begins anew"
    words = tab.wait_for("agitation")
    assert "usually 0.09" in words and "own open eye" not in words, "eyes are not the evidence of a class"
