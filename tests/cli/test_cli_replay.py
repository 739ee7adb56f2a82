from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from empty_bundle import make_empty_bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_maker import make_media

from edge.cli.main import main

DESK = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"


def replay(*words: object, config: Path = DESK) -> Result:
    result = CliRunner().invoke(main, ["replay", *map(str, words), "--config", str(config)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_empty_bundle(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_media(tmp_path / "clip.mp4", video_s=1, sound_s=1)


def test_each_file_becomes_a_jsonl_and_the_next_step_is_named(bundle: Path, clip: Path, tmp_path: Path) -> None:
    other = make_media(tmp_path / "tone.wav", video_s=0, sound_s=1, codecs=("", "pcm_s16le"))
    result = replay(clip, other, "--bundle", bundle, "--out", tmp_path / "new" / "out")
    assert result.exit_code == 0
    assert "emvas report" in result.output
    for stem in ("clip", "tone"):
        found = records(tmp_path / "new" / "out" / f"{stem}.jsonl")
        assert all({"kind", "t_s"} <= set(record) for record in found)
        assert found[-1]["kind"] == "summary"
    absent = {r["source"] for r in records(tmp_path / "new" / "out" / "tone.jsonl") if r.get("state") == "absent"}
    assert "camera" in absent


def test_the_same_stem_twice_keeps_both(bundle: Path, clip: Path, tmp_path: Path) -> None:
    other = make_media(tmp_path / "clip.wav", video_s=0, sound_s=1, codecs=("", "pcm_s16le"))
    result = replay(clip, other, "--bundle", bundle, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"clip.mp4.jsonl", "clip.wav.jsonl"}


def test_a_file_that_fails_does_not_stop_the_others(bundle: Path, clip: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("dear friend\n" * 100)
    result = replay(letter, tmp_path / "none.mp4", clip, "--bundle", bundle, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip.jsonl"]
    told = json.loads(result.stdout)
    assert [bool(entry["faults"]) for entry in told] == [True, True, False]
    assert [entry["jsonl"] is None for entry in told] == [True, True, False]
    assert told[2]["frames"] == 25
    assert "no such file" in told[1]["faults"][0]


def test_a_cut_off_video_is_read_as_far_as_it_goes_and_named(bundle: Path, tmp_path: Path) -> None:
    clip = make_media(tmp_path / "clip.mkv", video_s=6, sound_s=6)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    result = replay(clip, "--bundle", bundle, "--jsonl", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    assert "cut off or damaged" in result.output
    assert any(record["kind"] == "source" and record["state"] == "lost" for record in records(tmp_path / "out.jsonl"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.mp4"], "say where to write"),
        (["a.mp4", "--out", "o", "--jsonl", "j"], "say where to write"),
        (["a.mp4", "b.mp4", "--jsonl", "j"], "takes one file"),
        (["a.mp4", "a.mp4", "--out", "o"], "given twice"),
        (["x/z/a.mp4", "y/z/a.mp4", "--out", "o"], "overwrite"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_done(words: list[str], sentence: str) -> None:
    result = replay(*words)
    assert result.exit_code == 2
    assert sentence in result.output


def test_broken_surroundings_are_a_sentence(bundle: Path, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("purpose: driver-safty\n")
    result = replay(clip, "--bundle", bundle, "--out", tmp_path / "out", config=broken)
    assert result.exit_code == 1
    assert f"{broken}:1:" in result.output
    result = replay(clip, "--bundle", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "is not a bundle" in result.output
    result = replay(clip, "--bundle", bundle, "--out", clip / "inside")
    assert result.exit_code == 1
    assert "folder" in result.output


def test_a_purpose_that_withholds_words_says_so(bundle: Path, clip: Path, tmp_path: Path) -> None:
    result = replay(clip, "--bundle", bundle, "--out", tmp_path, config=DESK.with_name("bus-cab.yaml"))
    assert "driver-safety does not permit transcripts" in result.output


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_video_cut_anywhere_gives_no_traceback(bundle: Path, clip: Path, tmp_path: Path, share: float) -> None:
    cut = tmp_path / "cut.mp4"
    content = clip.read_bytes()
    cut.write_bytes(content[: round(share * len(content))])
    result = replay(cut, "--bundle", bundle, "--out", tmp_path / "cut")
    assert result.exit_code in ({0} if share == 1 else {0, 1})


@pytest.mark.bundle
@pytest.mark.data
def test_replayed_twice_it_is_the_same_to_the_byte(bundle_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    grid = data_dir / "clips" / "grid"
    clips = [grid / "bbaf2n.mpg", grid / "swiz3n.mpg"]
    for run, order in (("one", clips), ("two", clips[::-1])):
        assert replay(*order, "--bundle", bundle_dir, "--out", tmp_path / run).exit_code == 0
    for clip in clips:
        one, two = (tmp_path / run / f"{clip.stem}.jsonl" for run in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
        assert len(one.read_bytes()) > 1000
