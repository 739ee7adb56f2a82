"""All stages of one run in one call chain, without threads: for replays and for programs that use `edge` as a library.

A replay drops no items and gives the same messages every time.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np

from edge.affect.fusion_model import UtteranceFeatures
from edge.bundle.bundle import Bundle, sha256_of
from edge.capture.frames import View
from edge.capture.media import MediaFile, StreamChoice, end_of
from edge.config import Config
from edge.config.purpose import permitted
from edge.error import EmvasError
from edge.messages import SAMPLE_RATE_HZ, Alert, Audio, Frame, Message, Reason, Source, Speed, Utterance
from edge.runtime.decision_stages import DecisionStages, blink_model, trained_fusion
from edge.runtime.metrics import RunCounters
from edge.runtime.perception_stages import LanguageModels, PerceptionStages, absences
from edge.runtime.sinks import Sink
from edge.runtime.supervision import Supervision

_SESSION_DIGITS = 8

Item = Frame | Audio | Speed | Source
"""The input of a run."""


class PipelineError(EmvasError):
    """The input cannot be used; the message says what it must be."""


class Pipeline:
    """One run, from its first item to `finish`: feed frames and audio, get messages.

    Only messages that the configured purpose permits come out (`edge.config.purpose`).
    """

    def __init__(
        self,
        bundle: Bundle,
        config: Config,
        session: str = "run",
        words: LanguageModels | None = None,
        features: Callable[[UtteranceFeatures], None] | None = None,
    ) -> None:
        """Load the models that the configuration needs; the next run needs a new pipeline.

        Args:
            bundle: The models; missing roles are reported as absent and the rest works.
            config: Purpose and settings.
            session: The name of the run, from which the ids of its alerts are made.
            words: The language models of an earlier run, which are costly to load.
            features: Called with the input of a trained fusion for each utterance, even without such a model.

        Raises:
            BundleError: a model that the bundle has cannot be loaded.
        """
        self.config, self._allowance = config, config.allowance
        self.health = RunCounters()
        self.frames_with_face = 0
        """Frames that showed a face, usable or not."""
        self.failures: list[Source] = []
        """Stages that failed in this run."""
        self._new: list[Source] = []
        fusion, drowsiness = trained_fusion(bundle, config), blink_model(bundle, config)
        supervision = Supervision(self._new.append, self.health)
        self._decisions = DecisionStages(config, session, fusion, features, drowsiness, supervision)
        self._perception = PerceptionStages(bundle, config, supervision, words or LanguageModels(bundle, config))
        self.status = self._decisions.status
        """The record of what is lost, for the stores of this run."""
        self._absent = absences(self._perception, config)
        self._reached_s = -math.inf
        self._frame_s = -math.inf
        self._finished = False

    def feed(self, item: Item) -> list[Message]:
        """Handle the next frame, piece of audio, speed or source report; return its messages in order.

        Frames must go forward in time. A gap in the audio ends the utterance. Feed items in live order, audio when
        its last sample was recorded. The call that ends an utterance also analyses it.

        Raises:
            PipelineError: the run is finished, or the item differs from its description in `edge.messages`.
        """
        self._expect_open()
        _expect_usable(item, self._frame_s)
        self._reached_s = max(self._reached_s, end_of(item) if isinstance(item, (Frame, Audio)) else item.t_s)
        messages = self._begun()
        if isinstance(item, Frame):
            messages += self._seen(item)
        elif isinstance(item, Audio):
            messages += self._heard(item)
        elif isinstance(item, Speed):
            messages += self._decisions.speed(item)
        else:
            messages += self._decisions.source(item)
        return self._permitted([*messages, *self._reported()])

    def finish(self, t_s: float | None = None) -> list[Message]:
        """End the run: close the open utterance, open alerts and the last summary.

        Args:
            t_s: When it ends; by default where the last item ended.

        Raises:
            PipelineError: it is finished already.
        """
        self._expect_open()
        self._finished = True
        end_s = max(self._reached_s, 0.0) if t_s is None else t_s
        messages = self._begun() + self._spoken(self._perception.end_sound(end_s))
        return self._permitted([*messages, *self._decisions.finish(end_s), *self._reported()])

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Refuse items after `with`; without a call of `finish` its messages are lost."""
        self._finished = True

    def _seen(self, frame: Frame) -> list[Message]:
        self.health.frames += 1
        self._frame_s = frame.t_s
        speaking = self._perception.speaking
        faces = self._perception.see(frame)
        self.frames_with_face += any(face.reason is not Reason.NO_FACE for face in faces)
        return [*self._reported(), *self._decisions.seen(faces, speaking)]

    def _heard(self, audio: Audio) -> list[Message]:
        return self._spoken(self._perception.hear(audio))

    def _spoken(self, utterances: list[Utterance]) -> list[Message]:
        self.health.utterances += len(utterances)
        messages = [*self._reported(), *self._decisions.sounded(self._perception.sounds())]
        for utterance in utterances:
            messages += self._decisions.spoken(utterance)
        for utterance in utterances:
            heard = self._perception.understand(utterance)
            messages += [*self._reported(), *self._decisions.heard(heard)]
        return messages

    def _begun(self) -> list[Message]:
        """At the first call: the stages that this run does not have."""
        absent, self._absent = self._absent, []
        return [message for source in absent for message in self._decisions.without(source)]

    def _reported(self) -> list[Message]:
        """The reports of stages since the last call."""
        messages: list[Message] = []
        while self._new:
            source = self._new.pop(0)
            self.failures += [source] if source.state == "lost" else []
            messages += self._decisions.source(source)
        return messages

    def _permitted(self, messages: list[Message]) -> list[Message]:
        return [allowed for message in messages if (allowed := permitted(message, self._allowance)) is not None]

    def _expect_open(self) -> None:
        if self._finished:
            raise PipelineError("this run is finished: make a new Pipeline for the next one and give it the same words")


def _expect_usable(item: Item, last_frame_s: float) -> None:
    if not math.isfinite(item.t_s):
        raise PipelineError(f"{type(item).__name__}.t_s is {item.t_s}: give seconds from the start of the run")
    where = f"at {item.t_s:.3f} s"
    if isinstance(item, Frame):
        image = item.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise PipelineError(
                f"the picture {where} is {image.dtype} of shape {image.shape}: give BGR uint8 of (height, width, 3)"
            )
        if item.t_s <= last_frame_s:
            raise PipelineError(f"the picture {where} follows on that of {last_frame_s:.3f} s: give them in order")
    elif isinstance(item, Audio):
        samples = item.samples
        if samples.dtype != np.float32 or samples.ndim != 1:
            raise PipelineError(
                f"the sound {where} is {samples.dtype} of shape {samples.shape}: give mono float32 in -1..1 "
                f"at {SAMPLE_RATE_HZ} Hz"
            )


@dataclass(slots=True)
class ReplayReport:
    """The result of one file."""

    path: Path
    length_s: float = 0.0
    wall_s: float = 0.0
    frames: int = 0
    frames_with_face: int = 0
    sound_s: float = 0.0
    utterances: int = 0
    alerts: int = 0
    faults: list[str] = field(default_factory=list)
    """Parts of the file that could not be read, and stages that failed."""
    notes: list[str] = field(default_factory=list)
    """Remarks about the file: the chosen stream of several, faults of its video and audio."""

    @property
    def face_share(self) -> float | None:
        """Share of the frames that show a face; None without frames."""
        return self.frames_with_face / self.frames if self.frames else None

    @property
    def speed(self) -> float:
        """Seconds of recording per second of processing."""
        return self.length_s / self.wall_s if self.wall_s else 0.0


def session_of(path: Path) -> str:
    """The name of the run that replays `path`, made from its stem and content: the same in every folder."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', path.stem)}-{sha256_of(path)[:_SESSION_DIGITS]}"


def configured(config: Config) -> StreamChoice:
    """The streams of a recording and the camera mounting that a configuration asks for."""
    return StreamChoice(config.camera.stream, config.microphone.stream, View(config.camera))


def replay_file(
    path: Path,
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    realtime: bool = False,
    progress: Callable[[float], None] | None = None,
    choice: StreamChoice | None = None,
) -> ReplayReport:
    """Feed a file to a new `pipeline`; its messages go to `sinks`, which stay open.

    `realtime` plays the recording at its own speed. `progress` is called with the time reached in seconds.
    `choice` is by default the choice of streams and mounting in the pipeline's configuration.

    Raises:
        CaptureError: the file cannot be read at all.
    """
    file, report = MediaFile(path, choice or configured(pipeline.config)), ReplayReport(path)
    start_s = time.monotonic()

    def write(messages: list[Message]) -> None:
        report.alerts += sum(isinstance(message, Alert) and message.type == "new" for message in messages)
        for message in messages:
            for sink in sinks:
                sink.write(message)

    for item in file.read():
        if isinstance(item, Source):
            if item.source == "file":
                report.faults.append(item.detail)
            elif item.detail and item.state != "absent":
                report.notes.append(f"{item.source}: {item.detail}")
        else:
            report.length_s = end_of(item)
            if realtime:
                time.sleep(max(0.0, start_s + report.length_s - time.monotonic()))
            if isinstance(item, Audio):
                report.sound_s += len(item.samples) / SAMPLE_RATE_HZ
        write(pipeline.feed(item))
        if progress:
            progress(report.length_s)
    write(pipeline.finish(report.length_s))
    report.frames, report.frames_with_face = pipeline.health.frames, pipeline.frames_with_face
    report.utterances = pipeline.health.utterances
    report.faults += [f"{failure.source} failed: {failure.detail}" for failure in pipeline.failures]
    report.wall_s = time.monotonic() - start_s
    return report
