"""The table of variants says what the manifest says, refusals with their reasons included."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from edge.bundle.manifest import Graph, Manifest, Role, StoredFile, Variant
from export.cli.bundle_table import table, variants_table

TASK = {"name": "error", "unit": "px", "better": "lower", "tolerance": 0.5, "samples": 7, "data": "pictures"}


def manifest() -> Manifest:
    def graph(size: int) -> dict[str, Graph]:
        return {"model": Graph(file="a.onnx", bytes=size, sha256="0" * 64, opset=18, inputs=[], outputs=[])}

    refused = {
        "reason": "error 3 px is worse",
        "parity_to_fp32": {"model": {"rms_ratio": 0.25}},
        "trials": [{"kept_float": 2, "least_cosine": 0.98, "max_abs_of_scale": 0.3, "verdict": "too far"}],
        "worst_layers": [{"graph": "model", "layer": "Conv_7", "operator": "Conv", "rms_ratio": 0.38}],
    }
    exact = {
        "parity": {"outputs": {"boxes": {"rms_ratio": 1e-7}, "scores": {"rms_ratio": 3e-7}}},
        "task": {**TASK, "score": 1.25},
        "latency_ms_1_thread": {"model": 2.5},
        "refused": {"cpu-int8": refused},
    }
    half = {"parity_to_fp32": {"model": {"rms_ratio": 4e-4}}, "task": {**TASK, "score": 1.3}}
    role = Role(
        description="",
        sources=[],
        training_data="",
        variants={
            "fp32": Variant(graphs=graph(2_000_000), golden_tolerance=0.001, measured=exact),
            "fp16": Variant(graphs=graph(1_000_000), golden_tolerance=0.01, measured=half),
        },
        default={"cpu": "fp32", "cuda": "fp16"},
        golden=StoredFile(file="g", bytes=1, sha256="0" * 64),
    )
    return Manifest(name="box", version="1", roles={"eyes": role})


def test_every_variant_has_its_row() -> None:
    text = variants_table(manifest())
    assert "| eyes | fp32 | 2.00 |  | 3.0e-07 | 1.25 | 2.50 |  | cpu |" in text
    assert "| eyes | fp16 | 1.00 |  | 4.0e-04 | 1.3 |  |  | cuda |" in text
    assert "| eyes | cpu-int8 (refused) |  |  | 2.5e-01 |" in text


def test_the_task_and_the_refusals_are_told() -> None:
    text = variants_table(manifest())
    assert "**eyes**: error (px; lower is better), at most 0.5 worse than float32. 7 samples: pictures" in text
    assert "**eyes cpu-int8**: error 3 px is worse" in text
    assert "| 2 | 0.98 | 0.3 |  | too far |" in text
    assert "model/Conv_7 0.380" in text


def test_a_folder_that_is_no_bundle_is_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(table, [str(tmp_path)])
    assert "is not a bundle" in str(result.exception)
    assert not (tmp_path / "variants.md").exists()
