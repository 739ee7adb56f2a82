"""The export commands with calibration and evaluation: every variant is judged, and each verdict is on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from empty_bundle import make_empty_bundle
from encoder_folders import make_encoder_folder
from fusion_batches import SMALL

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Role
from edge.cli.main import main
from export.quantize import digest
from training.fusion import checkpoint
from training.fusion.data import Rows
from training.fusion.models import build
from training.synthetic_features import DIMS, trimodal

SPLITS = (30, 10, 20)
VARIANTS = {"fp32", "fp16", "cpu-int8", "trt-int8"}


def emvas_export(*words: object) -> str:
    result = CliRunner().invoke(main, ["export", *map(str, words)])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def check_verdicts(role: Role, screen: str) -> None:
    """Each variant is in the bundle and as good as float32, or refused with its reason on the screen."""
    exact = role.variants["fp32"].measured
    refused = exact["refused"]
    assert set(role.variants) | set(refused) == VARIANTS
    assert not set(role.variants) & set(refused)
    assert screen.count("in the bundle") == len(role.variants)
    assert screen.count("refused: ") == len(refused)
    for variant in role.variants.values():
        task, wanted = variant.measured["task"], exact["task"]["score"]
        worse = task["score"] - wanted if task["better"] == "lower" else wanted - task["score"]
        assert worse <= task["tolerance"]
    assert all(figures["reason"] for figures in refused.values())


@pytest.fixture(scope="module")
def fusion(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a checkpoint of `emvas train fusion`, its features, and the bundle `out`; and what was said."""
    folder = tmp_path_factory.mktemp("fusion")
    torch.manual_seed(2)
    model = build("lmf", DIMS, SMALL["lmf"])
    described: dict[str, Any] = {"model": "lmf", "config": SMALL["lmf"], "dims": DIMS, "features": {"columns": "made"}}
    checkpoint.save(folder / "best.pt", {**described, "state": model.state_dict()})
    trimodal(SPLITS, seed=4).save(folder / "features.npz")
    judged = ("--calibration", folder / "features.npz", "--evaluation", folder / "features.npz")
    sizes = ("--set", "most_frames=8,16,12")
    bundles = ("--into", make_empty_bundle(folder / "base"), "--out", folder / "out")
    return folder, emvas_export("fusion", folder / "best.pt", *judged, *sizes, *bundles)


def test_a_fusion_checkpoint_is_judged_on_the_labels_of_its_test_split(fusion: tuple[Path, str]) -> None:
    folder, screen = fusion
    role = Bundle(folder / "out").role("fusion")
    check_verdicts(role, screen)
    test = Rows.of(trimodal(SPLITS, seed=4).of("test"))
    model = checkpoint.model_of(checkpoint.load(folder / "best.pt"), "best.pt")
    with torch.inference_mode():
        score = model(*test.inputs(torch.arange(len(test)), torch.device("cpu")))["score"]
    task = role.variants["fp32"].measured["task"]
    assert task["samples"] == SPLITS[2]
    assert task["score"] == pytest.approx(float((score - test.label).abs().mean()), abs=1e-4)
    assert role.variants["fp16"].graphs["model"].bytes > 0


def test_a_small_recurrent_fusion_has_no_int8_and_the_table_says_why(fusion: tuple[Path, str]) -> None:
    folder, screen = fusion
    refused = Bundle(folder / "out").role("fusion").variants["fp32"].measured["refused"]
    for name in ("cpu-int8", "trt-int8"):
        assert "no graph of this role has a kind of layers that int8 is made of" in refused[name]["reason"]
    assert "Next: emvas check --bundle" in screen


def test_the_golden_input_is_the_first_clip_of_the_training_split(fusion: tuple[Path, str]) -> None:
    folder, _ = fusion
    features = trimodal(SPLITS, seed=4)
    with np.load(folder / "out" / "golden" / "fusion.npz") as golden:
        assert np.array_equal(golden["in.model.text"][0], features.text[0, : features.text_length[0]])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same of a ResNet; the other pictures are labelled with the classes that it sees in them itself."""
    folder = tmp_path_factory.mktemp("encoder")
    resnet = make_encoder_folder("resnet", folder / "resnet")
    rng = np.random.default_rng(5)
    images = np.kron(rng.random((24, 3, 4, 4)), np.ones((8, 8))).astype(np.float32)
    from transformers import AutoModelForImageClassification

    with torch.inference_mode():
        logits = AutoModelForImageClassification.from_pretrained(resnet)(torch.from_numpy((images - 0.5) / 0.5)).logits
    labels = logits.argmax(dim=1).numpy()
    for name, rows in (("pictures", slice(0, 12)), ("others", slice(12, 24)), ("mixed", slice(11, 20))):
        np.savez(folder / f"{name}.npz", image=images[rows], label=labels[rows])
    judged = ("--calibration", folder / "pictures.npz", "--evaluation", folder / "others.npz")
    bundles = ("--into", make_empty_bundle(folder / "base"), "--out", folder / "out")
    return folder, emvas_export("encoder", resnet, *judged, *bundles)


def test_a_picture_encoder_is_judged_by_its_accuracy(encoder: tuple[Path, str]) -> None:
    folder, screen = encoder
    role = Bundle(folder / "out").role("vision_encoder")
    check_verdicts(role, screen)
    task = role.variants["fp32"].measured["task"]
    assert (task["name"], task["samples"], task["score"]) == ("accuracy", 12, 1.0)


def test_pictures_that_are_calibrated_on_are_not_judged_by(encoder: tuple[Path, str]) -> None:
    folder, _ = encoder
    judged = ("--calibration", folder / "pictures.npz", "--evaluation", folder / "mixed.npz")
    bundles = ("--into", folder / "base", "--out", folder / "not made")
    result = CliRunner().invoke(main, ["export", "encoder", *map(str, (folder / "resnet", *judged, *bundles))])
    assert result.exit_code == 1
    assert "mixed.npz shares 1 of its 9 samples with" in result.output and "the first is number 1:" in result.output
    assert not (folder / "not made").exists()


def test_int8_for_tensorrt_is_calibrated_on_the_pictures_and_says_so(encoder: tuple[Path, str]) -> None:
    folder, _ = encoder
    role = Bundle(folder / "out").role("vision_encoder")
    with np.load(folder / "pictures.npz") as stored:
        images = stored["image"]
    figures = role.variants["fp32"].measured["refused"].get("trt-int8", {})
    assert not figures.get("reason", "").startswith("no real inputs")
    calibrated = [variant.calibration for name, variant in role.variants.items() if name.endswith("int8")]
    for calibration in calibrated:
        assert calibration == {"n": 12, "method": "min-max", "sha256": digest([{"image": row[None]} for row in images])}
    assert calibrated or figures["parity_to_fp32"]
