"""Weights of a net that a library builds: found in whatever a training wrapped them in, and in the box's role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from export.export_job import ExportJob
from export.exporters import OptionError
from export.exporters.library_net import Usual, library_job
from export.exporters.options import library
from export.role_build import BuildError

LABELS = "neutral,happy,sad,angry,fear,disgust,surprise"
MEAN, DEVIATION = (0.2, 0.4, 0.6), (0.5, 0.5, 0.25)


def make(name: str, classes: int, channels: int) -> nn.Module:
    """What a library would build."""
    layers = [nn.Conv2d(channels, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(4, classes)).eval()


def job(weights: Any, path: Path, **options: str) -> ExportJob:
    torch.save(weights, path)
    usual = Usual(24, MEAN, DEVIATION)
    return library_job("a library", make, lambda name, net: usual, path, {"architecture": "small", **options})


def wrapped(name: str, state: Mapping[str, torch.Tensor]) -> Any:
    """As trainers write it."""
    parallel = {f"module.{key}": value for key, value in state.items()}
    lightning = {f"model.backbone.{key}": value for key, value in state.items()}
    return {
        "plain": state,
        "parallel": parallel,
        "compiled": {f"_orig_mod.{key}": value for key, value in state.items()},
        "dict": {"epoch": 3, "model_state_dict": state},
        "lightning": {"state_dict": {**lightning, "criterion.weight": torch.ones(7)}, "epoch": 3, "global_step": 9},
    }[name]


@pytest.mark.parametrize("name", ["plain", "parallel", "compiled", "dict", "lightning"])
@pytest.mark.parametrize("precise", [True, False], ids=["float32", "bfloat16"])
def test_the_weights_are_found_in_what_trainers_put_around_them(name: str, precise: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = make("small", 7, 3)
    state = {key: value if precise else value.bfloat16() for key, value in net.state_dict().items()}
    found = job(wrapped(name, state), tmp_path / "best.pth")
    image = torch.rand(2, 3, 24, 24)
    with torch.inference_mode():
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        wanted = torch.softmax(net((image - mean) / deviation), dim=1)
        torch.testing.assert_close(found.graphs["model"].module(image), wanted, atol=1e-5 if precise else 1e-2, rtol=0)
    assert ("left out of the file: criterion.weight" in found.not_checked) == (name == "lightning")


def test_a_net_of_grey_pictures_takes_the_mean_of_what_is_usual_for_colours(tmp_path: Path) -> None:
    found = job(make("small", 7, 1).state_dict(), tmp_path / "grey.pth", role="expression", labels=LABELS)
    assert found.preprocessing["mean"] == pytest.approx([0.4])
    assert found.labels == LABELS.split(",")
    assert found.graphs["model"].module(torch.zeros(2, 24, 24, 1)).shape == (2, 7)


def test_what_is_said_of_the_pictures_is_taken_and_the_rest_is_told(tmp_path: Path) -> None:
    state = make("small", 7, 3).state_dict()
    found = job(state, tmp_path / "a.pth", px="32", mean="0.5", deviation="0.1,0.2,0.3")
    assert found.preprocessing == {"px": 32, "mean": [0.5] * 3, "deviation": [0.1, 0.2, 0.3], "range": [0.0, 1.0]}
    assert not any("were taken" in note for note in found.not_checked)
    guessed = job(state, tmp_path / "a.pth", mean="0.5")
    assert "px, deviation of the pictures: a library's for small were taken" in guessed.not_checked
    with pytest.raises(OptionError, match="one number is wanted, or 3"):
        job(state, tmp_path / "a.pth", mean="0.5,0.4")


def test_what_is_missing_or_does_not_fit_is_told(tmp_path: Path) -> None:
    state = make("small", 7, 3).state_dict()
    with pytest.raises(OptionError, match="--set architecture=NAME, as a library calls it"):
        library_job("a library", make, lambda name, net: Usual(24, MEAN, DEVIATION), tmp_path / "a.pth", {})
    with pytest.raises(BuildError, match=r"does not fit a library's small: it lacks 1\.weight"):
        job({key: value for key, value in state.items() if key != "1.weight"}, tmp_path / "a.pth")
    with pytest.raises(BuildError, match=r"has no tensor 5\.weight; its first are conv1\.weight"):
        job({"conv1.weight": torch.ones(3)}, tmp_path / "a.pth")
    with pytest.raises(OptionError, match="no_such_library is not installed here"):
        library("no_such_library")


def real(name: str) -> Any:
    try:
        return library(name)
    except OptionError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("name", "build", "weights"),
    [
        ("timm", "timm_net", lambda timm: timm.create_model("mobilenetv3_small_050", num_classes=7)),
        ("torchvision", "torchvision_net", lambda tv: tv.models.get_model("mobilenet_v3_small", num_classes=7)),
    ],
)
def test_the_libraries_build_their_own_architectures(
    name: str, build: str, weights: Callable[[Any], nn.Module], tmp_path: Path
) -> None:
    exporter = pytest.importorskip(f"export.exporters.{build}")
    net = weights(real(name)).eval()
    torch.save(net.state_dict(), tmp_path / "best.pth")
    architecture = {"timm": "mobilenetv3_small_050", "torchvision": "mobilenet_v3_small"}[name]
    options = {"architecture": architecture, "px": "64", "mean": "0.5", "deviation": "0.5"}
    found = exporter.build(tmp_path / "best.pth", options, tmp_path)
    image = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        wanted = torch.softmax(net(2 * image - 1), dim=1)
        torch.testing.assert_close(found.graphs["model"].module(image), wanted, atol=1e-5, rtol=0)
    with pytest.raises(OptionError, match="did you mean"):
        exporter.build(tmp_path / "best.pth", {"architecture": f"{architecture}x"}, tmp_path)
