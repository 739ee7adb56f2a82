"""Somebody's picture classifier as the box's expression model: adapted in the graph, or refused with one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_folders import make_encoder_folder

from edge.messages import EXPRESSIONS
from export.export_job import ExportJob
from export.exporters import OptionError
from export.exporters.classifier_heads import class_names, expressions_of
from export.exporters.detect import detect
from export.exporters.huggingface_image import build
from export.exporters.options import check_role
from export.exporters.picture_net import BoxExpression, PictureNet
from export.role_build import BuildError

FER_PLUS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt"


def job(folder: Path, **options: str) -> ExportJob:
    return build(folder, {"role": "expression", **options}, folder)


def test_a_net_whose_classes_have_no_known_names_wants_them(tmp_path: Path) -> None:
    folder = make_encoder_folder("resnet", tmp_path / "resnet")
    with pytest.raises(BuildError, match=r"no expression LABEL_0, .*--labels neutral,happy,sad,angry,fear"):
        job(folder)
    with pytest.raises(BuildError, match="names 3 classes, the net has 7"):
        job(folder, labels="neutral,happy,sad")


def test_the_names_of_the_common_data_sets_are_known() -> None:
    assert expressions_of(FER_PLUS.split(",")[:7]) == [
        "neutral",
        "happy",
        "surprise",
        "sad",
        "angry",
        "disgust",
        "fear",
    ]
    assert expressions_of(["Fearful", "JOY", "-", "Surprised"]) == ["fear", "happy", "-", "surprise"]
    with pytest.raises(BuildError, match="no expression contempt"):
        expressions_of(FER_PLUS.split(","))
    with pytest.raises(BuildError, match="fewer than two"):
        expressions_of(["happy", "joy", "-"])


def test_every_expression_of_the_box_is_its_own_name() -> None:
    assert expressions_of(class_names(",".join(EXPRESSIONS), EXPRESSIONS)) == list(EXPRESSIONS)


def given_probabilities(values: list[float]) -> torch.nn.Module:
    class Fixed(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            self.seen = image
            return torch.tensor([values]).expand(len(image), -1)

    return Fixed()


def net(module: torch.nn.Module, classes: int, channels: int, seen_px: int) -> PictureNet:
    names = [str(number) for number in range(classes)]
    return PictureNet("made", module, ("probabilities",), 4, seen_px, names, "cnn", [], {}, channels)


def test_classes_of_one_label_are_summed_and_those_left_out_shared_among_the_others() -> None:
    module = given_probabilities([0.1, 0.2, 0.3, 0.4])
    adapted = BoxExpression(net(module, 4, 3, 4), ["happy", "-", "sad", "happy"], ["happy", "sad"])
    found = adapted(torch.zeros(2, 4, 4, 1))
    torch.testing.assert_close(found, torch.tensor([[0.5 / 0.8, 0.3 / 0.8]] * 2))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_net_sees_the_middle_of_the_grey_face_from_0_to_1_in_each_of_its_channels(channels: int) -> None:
    module = given_probabilities([0.5, 0.5])
    adapted = BoxExpression(net(module, 2, channels, 8), ["happy", "sad"], ["happy", "sad"])
    image = torch.full((1, 8, 8, 1), -1.0)
    image[:, 2:6, 2:6] = torch.linspace(-1, 1, 16).view(1, 4, 4, 1)
    adapted(image)
    wanted = torch.linspace(0, 1, 16).view(1, 1, 4, 4).expand(1, channels, 4, 4)
    torch.testing.assert_close(module.seen, wanted)


def test_calibration_pictures_reach_the_net_as_the_box_would_show_them(tmp_path: Path) -> None:
    folder = make_encoder_folder("resnet", tmp_path / "resnet")
    faces = np.random.default_rng(0).random((5, 3, 32, 32)).astype(np.float32)
    np.savez(tmp_path / "faces.npz", image=faces, label=np.array([0, 1, 6, 2, 6]))
    labels = "neutral,happy,sad,angry,fear,disgust,-"
    files = {key: str(tmp_path / "faces.npz") for key in ("calibration", "evaluation")}
    made = job(folder, labels=labels, **files)
    first = made.calibration["model"][0]["image"]
    grey = 0.299 * faces[0, 0] + 0.587 * faces[0, 1] + 0.114 * faces[0, 2]
    np.testing.assert_allclose(first[0, ..., 0], 2 * grey - 1, atol=1e-6)
    assert made.task is not None and made.task.samples == 3
    assert made.labels == ["neutral", "happy", "sad", "angry", "fear", "disgust"]
    assert made.preprocessing["classes_left_out"] == ["LABEL_6"]


@pytest.mark.parametrize(
    ("model", "role", "sentence"),
    [
        ("resnet", "asr", "cannot be the box's role asr; it can be expression"),
        ("xlm-r", "text", "cannot be the box's role text; the box runs no such model"),
        ("wav2vec2", "prosody", "cannot be the box's role prosody"),
    ],
)
def test_a_role_that_the_kind_of_model_cannot_fill_is_refused_before_any_work(
    model: str, role: str, sentence: str, tmp_path: Path
) -> None:
    exporter = detect(make_encoder_folder(model, tmp_path / model), "encoder")
    with pytest.raises(OptionError, match=sentence):
        check_role(exporter, role)
    check_role(exporter, "my_own_name")
    check_role(exporter, None)
