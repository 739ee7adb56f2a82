"""A model card says what the manifest says, and what this machine measured, in Markdown and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import EngineBuild, GraphVerdict, Manifest, Tensorrt, read_manifest, write_manifest
from edge.cli.main import main
from export.report.card import rows


def report(bundle: Path, out: Path) -> tuple[dict[str, object], str]:
    result = CliRunner().invoke(main, ["export", "report", str(bundle), "--out", str(out)])
    assert result.exit_code == 0, result.output
    return json.loads((out / "prosody.json").read_text(encoding="utf-8")), (out / "prosody.md").read_text("utf-8")


def test_a_card_says_where_a_model_is_from_what_it_does_and_what_is_not_known(
    small_bundle: Path, tmp_path: Path
) -> None:
    card, text = report(small_bundle, tmp_path / "models")
    role = Bundle(small_bundle).role("prosody")
    for fact in (role.description, role.training_data, role.sources[0].licence, *role.labels, *role.not_checked):
        assert fact in text
        assert fact in json.dumps(card, ensure_ascii=False)
    for name, value in rows(role.variants["fp32"].measured):
        assert f"| {name} | {value} |" in text
    here = card["variants"]["fp32"]["here"]["model"]  # type: ignore[index]
    assert here["passed"]
    assert here["latency_ms_1_thread"] > 0
    assert "[prosody](prosody.md)" in (tmp_path / "models" / "README.md").read_text(encoding="utf-8")
    assert not [path.name for path in (tmp_path / "models").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (GraphVerdict(build=EngineBuild(builder="b", seconds=1, engine_bytes=None, errors=["NonZero n"])), "NonZero n"),
        (GraphVerdict(findings=["bias: n: left"], not_built="no builder"), "bias: n: left; no builder"),
        (GraphVerdict(build=EngineBuild(builder="trt 1", seconds=1, engine_bytes=2_000_000)), "by trt 1: 2.0 MB"),
    ],
)
def test_a_card_tells_what_is_in_tensorrts_way(
    small_bundle: Path, tmp_path: Path, verdict: GraphVerdict, said: str
) -> None:
    content = read_manifest(small_bundle).model_dump(mode="json")
    content["roles"]["prosody"]["variants"]["fp32"]["tensorrt"] = Tensorrt(graphs={"model": verdict}).model_dump()
    write_manifest(Manifest.model_validate(content), small_bundle)
    card, text = report(small_bundle, tmp_path)
    assert said in text
    ready = verdict.ready
    assert card["variants"]["fp32"]["tensorrt"]["ready"] == ready  # type: ignore[index]
    assert ("no engine has run on a GPU" in text) == ready


def test_a_card_of_a_bundle_without_verdicts_says_so(small_bundle: Path, tmp_path: Path) -> None:
    content = read_manifest(small_bundle).model_dump(mode="json")
    content["roles"]["prosody"]["variants"]["fp32"]["tensorrt"] = None
    write_manifest(Manifest.model_validate(content), small_bundle)
    card, text = report(small_bundle, tmp_path)
    assert card["variants"]["fp32"]["tensorrt"] is None  # type: ignore[index]
    assert "| not judged |" in text


def test_nested_figures_become_rows() -> None:
    found = rows({"parity": {"x": 0.5}, "kept": ["a", "b"], "layers": [{"node": "n", "ok": True}], "none": None})
    assert list(found) == [
        ("parity.x", "0.5"),
        ("kept", "a, b"),
        ("layers.1.node", "n"),
        ("layers.1.ok", "yes"),
        ("none", "none"),
    ]
