"""A role that is not what the box feeds and reads is told when the bundle is opened, never while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from role_bundle import make_role_bundle

from edge.affect.face_memory import VALENCE
from edge.affect.fusion_model import ROLE as FUSION
from edge.bundle.bundle import Bundle
from edge.bundle.contract import CONTRACTS, misfit
from edge.bundle.manifest import BundleError, Graph, Role, Tensor, read_manifest, write_manifest
from edge.messages import EXPRESSIONS
from edge.runtime.perception_stages import OPTIONAL, ROLES


def changed(role: Role, **parts: object) -> Role:
    """The role whose float32 graphs are changed in `inputs` or `outputs`."""
    fp32 = role.variants["fp32"]
    graphs = {name: graph.model_copy(update=parts) for name, graph in fp32.graphs.items()}
    return role.model_copy(update={"variants": {"fp32": fp32.model_copy(update={"graphs": graphs})}})


def resized(tensor: Tensor) -> list[Tensor]:
    """The tensor with each fixed dimension one larger, each free one fixed, and with a dimension more."""
    shapes = [
        [*tensor.shape[:at], size + 1 if isinstance(size, int) else 1, *tensor.shape[at + 1 :]]
        for at, size in enumerate(tensor.shape)
    ]
    return [tensor.model_copy(update={"shape": shape}) for shape in (*shapes, [*tensor.shape, 1])]


def test_every_role_that_the_box_opens_has_a_contract() -> None:
    asked = {role for roles in ROLES.values() for role in roles} | set(OPTIONAL) | {FUSION}
    assert asked == set(CONTRACTS)


def test_the_labels_of_an_expression_are_those_that_have_a_valence() -> None:
    assert set(VALENCE) == set(EXPRESSIONS)


def test_the_bundle_dir_fits_in_all_its_variants(bundle_dir: Path) -> None:
    assert {name: misfit(name, role) for name, role in read_manifest(bundle_dir).roles.items()} == dict.fromkeys(
        read_manifest(bundle_dir).roles
    )


@pytest.mark.parametrize("name", ["face_detector", "face_mesh", "iris", "eye_state"])
def test_a_picture_or_an_answer_of_another_size_is_refused(name: str, bundle_dir: Path) -> None:
    role = read_manifest(bundle_dir).roles[name]
    graph: Graph = role.variants["fp32"].graphs["model"]
    for side in ("inputs", "outputs"):
        tensors: list[Tensor] = getattr(graph, side)
        for at, tensor in enumerate(tensors):
            for other in resized(tensor):
                fault = misfit(name, changed(role, **{side: [*tensors[:at], other, *tensors[at + 1 :]]}))
                assert fault is not None and tensor.name in fault, other.shape


def expression(bundle_dir: Path) -> Role:
    return read_manifest(bundle_dir).roles["expression"]


def test_labels_that_the_box_does_not_know_or_that_are_too_few_are_refused(bundle_dir: Path) -> None:
    role = expression(bundle_dir)
    strange = role.model_copy(update={"labels": [*role.labels[:-1], "LABEL_6"]})
    assert "no label LABEL_6" in str(misfit("expression", strange))
    few = role.model_copy(update={"labels": role.labels[:-1]})
    assert "7 columns" in str(misfit("expression", few))
    twice = role.model_copy(update={"labels": [*role.labels[:-1], role.labels[0]]})
    assert "one a column" in str(misfit("expression", twice))
    turned = role.model_copy(update={"labels": role.labels[::-1]})
    assert misfit("expression", turned) is None


def test_an_input_that_the_box_does_not_feed_and_one_of_another_range_are_refused(bundle_dir: Path) -> None:
    role = expression(bundle_dir)
    (image,) = role.variants["fp32"].graphs["model"].inputs
    more = Tensor(name="mask", dtype="float32", shape=["n", 1])
    assert "it wants mask, which the box does not have" in str(
        misfit("expression", changed(role, inputs=[image, more]))
    )
    brighter = image.model_copy(update={"range": (0.0, 255.0)})
    assert "the box feeds (-1.0, 1.0)" in str(misfit("expression", changed(role, inputs=[brighter])))
    halves = image.model_copy(update={"dtype": "float16"})
    assert "float32 is wanted" in str(misfit("expression", changed(role, inputs=[halves])))


def test_a_speech_model_is_either_of_two_kinds(bundle_dir: Path) -> None:
    role = read_manifest(bundle_dir).roles["asr"]
    fp32 = role.variants["fp32"]
    alone = fp32.model_copy(update={"graphs": {"encoder": fp32.graphs["encoder"]}})
    fault = misfit("asr", role.model_copy(update={"variants": {"fp32": alone}}))
    assert fault == "fp32 has the graphs encoder; encoder, decoder or model is wanted"


def test_a_bundle_is_not_opened_with_a_role_that_does_not_fit(bundle_dir: Path, tmp_path: Path) -> None:
    folder = make_role_bundle(tmp_path / "bundle", bundle_dir, "expression")
    manifest = read_manifest(folder)
    role = manifest.roles["expression"].model_copy(update={"labels": ["LABEL_0", "LABEL_1", "LABEL_2"]})
    write_manifest(manifest.model_copy(update={"roles": {"expression": role}}), folder)
    with pytest.raises(BundleError, match=r"role expression does not fit the box: .*7 columns.*export that model"):
        Bundle(folder)


def test_a_role_that_the_box_does_not_run_is_anybodys(bundle_dir: Path, tmp_path: Path) -> None:
    folder = make_role_bundle(tmp_path / "bundle", bundle_dir, "expression")
    manifest = read_manifest(folder)
    role = manifest.roles["expression"].model_copy(update={"labels": ["LABEL_0"]})
    write_manifest(manifest.model_copy(update={"roles": {"vision_encoder": role}}), folder)
    assert Bundle(folder).has("vision_encoder")
