"""The cost of a frame, stage by stage: `python -m benchmarks.speed.frame_path --bundle DIR CLIP... [--json OUT]`.

Every stage runs alone on the same frames, one thread, after the frames were decoded; `frame` is the whole of
`FacePerception.step` following one face (detector only when it is due, expression every sixth frame). CPU time stands
beside wall time because a busy machine inflates the latter. `model` is the part spent inside onnxruntime.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

from benchmarks.evidence import write_json
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import VisionConfig
from edge.messages import Frame
from edge.vision.crop import Crop, unit_rgb
from edge.vision.detector import FaceDetector
from edge.vision.geometry import eye_opening, eye_width_px, facing, head_pose, mouth_ratio
from edge.vision.iris import Eye, EyeModel
from edge.vision.mesh import FaceMesh, Mesh
from edge.vision.perception import ExpressionModel, FacePerception
from edge.vision.usable_eyes import why_unusable


@dataclass(frozen=True, slots=True)
class Cost:
    """One stage, in ms."""

    stage: str
    runs: int
    cpu_ms_median: float
    cpu_ms_p95: float
    wall_ms_median: float
    model_cpu_ms_median: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame and what was found in it, so that each stage can be run again alone."""

    image: np.ndarray
    crop: Crop
    mesh: Mesh
    eyes: tuple[Eye, Eye]


def frames_of(clip: Path, most: int) -> list[Frame]:
    """The first `most` frames of a clip, decoded."""
    frames: list[Frame] = []
    for item in MediaFile(clip).read():
        if isinstance(item, Frame):
            frames.append(item)
        if len(frames) == most:
            break
    return frames


def scenes_of(bundle: Bundle, frames: list[Frame]) -> list[Scene]:
    """The frames in which the detector sees a face."""
    detector, mesher, reader = FaceDetector(bundle), FaceMesh(bundle), EyeModel(bundle)
    scenes = []
    for frame in frames:
        for detection in detector.detect(frame.image)[:1]:
            crop = mesher.locate(frame.image, [detection.crop])[0].next_crop()
            mesh = mesher.locate(frame.image, [crop])[0]
            scenes.append(Scene(frame.image, crop, mesh, reader.read(frame.image, [mesh])[0]))
    return scenes


def measure(stage: str, calls: list[Callable[[], object]], model_ms: float | None = None) -> Cost:
    """Time each call once, after five unmeasured ones."""
    for call in calls[:5]:
        call()
    cpu, wall = [], []
    for call in calls:
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        call()
        cpu.append((time.process_time() - cpu_start) * 1e3)
        wall.append((time.perf_counter() - wall_start) * 1e3)
    middle, high = np.percentile(cpu, (50, 95))
    return Cost(stage, len(calls), float(middle), float(high), float(np.median(wall)), model_ms)


def model_ms(bundle: Bundle, role: str, image: np.ndarray, count: int = 1) -> float:
    """Median CPU time of the graph alone, on `count` times the picture."""
    session = bundle.session(role)
    _, first, side_px, _ = session.input_shapes["image"]
    small = unit_rgb([cv2.resize(image, (int(side_px), int(side_px)), interpolation=cv2.INTER_AREA)] * count)
    batch = small if first == small.shape[1] else np.ascontiguousarray(small[:, :1].transpose(0, 2, 3, 1))
    return measure(role, [lambda: session.run({"image": batch})] * 40).cpu_ms_median


def judge(scene: Scene) -> None:
    """Everything that follows the models: pose, openings, usability."""
    points = scene.mesh.points
    qualities = [eye.quality for eye in scene.eyes]
    why_unusable(eye_width_px(points), head_pose(points), qualities)
    eye_opening(scene.eyes, facing(points), head_pose(points).pitch_deg)
    mouth_ratio(points)


def costs(bundle: Bundle, frames: list[Frame]) -> list[Cost]:
    """All stages on these frames."""
    scenes = scenes_of(bundle, frames)
    detector, mesher, reader, expression = (
        kind(bundle) for kind in (FaceDetector, FaceMesh, EyeModel, ExpressionModel)
    )
    perception = FacePerception(bundle, VisionConfig())
    picture = frames[0].image
    return [
        measure(
            "detect",
            [lambda s=scene: detector.detect(s.image) for scene in scenes],
            model_ms(bundle, "face_detector", picture),
        ),
        measure(
            "mesh",
            [lambda s=scene: mesher.locate(s.image, [s.crop]) for scene in scenes],
            model_ms(bundle, "face_mesh", picture),
        ),
        measure(
            "both irises",
            [lambda s=scene: reader.read(s.image, [s.mesh]) for scene in scenes],
            model_ms(bundle, "iris", picture, 2),
        ),
        measure(
            "expression",
            [lambda s=scene: expression.read(s.image, [s.crop]) for scene in scenes],
            model_ms(bundle, "expression", picture),
        ),
        measure("geometry and usability", [lambda s=scene: judge(s) for scene in scenes]),
        measure("frame", [lambda f=frame: perception.step(f) for frame in frames]),
    ]


def show(name: str, found: list[Cost]) -> None:
    """Print one clip's table."""
    table = Table(title=name)
    for heading in ("stage", "runs", "CPU ms median", "CPU ms p95", "wall ms median", "of it model, CPU ms"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for cost in found:
        model = "" if cost.model_cpu_ms_median is None else f"{cost.model_cpu_ms_median:.2f}"
        figures = (f"{value:.2f}" for value in (cost.cpu_ms_median, cost.cpu_ms_p95, cost.wall_ms_median))
        table.add_row(cost.stage, str(cost.runs), *figures, model)
    Console().print(table)


@click.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", "folder", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--frames", "most", default=100, show_default=True, help="frames of each clip")
@click.option("--json", "out", type=click.Path(path_type=Path), help="file for the figures")
def main(clips: tuple[Path, ...], folder: Path, most: int, out: Path | None) -> None:
    """Measure what a frame of each of CLIPS costs."""
    cv2.setNumThreads(1)
    bundle = Bundle(folder)
    report: dict[str, object] = {
        "machine": platform.machine(),
        "onnxruntime": onnxruntime.__version__,
        "bundle": f"{bundle.manifest.name} {bundle.manifest.version}",
        "threads": 1,
    }
    for clip in clips:
        frames = frames_of(clip, most)
        found = costs(bundle, frames)
        height, width = frames[0].image.shape[:2]
        show(f"{clip.name}, {width}x{height}", found)
        report[clip.name] = {"size": [width, height], "costs": [asdict(cost) for cost in found]}
    if out:
        write_json(out, report)


if __name__ == "__main__":
    main()
