"""ONNX files directly: what the box's role wants is written around the graph, or the graph is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from role_bundle import make_role_bundle
from torch import nn

from edge.bundle.bundle import Bundle
from edge.cli.main import main
from export.exporters import OptionError
from export.exporters.onnx_net import build
from export.role_build import BuildError
from export.tasks.expression import samples
from export.trace import export_module

LABELS = "neutral,happy,sad,-"
MEAN, DEVIATION = 0.4, 0.25


class Net(nn.Module):
    """Four classes of a picture; `last`: its channels come last; `share`: probabilities; `once`: one picture only."""

    def __init__(self, channels: int, last: bool = False, share: bool = False, once: bool = False) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(channels, 6, 5, 3), nn.Linear(6, 4)
        self.last, self.share, self.once = last, share, once

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = torch.relu(self.conv(x.permute(0, 3, 1, 2) if self.last else x))
        found = self.head(features.mean(dim=(0, 2, 3))[None] if self.once else features.mean(dim=(2, 3)))
        return torch.softmax(found, dim=1) if self.share else found


def write(path: Path, net: Net, shape: tuple[int, ...], free: bool = True) -> Path:
    example = torch.zeros(2 if free else 1, *shape)
    export_module(net.eval(), (example,), path, ["x"], ["y"], ({0: torch.export.Dim("k")},) if free else ({},))
    return path


@pytest.mark.parametrize(
    ("channels", "last", "share", "free"),
    [(3, False, False, True), (1, False, True, False), (3, True, True, False), (1, True, False, True)],
)
def test_the_adapted_graph_says_what_the_net_says_of_the_same_face(
    channels: int, last: bool, share: bool, free: bool, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    net = Net(channels, last, share)
    shape = (32, 32, channels) if last else (channels, 32, 32)
    path = write(tmp_path / "net.onnx", net, shape, free)
    options = {
        "role": "expression",
        "labels": LABELS,
        "range": "0,255",
        "mean": f"{255 * MEAN}",
        "deviation": f"{255 * DEVIATION}",
        "middle": "0.8" if free else "1",
    }
    job = build(path, options, tmp_path)
    assert job.labels == ["neutral", "happy", "sad"]
    edge = 4 if free else 0
    faces = np.concatenate([feeds["image"] for feeds in samples(32 + 2 * edge, 0)[:5]])
    session = onnxruntime.InferenceSession(str(job.graphs["model"].path), providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"image": faces})
    grey = torch.from_numpy(((faces[:, edge : edge + 32, edge : edge + 32, 0] + 1) / 2 - MEAN) / DEVIATION)
    image = grey.unsqueeze(-1 if last else 1).repeat(*((1, 1, 1, channels) if last else (1, channels, 1, 1)))
    with torch.inference_mode():
        wanted = net(image) if share else torch.softmax(net(image), dim=1)
    kept = wanted[:, :3] / wanted[:, :3].sum(dim=1, keepdim=True)
    np.testing.assert_allclose(found, kept.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("net", "shape", "options", "error", "sentence"),
    [
        (Net(3), (3, 32, 32), {}, OptionError, "does not say what its pixels are: --set range=0,1"),
        (Net(3), (3, 32, 32), {"range": "0,1", "output": "z"}, OptionError, "no output 'z'; it has y"),
        (
            Net(3),
            (3, 32, 32),
            {"range": "0,1", "labels": "neutral,happy"},
            BuildError,
            "names 2 classes, the net has 4",
        ),
        (Net(3), (3, 32, 32), {"range": "0,1", "labels": "a,b,c,d"}, BuildError, "knows no expression a, b, c, d"),
        (Net(2), (2, 32, 32), {"range": "0,1"}, BuildError, "one picture of 1 or 3 channels is wanted"),
        (Net(3, once=True), (3, 32, 32), {"range": "0,1"}, BuildError, "free batch"),
    ],
)
def test_what_a_graph_does_not_say_or_cannot_do_is_told(
    net: Net, shape: tuple[int, ...], options: dict[str, str], error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "net.onnx", net, shape, free=not net.once)
    with pytest.raises(error, match=sentence):
        build(path, {"role": "expression", "labels": LABELS, **options}, tmp_path)


@pytest.mark.parametrize(("shape", "zero"), [((1, 3), 1), ((1, -1), 1), ((1, -1), 0)])
@pytest.mark.parametrize("constant", ["initializer", "node"])
def test_a_reshape_to_one_image_takes_several(shape: tuple[int, int], zero: int, constant: str, tmp_path: Path) -> None:
    """As torch.onnx traces `flatten` of one image."""
    weight = np.random.default_rng(5).normal(0, 9, (3, 4)).astype(np.float32)
    sizes = numpy_helper.from_array(np.array(shape, np.int64), "sizes")
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        *([helper.make_node("Constant", [], ["sizes"], value=sizes)] if constant == "node" else []),
        helper.make_node("Reshape", ["mean", "sizes"], ["flat"], allowzero=zero),
        helper.make_node("MatMul", ["flat", "weight"], ["y"]),
    ]
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size)]
        for name, size in (("x", (1, 3, 32, 32)), ("y", (1, 4)))
    ]
    stored = [numpy_helper.from_array(weight, "weight"), *([sizes] if constant == "initializer" else [])]
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", *ends, stored), opset_imports=opset), tmp_path / "a.onnx")
    job = build(tmp_path / "a.onnx", {"role": "expression", "labels": LABELS, "range": "0,1"}, tmp_path)
    session = onnxruntime.InferenceSession(str(job.graphs["model"].path), providers=["CPUExecutionProvider"])
    faces = np.random.default_rng(6).uniform(-1, 1, (5, 32, 32, 1)).astype(np.float32)
    (found,) = session.run(None, {"image": faces})
    logits = (faces.mean(axis=(1, 2)) + 1) / 2 @ weight.sum(axis=0, keepdims=True)
    wanted = np.exp(logits)[:, :3] / np.exp(logits)[:, :3].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_file_that_is_no_graph_is_told(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07\x12 no graph")
    with pytest.raises(BuildError, match=r"net\.onnx is no sound ONNX file"):
        build(tmp_path / "net.onnx", {"role": "expression"}, tmp_path)
    with pytest.raises(OptionError, match="does not say what it is for: --role"):
        build(tmp_path / "net.onnx", {}, tmp_path)


def emvas_export(*words: object) -> Any:
    return CliRunner().invoke(main, ["export", "onnx", *map(str, words), "--variant", "fp16"])


def test_the_boxs_own_eye_net_goes_in_as_it_is_and_one_of_another_size_is_refused(
    bundle_dir: Path, tmp_path: Path
) -> None:
    small = make_role_bundle(tmp_path / "small", bundle_dir, "iris")
    ours = bundle_dir / Bundle(bundle_dir).role("eye_state").variants["fp32"].graphs["model"].file
    words = ("--role", "eye_state", "--into", small, "--out", tmp_path / "out")
    result = emvas_export(ours, *words)
    assert result.exit_code == 0, result.output
    assert Bundle(tmp_path / "out").has("eye_state")
    iris = bundle_dir / Bundle(bundle_dir).role("iris").variants["fp32"].graphs["model"].file
    result = emvas_export(iris, *words[:-1], tmp_path / "other")
    assert result.exit_code == 1
    assert "would not be what the box runs: graph model (fp32): it has no output open" in " ".join(
        result.output.split()
    )
    assert not (tmp_path / "other").exists()
