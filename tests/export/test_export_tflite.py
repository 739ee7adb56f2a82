"""The TFLite converter against LiteRT, on the very files that the default bundle is made of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

pytest.importorskip("ai_edge_litert", reason="needs the extra `export`")

from edge.bundle.session import Session
from edge.vision.crop import unit_rgb
from export.fetch import PinnedArchives, default_cache
from export.graphs.tflite import convert
from export.graphs.tflite_operators import OPERATORS
from export.parity import check_parity
from export.recipe import read_recipe
from export.role_build import BuildError
from export.roles.mediapipe import litert
from export.sample_faces import FACE, RIGHT_EYE, views
from export.sources.tflite import Operator, TfliteModel, read_tflite

RECIPE = Path(__file__).resolve().parents[2] / "configs" / "bundles" / "default.yaml"
NETS = {
    "face_detector": (FACE, 128, {"boxes": (896, 16), "scores": (896, 1)}, 1),
    "face_mesh": (FACE, 192, {"landmarks": (1404,), "presence": (1,)}, "n"),
    "iris": (RIGHT_EYE, 64, {"contour": (213,), "iris": (15,)}, "n"),
}


def weights(role: str) -> Path:
    recipe = read_recipe(RECIPE)
    try:
        return PinnedArchives(recipe.archives, default_cache(), {}).file(**recipe.options(role)["weights"])
    except BuildError as error:
        pytest.skip(f"the weights are not in the cache and cannot be fetched: {error}")


@pytest.mark.parametrize("role", NETS)
def test_a_net_says_what_litert_says_on_real_pictures(role: str, tmp_path: Path) -> None:
    crop, side_px, outputs, batch = NETS[role]
    path = weights(role)
    onnx.save(convert(read_tflite(path), "image", outputs, batch), tmp_path / "net.onnx")
    samples = [{"image": unit_rgb([view])} for view in views(crop, side_px, 4, seed=0)]
    session = Session(tmp_path / "net.onnx")
    engine, name = litert(path, list(outputs))
    figures = check_parity(session, engine, name, samples)
    assert set(figures["outputs"]) == set(outputs)
    if batch == "n":
        both = session.run({"image": np.concatenate([samples[0]["image"], samples[1]["image"]])})
        for output, shape in outputs.items():
            assert both[output].shape == (2, *shape)
            single = session.run(samples[1])[output]
            np.testing.assert_allclose(both[output][1:], single, rtol=1e-4, atol=1e-3)


def test_a_conversion_that_is_wrong_is_refused(tmp_path: Path) -> None:
    crop, side_px, outputs, batch = NETS["iris"]
    path = weights("iris")
    model = convert(read_tflite(path), "image", outputs, batch)
    pad = next(node for node in model.graph.node if node.op_type == "Conv" and node.attribute)
    for attribute in pad.attribute:
        if attribute.name == "pads":
            attribute.ints[:] = attribute.ints[2:] + attribute.ints[:2]  # SAME padding on the wrong side
    onnx.save(model, tmp_path / "net.onnx")
    engine, name = litert(path, list(outputs))
    samples = [{"image": unit_rgb(views(crop, side_px, 1, seed=0))}]
    with pytest.raises(BuildError, match="differs from ai-edge-litert"):
        check_parity(Session(tmp_path / "net.onnx"), engine, name, samples)


@pytest.mark.parametrize(("role", "turns_back"), [("face_mesh", 2), ("iris", 3)])
def test_nothing_takes_the_net_out_of_the_layout_of_convolutions(role: str, turns_back: int, tmp_path: Path) -> None:
    """As onnxruntime runs it: turned back only for the outputs, and once to part the iris model's branches."""
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "run.onnx")
    model = convert(read_tflite(weights(role)), "image", NETS[role][2], "n")
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    ran = Counter(node.op_type for node in onnx.load(tmp_path / "run.onnx").graph.node)
    assert {"PRelu", "Pad", "Add", "Relu"}.isdisjoint(ran)
    if ran["ReorderOutput"]:  # a processor with that layout
        assert ran["ReorderOutput"] == turns_back


def test_two_branches_of_one_shape_are_one_twice_as_wide() -> None:
    nodes = convert(read_tflite(weights("iris")), "image", NETS["iris"][2], "n").graph.node
    assert len(nodes) < 250
    assert [node.op_type for node in nodes].count("Slice") == 2


def test_every_constant_is_used() -> None:
    for role in ("face_mesh", "iris"):
        graph = convert(read_tflite(weights(role)), "image", NETS[role][2], "n").graph
        used = {name for node in graph.node for name in node.input}
        assert {tensor.name for tensor in graph.initializer} <= used


def test_the_table_holds_the_operators_of_these_files_and_no_other() -> None:
    used = {operator.name for role in NETS for operator in read_tflite(weights(role)).operators}
    assert used == set(OPERATORS)


def test_an_operator_that_is_not_in_the_table_is_named() -> None:
    model = TfliteModel(((1, 4, 4, 3), (1, 4, 4, 3)), {}, (Operator("HARD_SWISH", None, (0,), (1,)),), (0,), (1,))
    with pytest.raises(BuildError, match=r"HARD_SWISH is not converted; those that are: ADD"):
        convert(model, "image", {"out": (4, 4, 3)}, 1)


def test_views_are_different_pictures_and_the_same_every_time() -> None:
    first, second = (views(FACE, 64, 5, seed=3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert len({picture.tobytes() for picture in first}) == 5
