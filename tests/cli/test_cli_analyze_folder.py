"""`emvas analyze` on a folder: research with recorded consent, several at a time, and nothing done twice."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from empty_bundle import make_empty_bundle
from media_maker import make_media

from edge.cli.main import main


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_empty_bundle(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three interviews, two of one name in different weeks, and notes that are no recording."""
    made = make_media(tmp_path / "made.mp4", video_s=1, sound_s=1)
    for place in ("week-1/anna.mp4", "week-2/anna.mp4", "week-2/li.mp4"):
        (tmp_path / "interviews" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, tmp_path / "interviews" / place)
    (tmp_path / "interviews" / "notes.txt").write_text("Anna came late.")
    return tmp_path / "interviews"


def analyze(*words: object, answer: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["analyze", *map(str, words)], input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def names(out: Path) -> set[str]:
    return {path.name for path in out.glob("*.html")}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("processes", [1, 2])
def test_a_folder_is_one_page_and_one_table(folder: Path, bundle: Path, tmp_path: Path, processes: int) -> None:
    out = tmp_path / "out"
    result = analyze(folder, "--out", out, "--bundle", bundle, "--consent", "--processes", processes)
    assert result.exit_code == 0, result.output
    assert names(out) == {"index.html", "week-1-anna.mp4.html", "week-2-anna.mp4.html", "li.html"}
    assert "index.html" in result.output.split("Next:")[1]
    assert [row["recording"] for row in table(out / "recordings.csv")] == ["week-1-anna.mp4", "week-2-anna.mp4", "li"]
    assert zipfile.ZipFile(out / "recordings.xlsx").testzip() is None


def test_consent_is_asked_once_and_written_down(folder: Path, bundle: Path, tmp_path: Path) -> None:
    """A script cannot be asked; who says yes stands in the folder of the reports, and is not asked again."""
    out = tmp_path / "out"
    refused = analyze(folder, "--out", out, "--bundle", bundle, answer="y\n")
    assert refused.exit_code == 2 and "--consent" in refused.output
    assert names(out) == set()
    assert analyze(folder / "week-1", "--out", out, "--bundle", bundle, "--consent").exit_code == 0
    told = json.loads((out / "consent.json").read_text())
    assert "agreed in writing" in told["statement"] and told["said_by"] and told["time"]
    assert analyze(folder / "week-1", "--out", out, "--bundle", bundle).exit_code == 0


def test_what_is_done_is_not_done_again(folder: Path, bundle: Path, tmp_path: Path) -> None:
    """Li's recording comes later, then Anna's is cut anew, then somebody deletes a file."""
    out, later = tmp_path / "out", tmp_path / "li.mp4"
    (folder / "week-2" / "li.mp4").rename(later)
    words = (folder, "--out", out, "--bundle", bundle, "--consent")
    assert "done already" not in analyze(*words).output
    later.rename(folder / "week-2" / "li.mp4")
    assert "2 of 3 are finished already" in analyze(*words).output
    assert "3 of 3 are finished already" in analyze(*words, "--lang", "zh").output
    make_media(folder / "week-1" / "anna.mp4", video_s=2, sound_s=1)
    assert "2 of 3 are finished already" in analyze(*words).output
    (out / "li.jsonl").unlink()
    assert "2 of 3 are finished already" in analyze(*words).output
    assert "done already" not in analyze(*words, "--picture-stream", 1).output


def test_an_empty_folder_is_a_sentence(bundle: Path, tmp_path: Path) -> None:
    result = analyze(tmp_path, "--out", tmp_path / "out", "--bundle", bundle, "--consent")
    assert result.exit_code == 2
    assert "this folder has no recording" in result.output
