from __future__ import annotations

import numpy as np
import pytest
from wav_files import write_wav

from edge.messages import SAMPLE_RATE_HZ
from export.role_build import BuildError
from export.sample_speech import character_errors, read_spoken, tone_sweep


def test_a_list_is_read_relative_to_its_folder(tmp_path):
    write_wav(tmp_path / "one.wav", tone_sweep(0.5))
    (tmp_path / "list.tsv").write_text("one.wav\t你好\n\none.wav\thello\n", encoding="utf-8")
    spoken = read_spoken(str(tmp_path / "list.tsv"))
    assert [one.text for one in spoken] == ["你好", "hello"]
    np.testing.assert_allclose(spoken[0].samples, tone_sweep(0.5), atol=1e-4)
    assert len(spoken[0].samples) == SAMPLE_RATE_HZ // 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\n", "lists no recording"),
        ("good.wav\tyes\ngood.wav\n", r"list\.tsv, row 2: 'good\.wav' has no text"),
        ("good.wav\tyes\nmissing.wav\tno\n", r"row 2: .*missing\.wav holds no sound"),
        ("list.tsv\tno\n", r"row 1: .*list\.tsv holds no sound"),
    ],
)
def test_a_bad_list_is_refused_with_its_row(tmp_path, content, words):
    write_wav(tmp_path / "good.wav", tone_sweep(0.5))
    (tmp_path / "list.tsv").write_text(content)
    with pytest.raises(BuildError, match=words):
        read_spoken(str(tmp_path / "list.tsv"))


def test_edits_are_counted_over_all_characters():
    found = character_errors([("开车慢点", "開車慢點!"), ("One two", "one too")])
    assert (found.edits, found.lengths, float(found)) == ([0, 1], [4, 6], pytest.approx(1 / 10))
    with pytest.raises(BuildError, match="neither letter nor digit"):
        character_errors([("...", "a")])
