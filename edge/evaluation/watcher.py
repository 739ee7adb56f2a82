"""Runs the box on recordings: vision once per view, then the decision stages, also with eyes held closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import Config
from edge.evaluation.scores import Score, score, told_after_s
from edge.evaluation.truth import Truth
from edge.evaluation.views import shown
from edge.fatigue.drowsiness import DrowsinessModel
from edge.messages import Face, Frame, Message
from edge.runtime.decision_stages import DecisionStages, blink_model
from edge.vision.perception import FacePerception

HELD_S = 3.0
"""So long a stretched closure lasts."""
AFTER_S = 1.0
"""So much of the recording follows it."""
_SEED = 5
_ROUNDED_S = 1e-3
"""Times are noted to so much."""

Pictures = list[list[Face]]
"""The faces of one picture after another."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """One box that watches one recording after another, each with nothing learned before."""

    bundle: Bundle
    config: Config

    def see(self, path: Path, view: str, most_fps: float | None = None, wanted_s: Sequence[float] = ()) -> Pictures:
        """What vision finds in each picture of a recording.

        At no more than `most_fps` pictures a second, but always the first picture from each of the moments `wanted_s`.

        Raises:
            CaptureError: the recording cannot be read.
        """
        perception, rng, last_s = FacePerception(self.bundle, self.config.vision), np.random.default_rng(_SEED), -1e9
        awaited, found = sorted(wanted_s), list[list[Face]]()
        for item in MediaFile(path).read():
            if not isinstance(item, Frame):
                continue
            wanted = bool(awaited) and item.t_s >= awaited[0] - _ROUNDED_S
            if wanted or most_fps is None or item.t_s - last_s >= 1 / most_fps - _ROUNDED_S:
                awaited = [moment_s for moment_s in awaited if moment_s - _ROUNDED_S > item.t_s]
                last_s = item.t_s
                found.append(perception.step(shown(item, view, rng)))
        return found

    def judge(self, pictures: Pictures | Iterator[list[Face]]) -> list[Message]:
        """What the box says while it sees these faces, to the end."""
        judgement, t_s, told = (
            DecisionStages(self.config, "evaluation", drowsiness=self._drowsiness),
            0.0,
            list[Message](),
        )
        for faces in pictures:
            t_s = faces[0].t_s
            told += judgement.seen(faces, speaking=False)
        return told + judgement.finish(t_s)

    @property
    def _drowsiness(self) -> DrowsinessModel | None:
        return blink_model(self.bundle, self.config)


def stretched(pictures: Pictures, at_s: float) -> tuple[float, Iterator[list[Face]]]:
    """The recording with the picture nearest to `at_s` held: when that begins, and the faces."""
    place = min(range(len(pictures)), key=lambda index: abs(pictures[index][0].t_s - at_s))
    return pictures[place][0].t_s, _held(pictures, place)


def _held(pictures: Pictures, place: int) -> Iterator[list[Face]]:
    start_s = pictures[place][0].t_s
    step_s = (pictures[-1][0].t_s - pictures[0][0].t_s) / max(len(pictures) - 1, 1)
    yield from pictures[:place]
    for number in range(max(1, round(HELD_S / step_s))):
        yield [replace(face, t_s=start_s + number * step_s) for face in pictures[place]]
    for faces in pictures[place + 1 :]:
        if faces[0].t_s > start_s + AFTER_S:
            return
        yield [replace(face, t_s=face.t_s + HELD_S) for face in faces]


def seen(
    watcher: Watcher, truth: Truth, view: str, most_fps: float | None, progress: Callable[[str], None]
) -> Iterator[tuple[str, Pictures]]:
    """What vision finds in each clip; costs what the box costs."""
    for name in truth.clips:
        progress(f"{view}: {name}")
        yield name, watcher.see(truth.path(name), view, most_fps, truth.stretched.get(name, ()))


def judged(watcher: Watcher, truth: Truth, view: str, name: str, pictures: Pictures) -> Score:
    """The score of one clip of which vision's part is known."""
    config = watcher.config.fatigue
    found = score(name, view, truth.clips[name], watcher.judge(pictures), config)
    for at_s in truth.stretched.get(name, []):
        start_s, faces = stretched(pictures, at_s)
        found.stretched.append(told_after_s(watcher.judge(faces), start_s, config))
    return found


def evaluate(
    watcher: Watcher,
    truth: Truth,
    views: Sequence[str],
    most_fps: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Score]]:
    """Scores by view."""
    found: dict[str, list[Score]] = {}
    for view in views:
        clips = seen(watcher, truth, view, most_fps, progress)
        found[view] = [judged(watcher, truth, view, name, faces) for name, faces in clips]
    return found
