"""The site opens from a folder: its search works, its pictures are drawn, and it fetches nothing from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import browser, foreign

ROOT = Path(__file__).resolve().parents[2]
FETCHED = re.compile(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?//[^>]*>""")
SEARCH = "document.querySelector('[data-md-component=search-query]')"

pytest.importorskip("material")


def build(site: Path, mermaid: Path) -> Path:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "EMVAS_MERMAID": str(mermaid)}, timeout=120)
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with a stand-in for Mermaid, which marks what it would draw."""
    folder = tmp_path_factory.mktemp("site")
    script = folder / "mermaid.js"
    script.write_text("var mermaid = {initialize() {}, async render() { return {svg: '<svg></svg>'}; }};")
    return build(folder / "site", script)


def test_no_page_fetches_anything_from_outside(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    found = {page.name: FETCHED.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert not {name: links for name, links in found.items() if [link for link in links if "canonical" not in link]}


def test_a_page_with_a_picture_brings_the_script_that_draws_it(site: Path) -> None:
    architecture, other = (
        (site / name).read_text(encoding="utf-8") for name in ("architecture.html", "evidence/kills.html")
    )
    assert architecture.count('class="mermaid"') >= 4
    assert '<script src="javascripts/mermaid.min.js">' in architecture
    assert (site / "javascripts" / "mermaid.min.js").is_file()
    assert "mermaid" not in other


def test_without_the_script_a_picture_is_text(tmp_path: Path) -> None:
    page = (build(tmp_path / "site", tmp_path / "missing.js") / "architecture.html").read_text(encoding="utf-8")
    assert 'class="mermaid"' not in page
    assert "flowchart LR" in page


def test_search_and_pictures_work_from_a_folder(site: Path, tmp_path: Path) -> None:
    with browser(tmp_path) as page:
        page.open((site / "architecture.html").as_uri())
        page.wait_for("Where to change what")
        page.wait_until("document.querySelectorAll('div.mermaid').length >= 4")
        page.run(f"{SEARCH}.click(), {SEARCH}.focus()")
        page.write("PERCLOS")
        page.wait_for("matching documents")
        assert not foreign(page.asked)
        assert not page.errors
