"""What the benchmarks of speed count and make, on small known things."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.speed.alert_latency import story
from benchmarks.speed.by_faces import tiled
from benchmarks.speed.cpu_limit import million_products
from edge.messages import Frame


def test_products_are_counted_for_the_whole_batch(tmp_path: Path) -> None:
    kernel = numpy_helper.from_array(np.zeros((8, 3, 3, 3), np.float32), "k")
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 10, 10]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8, 8, 8]),
    ]
    graph = helper.make_graph([helper.make_node("Conv", ["x", "k"], ["y"])], "g", ends[:1], ends[1:], [kernel])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "g.onnx")
    assert million_products(tmp_path / "g.onnx", 2) * 1e6 == 2 * 8 * 8 * 8 * 27


def test_as_many_tiles_as_faces_hold_the_picture() -> None:
    picture = np.full((90, 120, 3), 7, np.uint8)
    assert [float((tiled(Frame(0.0, picture), faces).image == 7).mean()) for faces in (1, 4)] == [0.25, 1.0]


def test_no_blink_falls_into_a_closure() -> None:
    drive = story(3)
    closures = [event for event in drive.events if event.kind == "closure"]
    blinks = [event for event in drive.events if event.kind == "blink"]
    assert len(closures) == 3
    assert all(b.end_s < c.start_s - 0.5 or b.start_s > c.end_s + 0.5 for b in blinks for c in closures)
