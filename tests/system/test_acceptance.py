"""What the box is asked to find in real clips, through the real command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.alerts.condition import DROWSINESS, MICROSLEEP
from edge.cli.main import main

DESK = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"
GRID = [
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {},
    {"z": "0"} | {str(digit): str(digit) for digit in range(1, 10)},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
]
"""The GRID corpus names a clip by its sentence, one character a word (Cooke et al. 2006)."""
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {word: str(digit) for digit, word in enumerate(NUMBERS)}


def sentence(stem: str) -> list[str]:
    return [table.get(letter, letter) for letter, table in zip(stem, GRID, strict=True)]


def heard(text: str) -> list[str]:
    return [DIGITS.get(word, word) for word in re.findall(r"[a-z]+|\d", text.lower())]


@pytest.fixture(scope="module")
def replayed(
    bundle_dir: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, object]]]:
    out = tmp_path_factory.mktemp("replayed")
    clips = [*sorted((data_dir / "clips" / "grid").glob("*.mpg")), data_dir / "clips" / "facelost" / "face_noface.mov"]
    words = ["replay", *map(str, clips), "--bundle", str(bundle_dir), "--config", str(DESK), "--out", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return {path.stem: [json.loads(line) for line in path.open(encoding="utf-8")] for path in out.glob("*.jsonl")}


@pytest.mark.bundle
@pytest.mark.data
@pytest.mark.parametrize("stem", ["bbaf2n", "brbk7n", "lbbc2a", "pwij3p", "swiz3n"])
def test_a_speaker_is_seen_and_half_the_words_are_understood(
    replayed: dict[str, list[dict[str, object]]], stem: str
) -> None:
    faces = [record for record in replayed[stem] if record["kind"] == "face"]
    assert len(faces) == 75
    assert sum(record["reason"] != "no_face" for record in faces) >= 0.95 * len(faces)
    text = " ".join(str(record["text"]) for record in replayed[stem] if record["kind"] == "transcript")
    spoken = sentence(stem)
    assert sum(word in heard(text) for word in spoken) >= len(spoken) / 2, f"{spoken} was heard as {text!r}"


@pytest.mark.bundle
@pytest.mark.data
def test_a_face_that_leaves_is_unknown_and_no_fatigue(replayed: dict[str, list[dict[str, object]]]) -> None:
    records = replayed["face_noface"]
    gone = [record for record in records if record["kind"] == "face" and record["t_s"] > 3]
    assert gone
    assert all(not record["usable"] and record["openness"] is None and record["reason"] for record in gone)
    alerts = {record["alert"] for record in records if record["kind"] == "alert"}
    assert not alerts & {MICROSLEEP, DROWSINESS}
    assert all(record["level"] == "none" for record in records if record["kind"] == "fatigue")
