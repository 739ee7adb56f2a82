from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.evaluation.truth import TruthError, load_truth

CLIP = {"path": "a.mp4", "person": "Ada", "closed": [[1.0, 2.0, 0.9]]}


def written(folder: Path, content: object) -> Path:
    (folder / "a.mp4").touch()
    path = folder / "truth.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_it_reads_clips_and_stretched_moments(tmp_path: Path) -> None:
    found = load_truth(written(tmp_path, {"clips": {"a": CLIP}, "stretched": [["a", 1.5], ["a", 1.7]]}), tmp_path)
    assert found.clips["a"].closed == [(1.0, 2.0, 0.9)] and found.stretched == {"a": [1.5, 1.7]}
    assert found.clips["a"].away is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ({"clips": {}}, "clips"),
        ({"clips": {"a": {"path": "a.mp4"}}}, "clips.a.person"),
        ({"clips": {"a": CLIP | {"closed": [[2.0, 1.0, 0.9]]}}}, "ends before it begins"),
        ({"clips": {"a": CLIP}, "stretched": [["b", 1.0]]}, "names b, which is none of the clips"),
        ({"clips": {"a": CLIP | {"path": "gone.mp4"}}}, "clip a of"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(tmp_path: Path, content: object, words: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(TruthError, match=words) as caught:
        load_truth(path, tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_truth_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="cannot be read"):
        load_truth(tmp_path / "truth.json", tmp_path)
