"""The whole way of somebody's own expression net: trained on faces, saved, exported, and read by the box."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from role_bundle import make_role_bundle
from skimage import data
from torch import nn

from edge.bundle.bundle import Bundle
from edge.cli.main import main
from edge.messages import Float32
from edge.vision.crop import Crop
from edge.vision.perception import EXPRESSION_SIDE, ExpressionModel
from export.exporters import OptionError
from export.exporters.options import library
from export.sample_faces import FACE

PX = 48
CLASSES = "neutral,happiness"
"""As FER+ calls them: the box's names are found by itself."""
_EPOCHS, _BATCH = 6, 16
_FER_MIDDLE = 0.7
"""Faces of FER+ are cut tighter than the box's: the same net reads the portrait's smile at .6 of the mesh's crop (.87),
not at .87 of it (.18)."""


def ferplus(folder: Path, split: str, most: int) -> tuple[Float32, np.ndarray]:
    """Faces (n, 1, 48, 48), 0 to 1, that most voters hold for neutral (0) or happy (1), as many of each."""
    pictures, labels = [], []
    content = (folder / "pictures.bin").read_bytes()
    with (folder / "votes.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            votes = [int(row[name]) for name in ("neutral", "happiness")]
            if row["split"] != split or max(votes) < 8 or labels.count(int(np.argmax(votes))) >= most // 2:
                continue
            start = int(row["offset"])
            coded = np.frombuffer(content[start : start + int(row["bytes"])], np.uint8)
            pictures.append(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))
            labels.append(int(np.argmax(votes)))
    return np.stack(pictures)[:, None].astype(np.float32) / 255, np.array(labels)


def drawn(count: int) -> tuple[Float32, np.ndarray]:
    """The same of drawn faces, whose mouth is straight (0) or a smile (1)."""
    random = np.random.default_rng(0)
    pictures, labels = [], np.arange(count) % 2
    for label in labels:
        face = np.full((PX, PX), random.uniform(0.4, 0.8), np.float32)
        x, y = random.integers(-3, 4, 2)
        for eye in (16, 32):
            cv2.circle(face, (int(eye + x), int(18 + y)), 3, 0.1, -1)
        cv2.ellipse(face, (int(24 + x), int(30 + y)), (10, 8 if label else 1), 0, 0, 180, 0.1, 2)
        pictures.append(face + random.normal(0, 0.03, face.shape).astype(np.float32))
    return np.clip(np.stack(pictures)[:, None], 0, 1), labels


def taught(
    net: nn.Module, logits: Callable[[torch.Tensor], torch.Tensor], pictures: Float32, labels: np.ndarray
) -> None:
    """Train on the pictures, each channel from -1 to 1."""
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    images, wanted = torch.from_numpy(2 * pictures - 1), torch.from_numpy(labels)
    net.train()
    for epoch in range(_EPOCHS):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(_BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(logits(images[rows]), wanted[rows]).backward()
            optimizer.step()
    net.eval()


def hugging_face(folder: Path, pictures: Float32, labels: np.ndarray) -> tuple[list[str], Callable[[Float32], Float32]]:
    """Words of the command, and what the trained net itself says of grey pictures (n, 1, 48, 48), 0 to 1."""
    from transformers import ResNetConfig, ResNetForImageClassification, ViTImageProcessorPil

    torch.manual_seed(0)
    names = dict(enumerate(CLASSES.split(",")))
    config = ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic", num_labels=2, id2label=names
    )
    net = ResNetForImageClassification(config)
    taught(net, lambda images: net(pixel_values=images.repeat(1, 3, 1, 1)).logits, pictures, labels)
    net.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": PX, "width": PX}).save_pretrained(folder)

    def said(faces: Float32) -> Float32:
        with torch.inference_mode():
            images = torch.from_numpy(2 * faces - 1).repeat(1, 3, 1, 1)
            return torch.softmax(net(pixel_values=images).logits, dim=1).numpy()

    return ["encoder", str(folder)], said


def timm(folder: Path, pictures: Float32, labels: np.ndarray) -> tuple[list[str], Callable[[Float32], Float32]]:
    """The same of timm's smallest ResNet, which takes grey pictures here."""
    torch.manual_seed(0)
    net = from_library("timm").create_model("test_resnet", num_classes=2, in_chans=1)
    return of_library("timm", "test_resnet", net, 1, folder, pictures, labels)


def torchvision(folder: Path, pictures: Float32, labels: np.ndarray) -> tuple[list[str], Callable[[Float32], Float32]]:
    """The same of torchvision's smallest net, which takes colour."""
    torch.manual_seed(0)
    net = from_library("torchvision").models.get_model("shufflenet_v2_x0_5", num_classes=2)
    return of_library("torchvision", "shufflenet_v2_x0_5", net, 3, folder, pictures, labels)


def from_library(name: str) -> Any:
    """The library; skips the test where it is not installed."""
    try:
        return library(name)
    except OptionError as error:
        pytest.skip(str(error))


def of_library(
    name: str, architecture: str, net: nn.Module, channels: int, folder: Path, pictures: Float32, labels: np.ndarray
) -> tuple[list[str], Callable[[Float32], Float32]]:
    """Teach the library's net and save it as a training would."""

    def logits(images: torch.Tensor) -> torch.Tensor:
        return net(images.repeat(1, channels, 1, 1))

    taught(net, logits, pictures, labels)
    folder.mkdir()
    torch.save({"epoch": _EPOCHS, "state_dict": net.state_dict()}, folder / "best.pth")

    def said(faces: Float32) -> Float32:
        with torch.inference_mode():
            return torch.softmax(logits(torch.from_numpy(2 * faces - 1)), dim=1).numpy()

    options = {"architecture": architecture, "px": PX, "mean": 0.5, "deviation": 0.5}
    sets = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
    return ["encoder", str(folder / "best.pth"), "--model", name, "--labels", CLASSES, *sets], said


def exported(words: list[str], bundle_dir: Path, tmp_path: Path, middle: float = 1.0) -> Bundle:
    small = make_role_bundle(tmp_path / "small", bundle_dir, "iris", small=True)
    bundles = ["--into", str(small), "--out", str(tmp_path / "out")]
    options = ["--role", "expression", "--variant", "fp16", "--set", f"middle={middle}"]
    result = CliRunner().invoke(main, ["export", *words, *options, *bundles])
    assert result.exit_code == 0, result.output
    return Bundle(tmp_path / "out")


Trainer = Callable[..., tuple[list[str], Callable[[Float32], Float32]]]
TRAINERS = [hugging_face, timm, torchvision]
MEIS = Crop(FACE.x_px, FACE.y_px, FACE.side_px, FACE.angle_rad)


@pytest.mark.parametrize("train", TRAINERS)
def test_the_box_says_of_a_face_what_the_trained_net_says(train: Trainer, bundle_dir: Path, tmp_path: Path) -> None:
    pictures, labels = drawn(256)
    words, said = train(tmp_path / "net", pictures, labels)
    assert (said(pictures).argmax(axis=1) == labels).mean() > 0.95
    box = ExpressionModel(exported(words, bundle_dir, tmp_path))
    portrait = np.ascontiguousarray(data.astronaut()[..., ::-1])
    (found,) = box.read(portrait, [MEIS])
    face = Crop(MEIS.x_px, MEIS.y_px, EXPRESSION_SIDE * MEIS.side_px, MEIS.angle_rad).cut(portrait, PX)
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)[None, None].astype(np.float32) / 255
    assert found == pytest.approx(dict(zip(("neutral", "happy"), said(grey)[0].tolist(), strict=True)), abs=1e-4)


@pytest.mark.data
@pytest.mark.parametrize("train", [hugging_face, timm])
def test_a_net_taught_on_real_faces_sees_the_smile_through_the_box(
    train: Trainer, data_dir: Path, bundle_dir: Path, tmp_path: Path
) -> None:
    folder = data_dir / "faces_ferplus"
    if not folder.is_dir():
        pytest.skip(f"no faces at {folder}")
    words, said = train(tmp_path / "net", *ferplus(folder, "train", 800))
    faces, truth = ferplus(folder, "valid", 300)
    assert (said(faces).argmax(axis=1) == truth).mean() > 0.7
    bundle = exported(words, bundle_dir, tmp_path, _FER_MIDDLE)
    assert bundle.role("expression").labels == ["neutral", "happy"]
    portrait = np.ascontiguousarray(data.astronaut()[..., ::-1])
    (found,) = ExpressionModel(bundle).read(portrait, [MEIS])
    assert found["happy"] > 0.5
