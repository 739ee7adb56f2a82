"""From a module to a role of a bundle: proven at lengths that were not traced, or refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import mmsa_models
import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from empty_bundle import make_empty_bundle
from torch import Tensor, nn

from edge.bundle.bundle import Bundle
from edge.cli.main import main
from export.export_job import ExportJob, GraphJob
from export.exporters.fusion import INPUTS
from export.pipeline import run_job
from export.role_build import BuildError, FreeAxis
from export.trace import prove_parity, untraced_sizes


class Mean(nn.Module):
    """[n, t] -> [n, 3]."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.mean(dim=1, keepdim=True))


def example(sizes: Mapping[str, int]) -> dict[str, Tensor]:
    return {"x": torch.randn(1, sizes["t"])}


def job_of(module: nn.Module, calibration: dict[str, list[dict[str, np.ndarray]]] | None = None) -> ExportJob:
    graph = GraphJob(module, example, ("y",), {"x": {1: FreeAxis("t", 1, 8, 50)}}, "float")
    golden = {"model": {"x": np.ones((1, 5), np.float32)}}
    return ExportJob("test", "test", [], "none", {"model": graph}, golden, calibration or {})


def quiet(_: str) -> None:
    pass


def test_sizes_of_the_proof_are_not_those_of_the_trace() -> None:
    tried = [sizes["t"] for sizes in untraced_sizes(job_of(Mean()).graphs["model"])]
    assert tried == [1, 23, 50]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(value: float, tmp_path: Path) -> None:
    module = Mean()
    module.linear.bias.data[1] = value
    with pytest.raises(BuildError, match=r"NaN or infinite values in linear\.bias"):
        run_job(job_of(module), ["fp32"], tmp_path, quiet)


def test_an_empty_calibration_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="calibration set of 'test' has no sample"):
        run_job(job_of(Mean(), {"model": []}), ["fp32"], tmp_path, quiet)


class Total(nn.Module):
    """[n, t] -> [n, 1]: the sum over the length, a mean times what tracing could take for a constant."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=1, keepdim=True)


def test_a_graph_with_the_traced_length_in_it_is_refused(tmp_path: Path) -> None:
    """Right at the traced length 8, wrong at every other."""
    nodes = [
        onnx.helper.make_node("ReduceMean", ["x", "axis"], ["mean"], keepdims=1),
        onnx.helper.make_node("Mul", ["mean", "traced"], ["y"]),
    ]
    sides = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, None]) for name in "xy"]
    constants = {"axis": np.array([1], np.int64), "traced": np.array(8, np.float32)}
    initializers = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = onnx.helper.make_graph(nodes, "baked", sides[:1], sides[1:], initializers)
    opset = [onnx.helper.make_opsetid("", 18)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "a.onnx")
    with pytest.raises(BuildError, match="at t 1 output 'y' differs from torch"):
        prove_parity("model", job_of(Total()).graphs["model"], tmp_path / "a.onnx")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle into which the command put a TFN of MMSA."""
    folder = tmp_path_factory.mktemp("exported")
    base, out = make_empty_bundle(folder / "base"), folder / "out"
    torch.save(mmsa_models.state_of(mmsa_models.made("tfn")), folder / "tfn.pth")
    words = ["export", "fusion", str(folder / "tfn.pth"), "--set", "seq_lens=13,40,22", "--variant", "fp32"]
    result = CliRunner().invoke(main, [*words, "--into", str(base), "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["role"] == "fusion"
    return out


def test_the_exported_graph_says_what_mmsa_says(exported: Path) -> None:
    values, lengths = mmsa_models.padded_batch()
    feeds = dict(zip(INPUTS, [part.numpy() for part in (*values, *lengths, torch.ones(4, 3))], strict=True))
    found = Bundle(exported).session("fusion").run(feeds)["score"]
    with torch.inference_mode():
        wanted = mmsa_models.made("tfn")(*values)["M"].squeeze(1).numpy()
    assert np.abs(found - wanted).max() < 1e-5


def test_the_exported_tfn_holds_no_outer_product(exported: Path) -> None:
    """Its largest tensor of one sample, weights apart, is a tenth of the outer product at most."""
    described = Bundle(exported).role("fusion").variants["fp32"].graphs["model"]
    model = onnx.load(exported / described.file)
    for value in model.graph.input:
        for at, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param:
                dim.dim_value = 1 if at == 0 else 3
    del model.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph.value_info
    cells = [np.prod([dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]) for value in inferred]
    hidden = mmsa_models.Subnets.hidden
    outer = (mmsa_models.Subnets.text_out + 1) * (hidden[1] + 1) * (hidden[2] + 1)
    inputs = max(frames * dim for frames, dim in zip(mmsa_models.FRAMES, mmsa_models.DIMS, strict=True))
    assert len(cells) > 20
    assert max(cells) < max(outer, inputs + 1)


def test_the_manifest_says_what_was_proven(exported: Path) -> None:
    role = Bundle(exported).role("fusion")
    parity = role.variants["fp32"].measured["parity"]["model"]
    assert len(parity["sizes"]) == 3
    assert parity["max_abs"]["score"] <= 1e-4
    assert role.preprocessing["features"]["seq_lens"] == [13, 40, 22]


REFUSED = {
    "cut short": (lambda whole: whole[:2000], "cannot be read as a checkpoint"),
    "no checkpoint at all": (lambda whole: b"hello", "cannot be read as a checkpoint"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_damaged_checkpoint_leaves_no_bundle(case: str, tmp_path: Path) -> None:
    spoil, sentence = REFUSED[case]
    path, out = tmp_path / "model.pth", tmp_path / "out"
    torch.save(mmsa_models.state_of(mmsa_models.made("lf_dnn")), path)
    path.write_bytes(spoil(path.read_bytes()))
    base = make_empty_bundle(tmp_path / "base")
    result = CliRunner().invoke(main, ["export", "fusion", str(path), "--into", str(base), "--out", str(out)])
    assert result.exit_code == 1
    assert sentence in result.output
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["base", "model.pth"]


def test_python_objects_in_a_checkpoint_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"Model.x": Path("/")}, path)
    base = make_empty_bundle(tmp_path / "base")
    words = ["export", "fusion", str(path), "--into", str(base), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "could run code" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "msa"], "did you mean mmsa?"),
        (["--set", "seqlens=1,2,3"], "did you mean seq_lens?"),
        (["--set", "seq_lens"], "is not key=value"),
    ],
)
def test_a_wrong_word_names_the_nearest_right_one(words: list[str], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save(mmsa_models.state_of(mmsa_models.made("lf_dnn")), path)
    base = make_empty_bundle(tmp_path / "base")
    given = ["export", "fusion", str(path), "--into", str(base), "--out", str(tmp_path / "out"), *words]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())


def test_the_list_shows_every_exporter() -> None:
    result = CliRunner().invoke(main, ["export", "list", "--json"])
    rows = json.loads(result.stdout)
    assert {"whisper", "ctc", "conformer", "text", "vision", "audio", "fusion", "mmsa"} <= set(rows)
    assert "seq_lens" in rows["mmsa"]["options"]
