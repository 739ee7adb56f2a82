"""`emvas analyze` on real and made recordings."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from empty_bundle import make_empty_bundle
from joined_clips import join_clips
from media_maker import make_media

from edge.cli.main import main

DESK = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"


def analyze(*words: object, config: Path = DESK) -> Result:
    result = CliRunner().invoke(main, ["analyze", *map(str, words), "--config", str(config)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_empty_bundle(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_media(tmp_path / "clip.mp4", video_s=1, sound_s=1)


def page(path: Path) -> str:
    return html.unescape(path.read_text(encoding="utf-8").split("</head>")[1])


def test_a_damaged_file_among_several_is_told_and_the_rest_goes_on(bundle: Path, clip: Path, tmp_path: Path) -> None:
    letter, none, out = tmp_path / "letter.mp4", tmp_path / "none.mp4", tmp_path / "out"
    letter.write_text("dear friend\n" * 100)
    result = analyze(letter, none, clip, "--bundle", bundle, "--out", out, "--json", "--csv")
    assert result.exit_code == 1
    bad, missing, good = json.loads(result.stdout)
    assert "no video or sound file" in bad["faults"][0] and bad["jsonl"] is None
    assert "no such file" in missing["faults"][0] and "pages" not in missing
    assert good["faults"] == [] and good["report"]["length_s"] == pytest.approx(1.0, abs=0.1)
    names = {"letter.html", "letter.csv", "clip.html", "clip.csv", "clip.jsonl"}
    of_all = {"index.html", "recordings.xlsx", "recordings.csv", "events.csv"}
    assert {path.name for path in out.iterdir() if path.is_file()} == names | of_all
    assert "could not be read completely" in page(out / "letter.html")


def test_the_summary_table_and_the_next_step_are_shown(bundle: Path, clip: Path, tmp_path: Path) -> None:
    result = analyze(clip, "--bundle", bundle, "--out", tmp_path / "out")
    assert result.exit_code == 0
    for words in (
        "No transcripts are written: the bundle has no asr",
        "utterances",
        "clip.mp4",
        "Next: open in a browser",
        "clip.html",
    ):
        assert words in result.output, words


def test_what_it_writes_is_what_replay_and_report_write(bundle: Path, clip: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert analyze(clip, "--bundle", bundle, "--out", one).exit_code == 0
    replayed = CliRunner().invoke(
        main, ["replay", str(clip), "--bundle", str(bundle), "--config", str(DESK), "--out", str(two)]
    )
    assert replayed.exit_code == 0
    assert CliRunner().invoke(main, ["report", str(two / "clip.jsonl")]).exit_code == 0
    for name in ("clip.jsonl", "clip.html"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_purpose_without_words_says_so(bundle: Path, clip: Path, tmp_path: Path) -> None:
    result = analyze(clip, "--bundle", bundle, "--out", tmp_path, config=DESK.with_name("bus-cab.yaml"))
    assert "does not permit transcripts" in result.output


@pytest.mark.bundle
@pytest.mark.data
def test_every_line_of_two_speakers_is_in_the_report_and_what_is_missing_is_said(
    bundle_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    grid = data_dir / "clips" / "grid"
    pair = [grid / "bbaf2n.mpg", grid / "swiz3n.mpg"]
    starts_s = join_clips(tmp_path / "two.mkv", pair)
    join_clips(tmp_path / "silent.mkv", pair[:1], sound=False)
    join_clips(tmp_path / "faceless.mkv", pair[:1], picture=False)
    files = [tmp_path / f"{name}.mkv" for name in ("two", "silent", "faceless")]
    result = analyze(*files, "--bundle", bundle_dir, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0
    two, silent, faceless = (entry["report"] for entry in json.loads(result.stdout))

    assert len(two["utterances"]) == len(pair), "the last one counts too"
    for line, start_s in zip(two["utterances"], starts_s, strict=True):
        assert start_s <= line["start_s"] < line["end_s"] <= start_s + 3.1, "the time is the video's"
        assert line["words"] and line["score"] is not None
        assert line["words"] in page(tmp_path / "out" / "two.html")
    assert silent["utterances"] == [] and silent["usable_ratio"] > 0.9
    assert "No speech is on record" in page(tmp_path / "out" / "silent.html")
    assert faceless["usable_ratio"] == 0 and len(faceless["utterances"]) == 1
    assert "No face could be judged" in page(tmp_path / "out" / "faceless.html")
