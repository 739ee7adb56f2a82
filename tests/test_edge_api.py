"""The public names of `edge`, their signatures, and the examples of docs/api.md."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from empty_bundle import make_empty_bundle
from media_maker import make_media

import edge
from edge import Audio, Bundle, Config, EmvasError, Frame, Pipeline, Source, to_record
from edge.messages import Anomaly, Speech, Transcript, Utterance
from edge.runtime.perception_stages import UtteranceAnalysis

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
SIGNATURES = {
    "Audio": "(t_s: 'float', samples: 'Float32') -> None",
    "Bundle": "(folder: 'Path | str', provider: 'Provider' = 'cpu', threads: 'int' = 1, "
    "engines: 'Path | None' = None) -> 'None'",
    "Frame": "(t_s: 'float', image: 'npt.NDArray[np.uint8]', index: 'int' = 0) -> None",
    "MediaFile": "(path: 'Path | str', choice: 'StreamChoice | None' = None) -> 'None'",
    "MediaFile.read": "(self) -> 'Iterator[Frame | Audio | Source]'",
    "Pipeline": "(bundle: 'Bundle', config: 'Config', session: 'str' = 'run', words: 'LanguageModels | None' = None, "
    "features: 'Callable[[UtteranceFeatures], None] | None' = None) -> 'None'",
    "Pipeline.feed": "(self, item: 'Item') -> 'list[Message]'",
    "Pipeline.finish": "(self, t_s: 'float | None' = None) -> 'list[Message]'",
    "Source": "(t_s: 'float', source: 'str', state: \"Literal['ok', 'lost', 'absent']\", detail: 'str' = '') -> None",
    "Speed": "(t_s: 'float', speed_kmh: 'float') -> None",
    "load_config": "(path: 'Path | str') -> 'Config'",
    "to_record": "(message: 'Message') -> 'dict[str, Any]'",
}
"""Stable: what stands here is what other people's programs call."""
GREY = np.full((48, 64, 3), 127, np.uint8)


@pytest.fixture
def empty(tmp_path: Path) -> Bundle:
    return Bundle(make_empty_bundle(tmp_path / "bundle"))


def research() -> Config:
    return Config(purpose="research", consent="recorded")


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_public_signature_stays_as_it_is(name: str) -> None:
    found: object = edge
    for part in name.split("."):
        found = getattr(found, part)
    assert str(inspect.signature(found)) == SIGNATURES[name]  # type: ignore[arg-type]


def test_the_public_names_are_those_of_the_guide() -> None:
    listed = GUIDE.split("## Public names")[1].split(";")[0]
    assert re.findall(r"`(\w+)`", listed) == edge.__all__
    assert set(edge.__all__) <= set(dir(edge))
    with pytest.raises(AttributeError, match="it has Audio, Bundle"):
        edge.Camera  # noqa: B018


def test_importing_edge_alone_loads_nothing() -> None:
    script = "import sys, edge; print([m for m in sys.modules if m.startswith(('edge.', 'numpy', 'onnx', 'av'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['edge.process']\n", "which itself loads nothing"


@pytest.mark.bundle
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_guide_runs(
    number: int, bundle_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "bundle").symlink_to(bundle_dir)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    make_media(tmp_path / "clip.mp4", video_s=1, sound_s=1)
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLES[number], f"docs/api.md, example {number + 1}", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (Frame(0.0, np.zeros((48, 64), np.uint8)), "give BGR uint8"),
        (Frame(0.0, np.zeros((48, 64, 3), np.float32)), "is float32"),
        (Frame(0.0, np.zeros((0, 64, 3), np.uint8)), "give BGR uint8"),
        (Frame(float("nan"), GREY), "t_s is nan"),
        (Audio(0.0, np.zeros(512)), "mono float32"),  # type: ignore[arg-type]
        (Audio(0.0, np.zeros((2, 512), np.float32)), r"shape \(2, 512\)"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(empty: Bundle, item: Frame | Audio, sentence: str) -> None:
    with Pipeline(empty, research()) as pipeline, pytest.raises(EmvasError, match=sentence):
        pipeline.feed(item)


def test_frames_go_forward_and_a_finished_run_takes_nothing(empty: Bundle) -> None:
    with Pipeline(empty, research()) as pipeline:
        pipeline.feed(Frame(1.0, GREY))
        with pytest.raises(EmvasError, match="in order"):
            pipeline.feed(Frame(1.0, GREY))
        assert pipeline.finish()[-1].t_s == 1.0, "the run ends where its last item ended"
        with pytest.raises(EmvasError, match="finished"):
            pipeline.feed(Frame(2.0, GREY))
        with pytest.raises(EmvasError, match="finished"):
            pipeline.finish()
    with Pipeline(empty, research()) as left:
        pass
    with pytest.raises(EmvasError, match="finished"):
        left.feed(Frame(0.0, GREY))


def test_a_word_about_a_source_comes_out(empty: Bundle) -> None:
    with Pipeline(empty, research()) as pipeline:
        told = [to_record(message) for message in pipeline.feed(Source(3.0, "camera", "lost", "unplugged"))]
    assert {"kind": "source", "t_s": 3.0, "source": "camera", "state": "lost", "detail": "unplugged"} in told


@pytest.mark.parametrize(("purpose", "kept"), [("research", True), ("driver-safety", False)])
def test_words_come_out_only_where_the_purpose_permits(empty: Bundle, purpose: str, kept: bool) -> None:
    class OneUtterance:
        """Stands for the models: one utterance is always heard and understood."""

        speaking = False

        def see(self, _: Frame) -> list[object]:
            return []

        def hear(self, audio: Audio) -> list[Utterance]:
            return [Utterance(0.0, 1.0, audio.samples)]

        def sounds(self) -> list[Anomaly]:
            return []

        def understand(self, utterance: Utterance) -> UtteranceAnalysis:
            return UtteranceAnalysis(utterance, Transcript(1.0, 0.0, 1.0, "a secret", "en", 0.9))

    pipeline = Pipeline(empty, Config(purpose=purpose, consent="recorded"))
    pipeline._perception = OneUtterance()  # type: ignore[assignment]
    messages = pipeline.feed(Audio(0.0, np.zeros(512, np.float32)))
    assert any(isinstance(message, Speech) for message in messages)
    assert any(isinstance(message, Transcript) for message in messages) is kept
    assert ("secret" in str(messages)) is kept
