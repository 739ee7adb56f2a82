"""The driver's warnings in the demo: through this machine's speaker, where it has one, and always into a WAV file."""

from __future__ import annotations

import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.config import Config
from edge.config.decision import WarningConfig
from edge.messages import SAMPLE_RATE_HZ, Float32, Message
from edge.run_registry import Start
from edge.warning.policy import Cue, StopRepeating, WarningPolicy
from edge.warning.speaker import Player
from edge.warning.warner import WarnerSink

_FULL_SCALE = 32_767


class CabSink:
    """A sink for one run, from `with` to its end; the file then holds what sounded, on the time line of the run."""

    def __init__(self, config: Config, path: Path, start: Start, tell: Callable[[Message], None]) -> None:
        """`tell` hears what becomes of the speaker and what it played."""
        warning = config.warning or WarningConfig()
        config = config.model_copy(update={"warning": warning})
        self.warner = WarnerSink(config, lambda: time.monotonic() - start.mono_s, tell)
        self._path, self._policy = path, WarningPolicy(config.fatigue)
        self._t_s = 0.0
        self._player = Player(warning, lambda: self._t_s, lambda: False)
        self._player.tune(SAMPLE_RATE_HZ)
        self._sound: list[Float32] = []

    def write(self, message: Message) -> None:
        """Take one message."""
        self.warner.write(message)
        self._record(message.t_s)
        change = self._policy.step(message)
        if isinstance(change, Cue):
            self._player.play(change)
        elif isinstance(change, StopRepeating):
            self._player.hush()

    def __enter__(self) -> CabSink:
        self.warner.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.warner.__exit__(None, None, None)
        samples = np.concatenate([*self._sound, np.zeros(1, np.float32)])
        with wave.open(str(self._path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes((samples * _FULL_SCALE).astype("<i2").tobytes())

    def _record(self, t_s: float) -> None:
        """Play on until `t_s`."""
        count = round(t_s * SAMPLE_RATE_HZ) - round(self._t_s * SAMPLE_RATE_HZ)
        if count > 0:
            self._sound.append(np.empty(count, np.float32))
            self._player.fill(self._sound[-1])
            self._t_s = t_s
