"""Runs the box on recordings, also as worse cameras would show them, and with eyes held closed.

Vision runs once per view, then the decision stages run on its faces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import Config
from edge.evaluation.scores import Score, score, told_after_s
from edge.evaluation.truth import Truth
from edge.fatigue.drowsiness import DrowsinessModel
from edge.messages import Face, Frame, Message
from edge.runtime.decision_stages import DecisionStages, blink_model
from edge.vision.perception import FacePerception

Image = npt.NDArray[np.uint8]
Rng = np.random.Generator

NOISE = 3.0
"""Standard deviation of the sensor's noise in dim and infra-red frames, in grey levels."""
DIM = 0.25
"""Remaining share of the light."""
BLUR = 0.003
"""Standard deviation of the blur over the frame's longer side: 2 px of 640."""
SMALL = 1 / 3
"""Ratio of the sides of the small copy to those of the original."""


def as_filmed(image: Image, _: Rng) -> Image:
    """The unchanged frame."""
    return image


def infra_red(image: Image, rng: Rng) -> Image:
    """One lamp beside the lens: no colour, red counts most, half the contrast, darker corners, noise."""
    grey = cv2.transform(image, np.array([[0.0, 0.2, 0.8]], np.float32)).astype(np.float32)
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in grey.shape)
    lit = (35 + 0.5 * grey) * (1.15 - 0.35 * (x**2 + y[:, None] ** 2))
    return np.dstack([_noisy(lit, rng)] * 3)


def dim(image: Image, rng: Rng) -> Image:
    """A quarter of the light, and the sensor's noise."""
    return _noisy(image.astype(np.float32) * np.float32(DIM), rng)


def blurred(image: Image, _: Rng) -> Image:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR * max(image.shape)), np.uint8)


def small(image: Image, _: Rng) -> Image:
    """Further away, or fewer pixels."""
    return np.asarray(cv2.resize(image, None, fx=SMALL, fy=SMALL, interpolation=cv2.INTER_AREA), np.uint8)


VIEWS: dict[str, Callable[[Image, Rng], Image]] = {
    "as filmed": as_filmed,
    "infra-red": infra_red,
    "dim": dim,
    "blurred": blurred,
    "small": small,
}
"""Every view by name."""


def shown(frame: Frame, view: str, rng: Rng) -> Frame:
    """The frame as `view` shows it."""
    return replace(frame, image=VIEWS[view](frame.image, rng))


def _noisy(image: npt.NDArray[np.float32], rng: Rng) -> Image:
    noise = rng.standard_normal(image.shape, np.float32)
    return np.asarray(np.clip(np.rint(image + np.float32(NOISE) * noise), 0, 255), np.uint8)


HELD_S = 3.0
"""Length of a stretched closure."""
AFTER_S = 1.0
"""Length of the recording that follows it."""
_SEED = 5
_ROUNDED_S = 1e-3
"""Resolution of noted times."""

FaceFrames = list[list[Face]]
"""The faces of each frame, in order."""


@dataclass(frozen=True, slots=True)
class RecordingRunner:
    """Runs the box on recordings, one after another; each starts without learned baselines."""

    bundle: Bundle
    config: Config

    def see(self, path: Path, view: str, most_fps: float | None = None, wanted_s: Sequence[float] = ()) -> FaceFrames:
        """The faces in each frame of a recording.

        At most `most_fps` frames a second, but always the first frame from each of the moments `wanted_s`.

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

    def judge(self, frames: FaceFrames | Iterator[list[Face]]) -> list[Message]:
        """The messages of the box about these faces, to the end."""
        judgement, t_s, messages = (
            DecisionStages(self.config, "evaluation", drowsiness=self._drowsiness),
            0.0,
            list[Message](),
        )
        for faces in frames:
            t_s = faces[0].t_s
            messages += judgement.seen(faces, speaking=False)
        return messages + judgement.finish(t_s)

    @property
    def _drowsiness(self) -> DrowsinessModel | None:
        return blink_model(self.bundle, self.config)


def stretched(frames: FaceFrames, at_s: float) -> tuple[float, Iterator[list[Face]]]:
    """The recording with the frame nearest to `at_s` held: the start of that closure, and the faces."""
    place = min(range(len(frames)), key=lambda index: abs(frames[index][0].t_s - at_s))
    return frames[place][0].t_s, _held(frames, place)


def _held(frames: FaceFrames, place: int) -> Iterator[list[Face]]:
    start_s = frames[place][0].t_s
    step_s = (frames[-1][0].t_s - frames[0][0].t_s) / max(len(frames) - 1, 1)
    yield from frames[:place]
    for number in range(max(1, round(HELD_S / step_s))):
        yield [replace(face, t_s=start_s + number * step_s) for face in frames[place]]
    for faces in frames[place + 1 :]:
        if faces[0].t_s > start_s + AFTER_S:
            return
        yield [replace(face, t_s=face.t_s + HELD_S) for face in faces]


def seen(
    runner: RecordingRunner, truth: Truth, view: str, most_fps: float | None, progress: Callable[[str], None]
) -> Iterator[tuple[str, FaceFrames]]:
    """The faces in each clip; takes as long as the box itself."""
    for name in truth.clips:
        progress(f"{view}: {name}")
        yield name, runner.see(truth.path(name), view, most_fps, truth.stretched.get(name, ()))


def judged(runner: RecordingRunner, truth: Truth, view: str, name: str, frames: FaceFrames) -> Score:
    """The score of one clip whose faces are known."""
    config = runner.config.fatigue
    found = score(name, view, truth.clips[name], runner.judge(frames), config)
    for at_s in truth.stretched.get(name, []):
        start_s, faces = stretched(frames, at_s)
        found.stretched.append(told_after_s(runner.judge(faces), start_s, config))
    return found


def evaluate(
    runner: RecordingRunner,
    truth: Truth,
    views: Sequence[str],
    most_fps: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Score]]:
    """Scores of all clips, by view."""
    found: dict[str, list[Score]] = {}
    for view in views:
        clips = seen(runner, truth, view, most_fps, progress)
        found[view] = [judged(runner, truth, view, name, faces) for name, faces in clips]
    return found
