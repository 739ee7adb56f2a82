"""The sink that warns the driver: the first of all sinks, so that a sound waits for no disk and no network."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol

from edge.capture.source_connection import LONGEST_DELAY_S
from edge.config import Config
from edge.config.decision import WarningConfig
from edge.i18n.texts import Sentence
from edge.messages import Alert, Audio, Level, Message, Source, Warned
from edge.redact import error_line
from edge.run_registry import clock_state
from edge.warning.phrases import Phrase, PhraseError, load_phrases
from edge.warning.policy import Cue, StopRepeating, WarningPolicy
from edge.warning.signals import SIGNAL_OF, Signal
from edge.warning.speaker import Player, Speaker
from edge.warning.switched_outputs import Button, GpioSwitch, SwitchedOutput, relay_switch

_log = logging.getLogger(__name__)

_STOP_S = 2.0
NOTHING = Sentence("no_warning_device")

Report = Callable[[Source | Warned], None]


class _Output(Protocol):
    def stream(self, stop: threading.Event) -> Iterator[Source | Warned]: ...


class WarnerSink:
    """Warns inside `with`; the decision thread calls `write`, which never waits."""

    def __init__(self, config: Config, now: Callable[[], float], report: Report) -> None:
        """`now` is the box's time line; `report` hears what becomes of the outputs and what sounded, from any thread.

        A configuration without a section `warning` gives no warnings, which is reported once.
        """
        self._policy = WarningPolicy(config.fatigue)
        self._now, self._report, self._lock = now, report, threading.Lock()
        self._player: Player | None = None
        self._speaker: Speaker | None = None
        self._lines: list[SwitchedOutput] = []
        self._threads: list[threading.Thread] = []
        self._outputs: dict[str, _Output] = {}
        self._stop = threading.Event()
        self._faults: list[Source] = []
        """What is wrong with the configured warning, reported at the start."""
        if config.warning is None and config.allowance.warns:
            self._faults.append(Source(0.0, "warning", "absent", NOTHING))
        if config.warning is not None:
            self._build(config.warning, now)

    def write(self, message: Message) -> None:
        """Take one message; the device's thread has the signal when this returns."""
        with self._lock:
            self._sound(self._policy.step(message))
            if isinstance(message, Alert):
                for line in self._lines:
                    line.show(self._policy.level, message.id)

    def hears_itself(self, audio: Audio) -> bool:
        """Whether a tone of the box may be in this piece of audio."""
        return self._speaker is not None and self._speaker.own.covers(audio)

    def __enter__(self) -> WarnerSink:
        for fault in self._faults:
            self._report(fault)
        for name, output in self._outputs.items():
            thread = threading.Thread(target=self._run, args=(name, output), name=f"warning {name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(_STOP_S)

    def _build(self, config: WarningConfig, now: Callable[[], float]) -> None:
        if config.speaker is not None:
            self._player = Player(config, now, partial(is_quiet, config), self._phrases(config))
            self._speaker = Speaker(config.speaker, self._player, now)
            self._outputs["speaker"] = self._speaker
        if config.gpio is not None:
            self._line(SwitchedOutput("gpio", partial(GpioSwitch, config.gpio), _level(config.gpio_from), now))
        if config.relay is not None:
            make = partial(relay_switch, config.relay, config.relay_channel)
            self._line(SwitchedOutput("relay", make, _level(config.relay_from), now))
        if config.button is not None:
            self._outputs["button"] = Button(config.button, self._pressed, now)

    def _phrases(self, config: WarningConfig) -> Mapping[Signal, Phrase]:
        """The phrases; those that cannot be used are reported as lost, and the tones sound without them."""
        try:
            return load_phrases(Path(config.phrases), config.phrase_language) if config.phrases else {}
        except PhraseError as error:
            self._faults.append(Source(0.0, "phrases", "lost", error.sentence))
            return {}

    def _line(self, line: SwitchedOutput) -> None:
        self._lines.append(line)
        self._outputs[line.name] = line

    def _run(self, name: str, output: _Output) -> None:
        while not self._stop.is_set():
            self._follow(name, output)

    def _follow(self, name: str, output: _Output) -> None:
        try:
            for item in output.stream(self._stop):
                self._report(item)
        except Exception as error:  # drivers raise many types; a thread that ends silently would give no warnings
            _log.exception("%s failed", name)
            self._report(Source(self._now(), name, "lost", error_line(error)))
            self._stop.wait(LONGEST_DELAY_S)

    def _sound(self, change: Cue | StopRepeating | None) -> None:
        if self._player is not None and isinstance(change, Cue):
            self._player.play(change)
        elif self._player is not None and isinstance(change, StopRepeating):
            self._player.hush()

    def _pressed(self) -> None:
        with self._lock:
            self._sound(self._policy.acknowledge())


def is_quiet(config: WarningConfig, local: time.struct_time | None = None) -> bool:
    """Whether it is a quiet hour; never without a synchronized clock."""
    hours = config.quiet_min
    if hours is None or (local is None and clock_state() != "synced"):
        return False
    local = local or time.localtime()
    start, end = hours
    minute = 60 * local.tm_hour + local.tm_min
    return start <= minute < end if start <= end else minute >= start or minute < end


def _level(name: str) -> Level:
    return next(level for level in SIGNAL_OF if level.name.lower() == name)
