"""Alerts on real people, and what moves when a constant does: `python -m benchmarks.fatigue --only people`.

The clips, as filmed and as worse cameras would show them, go through vision once; what the box concludes is judged
again for each neighbour of each constant that was chosen. Neighbours of vision's own constants are watched again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from edge.bundle.bundle import Bundle
from edge.config import load_config
from edge.evaluation.run import VIEWS, FaceFrames, RecordingRunner, judged, seen
from edge.evaluation.scores import Score, figures
from edge.evaluation.truth import Truth, load_truth
from edge.fatigue import closures, eye_baseline, eyelid_spans, gestures
from edge.vision import geometry, usable_eyes

FPS, SLOW_FPS = 15.0, 8.0
CONFIG = "configs/bus-cab.yaml"
NEIGHBOURS: tuple[tuple[ModuleType, str, float, float], ...] = (
    (eye_baseline, "IRIS_PRIOR", 0.20, 0.22),
    (eye_baseline, "LEARNED_S", 0.3, 1.0),
    (eye_baseline, "SURE", 0.6, 0.8),
    (eye_baseline, "USUAL_SHARE", 0.2, 0.4),
    (eye_baseline, "LEAST_SHARE", 0.15, 0.25),
    (eye_baseline, "TRUSTED_SHARE", 0.4, 0.6),
    (eye_baseline, "DOUBTED", 0.50, 0.62),
    (eye_baseline, "CERTAIN", 0.82, 0.94),
    (eye_baseline, "SHUT", 0.2, 0.4),
    (eye_baseline, "OPEN", 0.6, 0.8),
    (eye_baseline, "KNOWN_S", 2.0, 4.0),
    (closures, "SEEING", 0.94, 0.98),
    (closures, "HIDDEN", 0.88, 0.92),
    (closures, "GAPING", 0.5, 0.7),
    (closures, "FAR_DEG", 6.0, 10.0),
    (eyelid_spans, "HALF_SHUT", 0.22, 0.28),
    (gestures, "SUNK_DEG", 9.0, 15.0),
    (gestures, "ASIDE_DEG", 20.0, 40.0),
)
"""Each chosen constant with a lower and a higher value; its own stands in its module."""
MOVED_ON = "as filmed"
"""The view on which these are moved."""
WATCHED: tuple[tuple[ModuleType, str, str, float, float], ...] = (
    (usable_eyes, "_SAME_PICTURE", MOVED_ON, 0.05, 0.2),
    (usable_eyes, "_CONFIRMED_S", MOVED_ON, 0.15, 0.5),
    (geometry, "IRIS_SHARPNESS", "blurred", 0.036, 0.041),
)
"""Vision's chosen constants, each with the view on which it counts and a lower and a higher value."""
Faces = Mapping[str, FaceFrames]
"""What vision found, by clip."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One view with one constant at another value."""

    view: str
    constant: str
    value: float | None
    """None: as chosen."""
    false_alerts: int
    microsleeps: int
    stretched: int
    late: int
    """Stretched closures told more than .3 s after the mark."""
    open_held_for_closed: float


def watch(runner: RecordingRunner, truth: Truth, say: Callable[[str], None]) -> dict[str, Faces]:
    """What vision finds, by view; the slow rate is a view of its own."""
    found: dict[str, Faces] = {}
    for view in VIEWS:
        found[view] = dict(seen(runner, truth, view, most_fps(view), say))
    found[slow()] = dict(seen(runner, truth, "as filmed", SLOW_FPS, say))
    return found


def most_fps(view: str) -> float | None:
    """Pictures a second that are watched of a view; None: all."""
    return None if view == "as filmed" else FPS


def slow() -> str:
    """The name of the view at the slow rate."""
    return f"{SLOW_FPS:g} a second"


def report(
    runner: RecordingRunner, truth: Truth, faces: Mapping[str, Faces], say: Callable[[str], None]
) -> dict[str, Any]:
    """Every figure of the page."""
    views = {view: figures(_scores(runner, truth, view, faces[view])) for view in faces}
    return {
        "bundle": f"{runner.bundle.manifest.name} {runner.bundle.manifest.version}",
        "config": CONFIG,
        "fps": FPS,
        "views": views,
        "neighbours": [asdict(moved) for moved in neighbours(runner, truth, faces, say)],
    }


def neighbours(
    runner: RecordingRunner, truth: Truth, faces: Mapping[str, Faces], say: Callable[[str], None]
) -> Iterator[Moved]:
    """The chosen values first, then each constant moved alone."""
    mark_s = runner.config.fatigue.microsleep_s

    def at(view: str, constant: str, value: float | None, found: Faces) -> Moved:
        say(f"{view}: {constant}" if value is None else f"{view}: {constant} {value:g}")
        return _moved(view, constant, value, _scores(runner, truth, view, found), mark_s)

    for view in sorted({MOVED_ON, *(view for _, _, view, *_ in WATCHED)}):
        yield at(view, "as chosen", None, faces[view])
    for module, constant, *values in NEIGHBOURS:
        for value in values:
            with _set(module, constant, value):
                yield at(MOVED_ON, constant, value, faces[MOVED_ON])
    for module, constant, view, *values in WATCHED:
        for value in values:
            with _set(module, constant, value):
                found = dict(seen(runner, truth, view, most_fps(view), say))
                yield at(view, constant, value, found)


@contextmanager
def _set(module: ModuleType, constant: str, value: float) -> Iterator[None]:
    chosen = getattr(module, constant)
    setattr(module, constant, value)
    try:
        yield
    finally:
        setattr(module, constant, chosen)


def _scores(runner: RecordingRunner, truth: Truth, view: str, faces: Faces) -> list[Score]:
    return [judged(runner, truth, view, name, faces[name]) for name in truth.clips]


def _moved(view: str, constant: str, value: float | None, scores: Sequence[Score], mark_s: float) -> Moved:
    told = [told_s for score in scores for told_s in score.stretched if told_s is not None]
    open_s = sum(score.open_s for score in scores)
    return Moved(
        view=view,
        constant=constant,
        value=value,
        false_alerts=sum(len(score.false_alerts) for score in scores),
        microsleeps=sum(delay is not None for score in scores for delay in score.sleeps),
        stretched=len(told),
        late=sum(told_s > mark_s + 0.3 for told_s in told),
        open_held_for_closed=round(sum(score.open_as_closed_s for score in scores) / open_s, 4),
    )


def measure(bundle: Path, data: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Watch all clips, then judge."""
    runner = RecordingRunner(Bundle(bundle), load_config(CONFIG))
    truth = load_truth(data / "drivers" / "truth.json", data)
    return report(runner, truth, watch(runner, truth, say), say)
