from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_recording import drive, write_jsonl

from edge.cli.main import main
from edge.dashboard.report.writer import BROWSERS, PrintError, print_page


def report(*words: object) -> Result:
    result = CliRunner().invoke(main, ["report", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium to print with")
def test_the_pdf_is_a4_with_drawn_charts_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive())
    result = report(path, "--pdf", "--lang", "zh")
    assert result.exit_code == 0, result.output
    content = (tmp_path / "talk.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", content)
    assert sizes and all((round(float(w)), round(float(h))) in {(595, 842), (596, 842), (595, 841)} for w, h in sizes)
    assert {item.name for item in tmp_path.iterdir()} == {"talk.jsonl", "talk.pdf"}


def test_without_a_browser_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive())
    monkeypatch.setenv("PATH", str(tmp_path))
    result = report(path, "--pdf")
    assert result.exit_code == 1
    assert "apt install chromium" in result.output and "--html" in result.output
    assert {item.name for item in tmp_path.iterdir()} == {"talk.jsonl"}


def test_a_browser_that_cannot_be_started_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chromium"
    broken.write_bytes(b"\x7fELF of another machine")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrintError, match="Exec format error"):
        print_page("<p>hello</p>", tmp_path)


def test_a_browser_that_fails_is_told_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho cannot open display >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(PrintError, match="cannot open display"):
        print_page("<p>hello</p>", tmp_path)
    assert {item.name for item in tmp_path.iterdir()} == {"chromium"}


def _fontless(folder: Path) -> None:
    """A browser that would print, and a fontconfig that knows no font."""
    for name, says in (("chromium", "exit 1"), ("fc-list", "exit 0")):
        (folder / name).write_text(f"#!/bin/sh\n{says}\n")
        (folder / name).chmod(0o755)


def test_without_a_chinese_font_the_package_is_named_and_no_boxes_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive("早上好"))
    _fontless(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = report(path, "--pdf")
    assert result.exit_code == 1
    assert "apt install fonts-noto-cjk" in result.output
    assert not (tmp_path / "talk.pdf").exists()


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium to print with")
def test_a_relative_place_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(tmp_path / "talk.jsonl", drive())
    monkeypatch.chdir(tmp_path)
    result = report("talk.jsonl", "--pdf", "--out", "night/talk.pdf")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "night" / "talk.pdf").read_bytes().startswith(b"%PDF-")
