from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bundle

_PROBE = """
import sys
from pathlib import Path
from edge.bundle.manifest import read_manifest
from edge.text.sentiment import MOST_TOKENS, PREFIX
from edge.text.sentiment import TextTokenizer
from edge.text.sentiment import Unigram
folder = Path(sys.argv[1])
role = read_manifest(folder).roles["text"]
normalizer, trie, scores = (folder / role.tables[name].file for name in ("normalizer", "pieces", "scores"))
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
before = resident()
settings = role.preprocessing
pieces = Unigram(trie, scores, settings["unknown_id"], settings["unknown_score"])
tokenizer = TextTokenizer(normalizer, pieces, settings["first_id"], settings["last_id"])
print(*tokenizer.ids(PREFIX + "你开得太快了，我害怕。", MOST_TOKENS))
print((resident() - before) >> 20)
"""


def test_a_tokenizer_of_250_000_pieces_takes_little_memory(bundle_dir: Path) -> None:
    """`tokenizers` takes 282 MB for the same numbers."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, str(bundle_dir)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert done[0] == "0 41 1294 12 73675 4185 180750 4771 274 4 631 86578 30 2"
    assert int(done[1]) < 30
