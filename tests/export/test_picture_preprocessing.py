"""What a folder's image processor does to a photograph is what the exported net is told to expect, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from encoder_folders import make_encoder_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from export.exporters.huggingface_image import build
from export.exporters.preprocessing import read_preprocessing
from export.role_build import BuildError

SQUARE, LARGER, LEVIT = ({"height": side, "width": side} for side in (32, 40, 28))
SMALL = {"size": SQUARE, "do_center_crop": False}
VALUES = st.floats(-1, 1).map(lambda value: round(value, 3))
DEVIATIONS = st.floats(0.1, 2).map(lambda value: round(value, 3))


def write(folder: Path, kind: str, **said: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": kind, **said}))
    return folder


def theirs(folder: Path, picture: np.ndarray) -> np.ndarray:
    processor = transformers.AutoImageProcessor.from_pretrained(str(folder), backend="pil")
    return np.asarray(processor(images=Image.fromarray(picture), return_tensors="np")["pixel_values"])


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("ViTImageProcessor", SMALL, (32, 32, False)),
        ("ConvNextImageProcessor", {"size": {"shortest_edge": 32}, "crop_pct": 0.8}, (32, 40, True)),
        ("ConvNextImageProcessor", {"size": {"shortest_edge": 384}}, (384, 384, False)),
        ("EfficientNetImageProcessor", {**SMALL, "include_top": True}, (32, 32, False)),
        ("EfficientNetImageProcessor", {**SMALL, "include_top": False, "rescale_offset": True}, (32, 32, False)),
        (
            "MobileNetV2ImageProcessor",
            {"size": {"shortest_edge": 40}, "crop_size": SQUARE},
            (32, 40, True),
        ),
        (
            "DeiTImageProcessor",
            {"size": LARGER, "crop_size": SQUARE},
            (32, 40, False),
        ),
        (
            "LevitImageProcessor",
            {"size": {"shortest_edge": 28}, "crop_size": LEVIT},
            (28, 32, True),
        ),
        (
            "CLIPImageProcessor",
            {"size": {"shortest_edge": 32}, "crop_size": SQUARE},
            (32, 32, True),
        ),
    ],
)
def test_the_processors_of_the_families_are_followed(
    kind: str, said: dict[str, Any], expected: tuple[int, int, bool], tmp_path: Path
) -> None:
    found = read_preprocessing(write(tmp_path, kind, **said))
    assert (found.px, found.resized_px, found.keeps_shape) == expected
    for picture in (data.rocket(), data.astronaut()[:300, :211]):
        np.testing.assert_allclose(found.normalize(found.prepare(picture)), theirs(tmp_path, picture), atol=2e-3)


@settings(max_examples=10)
@given(
    mean=st.tuples(VALUES, VALUES, VALUES),
    deviation=st.tuples(DEVIATIONS, DEVIATIONS, DEVIATIONS),
    factor=st.sampled_from([1.0, 1 / 255, 1 / 127.5, 2 / 255]),
    steps=st.tuples(st.booleans(), st.booleans()),
    resample=st.integers(0, 3),
)
def test_rescaling_and_normalizing_are_whatever_the_file_says(
    mean: tuple[float, ...],
    deviation: tuple[float, ...],
    factor: float,
    steps: tuple[bool, bool],
    resample: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    said = {"image_mean": mean, "image_std": deviation, "rescale_factor": factor, "resample": resample}
    flags = {"do_rescale": steps[0], "do_normalize": steps[1]}
    folder = write(tmp_path_factory.mktemp("p"), "ViTImageProcessor", **SMALL, **said, **flags)
    found = read_preprocessing(folder)
    picture = data.coffee()[:200, :150]
    np.testing.assert_allclose(
        found.normalize(found.prepare(picture)), theirs(folder, picture), atol=2e-3 * max(found.scale)
    )


@pytest.mark.parametrize(
    ("kind", "said", "sentence"),
    [
        ("MobileViTImageProcessor", {}, "do_flip_channel_order is not done on the box"),
        ("ViTImageProcessor", {**SMALL, "do_resize": False}, "one square size is wanted"),
        ("ViTImageProcessor", {"size": {"height": 32, "width": 48}}, "one square size is wanted"),
        (
            "PerceiverImageProcessor",
            {**SMALL, "crop_size": LARGER, "do_center_crop": True},
            "known",
        ),
        ("NoSuchProcessor", {}, "cannot be loaded"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(
    kind: str, said: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BuildError, match=sentence):
        read_preprocessing(write(tmp_path, kind, **said))


def test_the_exported_net_says_of_a_photograph_what_the_folder_says(tmp_path: Path) -> None:
    folder = make_encoder_folder("resnet", tmp_path / "resnet")
    write(folder, "ConvNextImageProcessor", size={"shortest_edge": 32}, rescale_factor=1 / 127.5, image_mean=[1, 1, 1])
    job = build(folder, {}, tmp_path)
    original = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    for picture in (data.astronaut(), data.coffee()):
        prepared = read_preprocessing(folder).prepare(picture)
        with torch.inference_mode():
            found = job.graphs["model"].module(torch.from_numpy(prepared))[0]
            wanted = torch.softmax(original(torch.from_numpy(theirs(folder, picture))).logits, dim=1)
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
