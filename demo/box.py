"""The appliance as the demo runs it: real models, timeline, publisher, subscriber and screen around one run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from demo.cab import CabSink
from demo.screen import Screen
from demo.subscriber import Subscriber
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import Config
from edge.config.delivery import MqttConfig
from edge.config.perception import CameraConfig
from edge.messages import Alert, Message
from edge.run_registry import RunClock, Start, session_name
from edge.runtime.live import LiveRunner
from edge.runtime.pipeline import Pipeline, replay_file, session_of
from edge.runtime.sinks import JsonlSink, Sink, Stores
from edge.status import SystemStatus

WARNINGS_FILE = "warnings.wav"
"""What the driver would hear, on the time line of the run."""
_DELIVERY_S = 10.0
"""Patience with the last messages on their way through the broker."""


@dataclass(slots=True)
class Kept:
    """A sink that keeps what it is given."""

    messages: list[Message] = field(default_factory=list)

    def write(self, message: Message) -> None:
        """Keep one message."""
        self.messages.append(message)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave."""

    messages: list[Message]
    received: list[dict[str, Any]] | None
    """Payloads of the alerts that the subscriber got; None where there was no broker."""
    faults: list[str]
    """What could not be read, and stages that failed."""


def timeline_path(config: Config, folder: Path) -> Path:
    """Where a run in `folder` keeps its timeline."""
    return folder / config.store.path


def replay(clip: Path, bundle: Bundle, config: Config, folder: Path, console: Console) -> Outcome:
    """Play a recording through the box in real time.

    Raises:
        CaptureError: it cannot be read at all.
    """
    length_s = MediaFile(clip).duration_s
    session, kept = session_of(clip), Kept()
    pipeline = Pipeline(bundle, config, session)
    with _around(config, folder, Start.now(session), Screen(console, length_s), pipeline.status) as (
        sinks,
        subscriber,
        _,
    ):
        done = replay_file(clip, pipeline, [*sinks, kept], realtime=True)
        received = _received(subscriber, kept)
    return Outcome(kept.messages, received, done.faults)


def live(number: int, bundle: Bundle, config: Config, folder: Path, console: Console) -> Outcome:
    """Run the box on a camera of this machine until Ctrl-C."""
    camera = CameraConfig(**(config.camera.model_dump() | {"uri": f"v4l2:///dev/video{number}"}))
    config = config.model_copy(update={"camera": camera})
    session, kept, stop = session_name(config.box.id), Kept(), threading.Event()
    clock = RunClock(session)
    runner = LiveRunner(bundle, config, session, clock)
    with _around(config, folder, clock.start, Screen(console, None), runner.status) as (
        sinks,
        subscriber,
        stores,
    ):
        runner.ignore(next(sink for sink in sinks if isinstance(sink, CabSink)).warner.hears_itself)
        before = signal.signal(signal.SIGINT, lambda *_: stop.set())
        try:
            runner.run([*sinks, kept], stop, lambda _: runner.announce(stores.turn(clock.now_s())))
            stores.failure = runner.stuck
        finally:
            signal.signal(signal.SIGINT, before)
        received = _received(subscriber, kept)
    return Outcome(kept.messages, received, [])


@contextmanager
def _around(
    config: Config, folder: Path, start: Start, screen: Screen, status: SystemStatus
) -> Iterator[tuple[list[Sink], Subscriber | None, Stores]]:
    """Broker, subscriber, warnings, outbox, timeline, JSONL and screen of one run."""
    with ExitStack() as stack:
        mqtt = _broker(stack, screen)
        config = config.model_copy(update={"mqtt": mqtt})
        jsonl = stack.enter_context(JsonlSink(folder / "demo.jsonl"))
        stack.enter_context(screen)
        subscriber = stack.enter_context(Subscriber(mqtt, screen.show)) if mqtt else None
        stores = stack.enter_context(Stores(config, folder, start, status))
        cab = stack.enter_context(CabSink(config, folder / WARNINGS_FILE, start, screen.write))
        yield [cab, jsonl, *stores.sinks, screen], subscriber, stores


def _broker(stack: ExitStack, screen: Screen) -> MqttConfig | None:
    """A small broker of this process's own; None where the extra `demo` is not installed, which is told."""
    if find_spec("amqtt") is None:
        screen.show(Text("Without MQTT: pip install 'emvas-edge[demo]' brings a small broker.", style="yellow"))
        return None
    from demo.broker import HOST, LocalBroker

    return MqttConfig(host=HOST, port=stack.enter_context(LocalBroker()).port)


def _received(subscriber: Subscriber | None, kept: Kept) -> list[dict[str, Any]] | None:
    if subscriber is None:
        return None
    subscriber.wait_for(sum(isinstance(message, Alert) for message in kept.messages), _DELIVERY_S)
    return subscriber.alerts()
