"""How many files of `edge` a frame, an utterance and an alert pass: `python -m benchmarks.structure.call_paths`.

The shipped drive (`demo/drive.mp4`) is replayed and every call of a Python function in `edge` is recorded with
`sys.setprofile` and `threading.setprofile`. A file is on the path when one of its functions runs in at least nine of
ten cases, so rare work (a search for a new face, a report once a minute) is left out. Start-up is not counted: the
first 10 s of frames and everything before the first alert or utterance.

- frame: one frame through `MediaFile.read` and `Pipeline.feed`, to the messages. `configs/bus-cab.yaml`, the shipped
  bundle, the video stream of the drive alone.
- utterance: the piece of audio that ends an utterance, by the same way, with words and moods. `configs/desk.yaml`, a
  bundle with words (`--bundle`), the audio stream of the drive alone.
- alert: from the return of `AlertEngine.step` with a message, in every thread, to the broker's acknowledgement, when
  the outbox is empty again. The publisher is the only sink. Its loop also polls parts that have nothing to do with the
  alert (commands, presence, health). So each function that runs in the loop of an idle, connected publisher within 3 s
  is left out; a file counts by its other functions.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import av
import click

import edge
from benchmarks.evidence import write_json, write_text
from demo.broker import HOST, LocalBroker
from demo.drive import DRIVE_CLIP
from edge.alerts.engine import AlertEngine
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import load_config
from edge.config.delivery import MqttConfig
from edge.messages import Audio, Frame, Speech
from edge.publish.publisher import Publisher
from edge.run_registry import Start
from edge.runtime.pipeline import Pipeline
from edge.runtime.sinks import Outlet
from edge.shipped import BUNDLE, CONFIGS

GOALS = {"frame": 25, "utterance": 25, "alert": 15}
_BEFORE = {"frame": 49, "utterance": 41, "alert": 31}
"""Counted by this script on the tree before issue 22."""
_ROOT = f"{Path(edge.__file__).parent}/"
_STEADY_S = 10.0
_SHARE = 0.9
_LONGEST_S = 20.0
"""How long the publisher may take to connect, or to deliver an alert."""
_CONNECTING_S = 3.0
"""What a new connection sends (presence, subscriptions, health) has passed by then."""
_IDLE_S = 3.0


class Recorder:
    """The functions of `edge` in the order in which they first run, for one case at a time."""

    def __init__(self, trigger: CodeType | None = None) -> None:
        """`trigger`: recording begins when this function returns something that is not empty."""
        self._trigger = trigger
        self._functions: dict[CodeType, None] = {}
        self._left_out: frozenset[CodeType] = frozenset()
        self.active = False

    def __call__(self, frame: FrameType, event: str, value: Any) -> None:
        """Handle one event of `sys.setprofile`."""
        code = frame.f_code
        if event == "return" and code is self._trigger and value:
            self.active = True
        if event == "call" and self.active and code.co_filename.startswith(_ROOT):
            self._functions.setdefault(code)

    def begin(self) -> None:
        """Forget the last case and record the next."""
        self._functions.clear()
        self.active = self._trigger is None

    def end(self) -> list[str]:
        """The files of this case."""
        self.active = False
        counted = [code for code in self._functions if code not in self._left_out]
        return list(dict.fromkeys(f"edge/{code.co_filename.removeprefix(_ROOT)}" for code in counted))

    def leave_out(self, seconds: float) -> None:
        """Leave out, from now on, every function that runs within so many seconds in which nothing is handed on."""
        self._functions.clear()
        self.active = True
        time.sleep(seconds)
        self.active = False
        self._left_out = frozenset(self._functions)


def common(cases: Sequence[Sequence[str]]) -> list[str]:
    """The files of at least nine of ten cases, in the order of the last case that has most of them."""
    counts = Counter(file for case in cases for file in case)
    kept = {file for file, count in counts.items() if count >= _SHARE * len(cases)}
    longest = max(cases, key=lambda case: len(kept.intersection(case)))
    return [file for file in longest if file in kept] + sorted(kept.difference(longest))


def single_stream(kind: str, folder: Path) -> Path:
    """A copy of the drive with its `video` or its `audio` alone."""
    path = folder / f"{kind}.mp4"
    with av.open(str(DRIVE_CLIP.video)) as source, av.open(str(path), "w") as target:
        stream = source.streams.best(kind)
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return path


def replay_paths(clip: Path, bundle: Path, config: str) -> list[list[str]]:
    """The files of each frame in steady state, and of each piece of audio that ends an utterance."""
    cases, recorder = [], Recorder()
    pipeline = Pipeline(Bundle(bundle), load_config(CONFIGS / config))
    items = iter(MediaFile(clip).read())
    sys.setprofile(recorder)
    try:
        while True:
            recorder.begin()
            if (item := next(items, None)) is None:
                return cases
            messages = pipeline.feed(item)
            files = recorder.end()
            is_steady = isinstance(item, Frame) and item.t_s >= _STEADY_S
            if is_steady or (isinstance(item, Audio) and any(isinstance(message, Speech) for message in messages)):
                cases.append(files)
    finally:
        sys.setprofile(None)


def alert_paths(bundle: Path, config: str) -> list[list[str]]:
    """The files of each alert message between the decision and the broker's acknowledgement."""
    alerts, recorder = [], Recorder(AlertEngine.step.__code__)
    with LocalBroker() as broker, tempfile.TemporaryDirectory() as folder:
        configured = load_config(CONFIGS / config).model_copy(update={"mqtt": MqttConfig(host=HOST, port=broker.port)})
        pipeline, outbox = Pipeline(Bundle(bundle), configured), Path(folder) / "outbox.db"
        threading.setprofile(recorder)
        publisher = Publisher(configured, outbox, Start.now("call_paths"))
        outlet = Outlet([publisher], configured.allowance)
        publisher.start()
        _await(lambda: publisher.health().mqtt is not None)  # the network's thread runs now too
        threading.setprofile(None)
        time.sleep(_CONNECTING_S)
        recorder.leave_out(_IDLE_S)
        try:
            for item in MediaFile(DRIVE_CLIP.video).read():
                sys.setprofile(recorder)
                recorder.begin()
                outlet.write(pipeline.feed(item))
                sys.setprofile(None)
                if recorder.active:
                    _await(lambda: not publisher.health().outbox.rows)
                    alerts.append(recorder.end())
        finally:
            publisher.stop()
    return alerts


def _await(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + _LONGEST_S
    while not condition():
        if time.monotonic() >= until_s:
            raise TimeoutError(f"the publisher did not get there within {_LONGEST_S:g} s")
        time.sleep(0.01)


def page(found: dict[str, list[str]]) -> str:
    """Markdown."""
    rows = "\n".join(f"| {name} | {_BEFORE[name]} | {len(files)} | {GOALS[name]} |" for name, files in found.items())
    lists = "\n\n".join(
        f"## {name.capitalize()}: {len(files)} files\n\n"
        + "\n".join(f"{place}. `{file}`" for place, file in enumerate(files, start=1))
        for name, files in found.items()
    )
    return f"""# Files on the way of a frame, an utterance and an alert

Made by `python -m benchmarks.structure.call_paths`. A reader who follows one frame, one utterance or one alert through
`edge` opens these files. The shipped drive is replayed; a file counts when one of its functions runs in at least nine
of ten cases. Start-up and rare work are left out.

| path | files before issue 22 | files now | goal |
| --- | --- | --- | --- |
{rows}

The frame's path goes from the camera feed to the messages, in the bus cab's configuration. The utterance's path is the
piece of audio that ends the utterance, with words and moods. The alert's path goes from the decision to the broker's
acknowledgement, in all threads. A function that also runs in the loop of an idle publisher is left out there: the loop
polls commands, presence and health beside the outbox.

{lists}
"""


@click.command()
@click.option(
    "--bundle", default="build/bundle", show_default=True, type=click.Path(path_type=Path), help="With words."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="File for the lists as JSON.")
@click.option("--page", "page_path", type=click.Path(path_type=Path), help="File for the page.")
def main(bundle: Path, json_path: Path | None, page_path: Path | None) -> None:
    """Count the files, print them and write the evidence."""
    with tempfile.TemporaryDirectory() as name:
        video, audio = (single_stream(kind, Path(name)) for kind in ("video", "audio"))
        found = {
            "frame": common(replay_paths(video, BUNDLE, "bus-cab.yaml")),
            "utterance": common(replay_paths(audio, bundle, "desk.yaml")),
            "alert": common(alert_paths(BUNDLE, "bus-cab.yaml")),
        }
    for name, files in found.items():
        click.echo(f"{name}: {len(files)} files, goal {GOALS[name]}\n  " + "\n  ".join(files))
    if json_path:
        write_json(json_path, found)
    if page_path:
        write_text(page_path, page(found))


if __name__ == "__main__":
    main()
