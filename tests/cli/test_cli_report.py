"""The report of real files, read as a person and as a browser would."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from browser import browser, foreign, named_hosts
from click.testing import CliRunner, Result
from made_recording import LENGTH_S, drive, write_jsonl
from mqtt_helpers import until

from edge.cli.main import main
from edge.messages import Affect, Face, Message, Source, Speech, Transcript

HOSTILE = "</script><script>document.title='taken'</script><b>{{ 7*7 }}</b>"


def report(*words: object) -> Result:
    result = CliRunner().invoke(main, ["report", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def page_of(folder: Path, messages: list[Message], *words: str) -> str:
    target = folder / "new" / "page.html"
    result = report(write_jsonl(folder / "talk.jsonl", messages), "--out", target, *words)
    assert result.exit_code == 0, result.output
    return target.read_text(encoding="utf-8")


def readable(page: str) -> str:
    """The page without its scripts."""
    return html.unescape("".join(part.rpartition("</script>")[2] for part in page.split("<script")))


def test_the_report_tells_the_drive(tmp_path: Path) -> None:
    text = readable(page_of(tmp_path, drive("see you soon")))
    for words in ("critical", "microsleep", "2.7 s", "closed for 2.4 s", "not ended", "see you soon", "96 %"):
        assert words in text, words
    for words in ("text sentiment absent", "camera lost", "no picture for 2 s", "not a diagnosis", "medical device"):
        assert words in text, words


def test_what_is_said_cannot_become_markup(tmp_path: Path) -> None:
    page = page_of(tmp_path, [*drive(HOSTILE), Source(0.0, HOSTILE, "absent", HOSTILE)])
    assert "<script>document" not in page
    assert "<b>" not in page.replace("<b>{{", "!").split("ev-tiles")[0]
    assert "</script><script>document" not in page
    assert "49</b>" not in page


def test_the_page_works_in_a_browser_without_any_network(tmp_path: Path) -> None:
    page_of(tmp_path, drive(HOSTILE))
    with browser(tmp_path) as tab:
        tab.open((tmp_path / "new" / "page.html").as_uri())
        tab.wait_for("Affect score")
        assert tab.run("document.querySelectorAll('.ev-chart > div > svg').length") == 3
        assert tab.run("document.title") == "talk · Report"
        assert foreign(tab.asked) == set()
        assert tab.errors == []


def test_the_page_names_no_other_machine(tmp_path: Path) -> None:
    page = page_of(tmp_path, drive())
    assert named_hosts(page) == set()
    assert 'src="' not in page


def test_words_stand_there_only_where_they_are_on_record(tmp_path: Path) -> None:
    assert "see you" in readable(page_of(tmp_path, drive("see you")))
    silent = [message for message in drive("see you") if not isinstance(message, Transcript)]
    text = readable(page_of(tmp_path, silent))
    assert "see you" not in text
    assert text.count("(words not on record)") == 4


def test_the_report_is_chinese_when_asked(tmp_path: Path) -> None:
    page = page_of(tmp_path, drive(), "--lang", "zh")
    assert '<html lang="zh">' in page
    assert "微睡眠" in page
    assert "不是医疗器械" in page


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ((Face,), "No faces are on record"),
        ((Speech, Transcript), "No speech is on record"),
        ((Affect,), "No affect is on record"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, left_out: tuple[type[Message], ...], sentence: str) -> None:
    assert sentence not in readable(page_of(tmp_path, drive()))
    assert sentence in readable(page_of(tmp_path, [m for m in drive() if not isinstance(m, left_out)]))


def test_a_recording_without_a_face_claims_nothing_about_eyes(tmp_path: Path) -> None:
    text = readable(page_of(tmp_path, [Face(float(t_s)) for t_s in range(10)]))
    assert "No face could be judged" in text
    assert "unknown" in text
    assert "no face: 100 %" in text


def test_an_empty_file_gives_a_report_that_says_so(tmp_path: Path) -> None:
    assert "holds no records" in readable(page_of(tmp_path, []))


def test_the_figures_are_json_on_stdout_and_no_page_is_left(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive())
    result = report(path, "--json")
    (figures,) = json.loads(result.stdout)
    assert figures["file"] == str(path)
    assert figures["length_s"] == LENGTH_S
    assert figures["closures"] == {"microsleep": 1}
    assert figures["level_s"] == {"none": 91.0, "advisory": 27.0, "critical": 2.0}
    assert [alert["duration_s"] for alert in figures["alerts"]] == [2.7, 2.0]
    assert list(tmp_path.iterdir()) == [path]


def test_several_files_get_a_page_beside_each(tmp_path: Path) -> None:
    paths = [write_jsonl(tmp_path / f"{name}.jsonl", drive()) for name in "ab"]
    assert report(*paths).exit_code == 0
    assert {path.name for path in tmp_path.glob("*.html")} == {"a.html", "b.html"}
    assert report(*paths, "--out", tmp_path / "c.html").exit_code == 2


def test_a_damaged_line_is_told_with_file_and_number(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive()[:3])
    with path.open("a") as stream:
        stream.write('{"kind":"face","t_s":')
    result = report(path, "--out", tmp_path / "page.html")
    assert result.exit_code == 1
    assert f"{path}:4: not a JSON object" in result.output
    assert not (tmp_path / "page.html").exists()


def test_a_missing_file_and_a_folder_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    assert "there is no such file" in report(tmp_path / "none.jsonl").output
    path = write_jsonl(tmp_path / "talk.jsonl", drive())
    result = report(path, "--out", path / "page.html")
    assert result.exit_code == 1
    assert "choose a place that can be written" in result.output


def test_each_form_that_is_asked_for_is_made_and_no_other(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive())
    assert report(path, "--html", "--csv").exit_code == 0
    assert {item.name for item in tmp_path.iterdir()} == {"talk.jsonl", "talk.html", "talk.csv"}
    assert report(path, "--csv", "--html", "--out", tmp_path / "x").exit_code == 2
    assert report(path, "--csv", "--out", tmp_path / "x.csv").exit_code == 0
    assert (tmp_path / "x.csv").read_bytes().startswith("\ufeffevent,time".encode())


def test_the_page_fits_phone_screen_and_paper(tmp_path: Path) -> None:
    page_of(tmp_path, drive("a sentence of some length that needs more than one line on a phone"))
    width = "Number(document.querySelector('#timeline svg').getAttribute('width'))"
    drawn = "[...document.querySelectorAll('.ev-chart')].every(e => e.querySelector('svg')?.clientWidth <= innerWidth)"
    with browser(tmp_path) as tab:
        for width_px in (390, 800, 1280):
            tab.screen(width_px, 900)
            tab.open((tmp_path / "new" / "page.html").as_uri())
            tab.wait_for("Words beside the curve")
            assert tab.run("document.documentElement.scrollWidth") <= width_px
            until(lambda: bool(tab.run(drawn)))
        assert tab.run("document.querySelectorAll('.er-curve svg').length") == 4
        before = tab.run(width)
        tab.run("dispatchEvent(new Event('beforeprint')) && null")
        assert tab.run("document.querySelector('.ev-page').offsetWidth") == 700
        assert tab.run(width) < before
        tab.run("dispatchEvent(new Event('afterprint')) && null")
        assert tab.run(width) == before
