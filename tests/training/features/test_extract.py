"""A data set of real clips to features: the same as in a replay, resumed, sharded, damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from media_maker import make_media

from edge.affect.feature_schema import description
from edge.affect.fusion_model import UtteranceFeatures, expect_hidden
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.config import Config
from edge.runtime.pipeline import Pipeline, replay_file
from training import FeatureExtraction, MSA_run, get_config
from training.features.cli import convert_features, features, merge_features
from training.features.clip import ClipReader
from training.features.dataset import Features, FeaturesError
from training.features.mmsa import read_mmsa

pytestmark = pytest.mark.bundle

HEAD = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"
ROWS = (
    "made,1,I am so happy today,0.8,0.8,0.0,0.0,Positive,train\n"
    "made,2,太累了，我快撑不住了,-0.6,-0.6,0.0,,Negative,valid\n"
    "made,3,damaged,0.2,0,0,0,Positive,test\n"
    "made,4,The next stop is the station,0.0,0,0,0,Neutral,test\n"
)


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    opened = Bundle(bundle_dir)
    try:
        expect_hidden(opened)
    except BundleError as error:
        pytest.skip(str(error))
    return opened


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips that show nobody and hold a tone: the words are all there is to learn from, and quick to compute."""
    folder = tmp_path_factory.mktemp("sims")
    clips = folder / "Raw" / "made"
    clips.mkdir(parents=True)
    for index in (1, 2, 4):
        make_media(clips / f"{index}.mp4", video_s=0.2 * index, sound_s=0.2 * index)
    (clips / "3.mp4").write_bytes((clips / "4.mp4").read_bytes()[:900])
    (folder / "label.csv").write_text(HEAD + ROWS, encoding="utf-8")
    return folder


def test_the_three_lines_of_the_published_system_run_as_printed(
    bundle: Bundle, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "CH-SIMS").symlink_to(dataset)
    monkeypatch.chdir(tmp_path)
    config = {"bundle": str(bundle.folder)}
    with (dataset / "label.csv").open(encoding="utf-8") as stream:
        assert "test" in stream.read()

    FeatureExtraction(config).run_dataset(dataset_dir="CH-SIMS", out_file="feature.pkl", num_workers=1)
    config = get_config("lf_dnn", "sims")
    config["training"].update(epochs=1, batch_size=2)
    figures = MSA_run("lf_dnn", "sims", config=config, custom_feature="feature.pkl", seeds=[1111])

    assert MSA_run("lf_dnn", "sims", config=config, custom_feature="feature.pkl", seeds=[1111]) == figures
    written = read_mmsa(tmp_path / "feature.pkl")
    assert written.split.tolist() == ["train", "valid", "test"]
    assert written.meta["features"] == description()  # so that words are pooled as the box's


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(features, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def whole(dataset: Path, bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "f.npz"
    run(dataset, "--bundle", bundle.folder, "--out", out, code=1)
    return out


def test_every_clip_that_can_be_read_is_a_row_and_the_other_is_named(whole: Path, dataset: Path) -> None:
    read = Features.load(whole)
    assert read.id.tolist() == ["made$_$1", "made$_$2", "made$_$4"] and read.split.tolist() == [
        "train",
        "valid",
        "test",
    ]
    assert read.presence[:, 0].tolist() == [1, 1, 1] and read.presence[:, 2].tolist() == [0, 0, 0]
    assert read.text[0, 0, -1] > 0.3 > -0.3 > read.text[1, 0, -1], "the last column is the words' sentiment"
    assert np.isnan(read.label_V[1]) and read.raw_text[1] == "太累了，我快撑不住了"
    (line,) = whole.with_name("f.errors.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert line.startswith(f"{dataset / 'label.csv'},4,") and "3.mp4" in line
    card = whole.with_suffix(".md").read_text(encoding="utf-8")
    assert "3 samples" in card and read.meta["features"]["digest"] in card


def test_an_interrupted_run_goes_on_with_what_is_left(whole: Path, dataset: Path, bundle: Bundle) -> None:
    before = whole.read_bytes()
    lost = sorted(whole.with_name("f.clips").iterdir())[0]
    lost.write_bytes(lost.read_bytes()[:100])
    said = run(dataset, "--bundle", bundle.folder, "--out", whole, code=1)
    assert "3 samples (2 from an earlier run)" in said
    assert _same(before, whole)


def _same(before: bytes, path: Path) -> bool:
    (path.parent / "before.npz").write_bytes(before)
    one, two = Features.load(path.parent / "before.npz"), Features.load(path)
    return all(
        getattr(one, name).tobytes() == getattr(two, name).tobytes() for name in ("text", "audio", "label", "id")
    )


def test_shards_merge_to_the_whole_and_convert_to_mmsa(
    whole: Path, dataset: Path, bundle: Bundle, tmp_path: Path
) -> None:
    sound = tmp_path / "sound"
    sound.mkdir()
    (sound / "Raw").symlink_to(dataset / "Raw")
    rows = [row for row in ROWS.splitlines(keepends=True) if "damaged" not in row]
    (sound / "label.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    parts = [tmp_path / f"{index}.npz" for index in (1, 2)]
    for index, part in enumerate(parts, 1):
        shutil.copytree(whole.with_name("f.clips"), part.with_suffix(".clips"))
        said = run(sound, "--bundle", bundle.folder, "--out", part, "--shard", f"{index}/2")
        assert f"{3 - index} samples ({3 - index} from an earlier run)" in said and "merge-features" in said
    assert Features.load(parts[0]).id.tolist() == ["made$_$1", "made$_$4"]
    assert Features.load(parts[1]).meta["shard"] == "2/2"
    merged = CliRunner().invoke(merge_features, [*map(str, parts), "--out", str(tmp_path / "all.npz")])
    assert merged.exit_code == 0, merged.output
    assert sorted(Features.load(tmp_path / "all.npz").id) == sorted(Features.load(whole).id)
    for source, target in (("all.npz", "all.pkl"), ("all.pkl", "again.npz")):
        done = CliRunner().invoke(convert_features, [str(tmp_path / source), str(tmp_path / target)])
        assert done.exit_code == 0, done.output
    one, two = Features.load(tmp_path / "all.npz"), Features.load(tmp_path / "again.npz")
    order = np.argsort(one.id), np.argsort(two.id)
    np.testing.assert_array_equal(one.text[order[0]], two.text[order[1]])


def test_wrong_usage_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    for arguments, said in (
        (["--shard", "17/16"], "no part of a whole"),
        (["--workers", "many"], "neither a number"),
        (["--out", "f.csv"], "must end in .npz"),
    ):
        told = [tmp_path, "--bundle", tmp_path, "--out", "f.npz", *arguments]
        assert said in run(*told, code=2)


class _Sink(list):  # type: ignore[type-arg]
    write = list.append


@pytest.mark.data
def test_a_clip_analysed_here_and_by_replay_gives_identical_features(bundle: Bundle, data_dir: Path) -> None:
    clip = data_dir / "clips" / "grid" / "bbaf2n.mpg"
    reader = ClipReader(bundle, transcribe=True)
    ours = reader.read(clip)
    config = Config(purpose="research", consent="recorded")
    replayed: list[UtteranceFeatures] = []
    replay_file(clip, Pipeline(bundle, config, "run", reader.words, replayed.append), [_Sink()])
    (theirs,) = replayed
    assert ours.text and ours.utterances == 1
    assert (ours.features.start_s, ours.features.end_s) == (theirs.start_s, theirs.end_s)
    for name in ("text", "audio", "vision"):
        one, two = getattr(ours.features, name), getattr(theirs, name)
        assert one is not None and one.tobytes() == two.tobytes(), name


def test_a_clip_without_face_voice_and_words_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    make_media(tmp_path / "empty.mp4", video_s=0.4, sound_s=0.0)
    with pytest.raises(FeaturesError, match=r"empty\.mp4: shows no face, holds no voice and has no text"):
        ClipReader(bundle, transcribe=False).read(tmp_path / "empty.mp4")
