"""Plays signals: fills the speaker's blocks from rendered samples; no device, no thread, no clock.

The decision thread calls `play` and `hush`, the sound card's thread calls `fill`. Each reads and writes whole values,
so neither waits for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue

import numpy as np

from edge.config.decision import WarningConfig
from edge.messages import Float32, Warned
from edge.warning.policy import Cue
from edge.warning.signals import NEVER_QUIET, PATTERNS, QUIET_DB, Signal, render

_STALE_S = 3.0
"""A signal that sounds once is dropped after this time without a speaker."""


class _Run:
    """A cue that plays: its position, and how often it has sounded."""

    def __init__(self, cue: Cue, asked_s: float) -> None:
        self.cue, self.asked_s = cue, asked_s
        self.place = self.times = 0
        self.ending = self.begun = self.over = False


class Player:
    """Holds one repeated signal, and one that sounds once before it."""

    def __init__(self, config: WarningConfig, now: Callable[[], float], quiet: Callable[[], bool]) -> None:
        """`now` is the box's time line, `quiet` whether it is one of the quiet hours."""
        self.told: SimpleQueue[Warned] = SimpleQueue()
        """Warnings that began or ended."""
        self._config, self._now, self._quiet = config, now, quiet
        self._once: _Run | None = None
        self._loop: _Run | None = None
        self._rendered: dict[Signal, Float32] = {}
        self._rate_hz = 0

    def tune(self, rate_hz: int) -> None:
        """Render every signal for a device of this rate, before it is opened."""
        if rate_hz != self._rate_hz:
            self._rendered = {signal: render(pattern, rate_hz) for signal, pattern in PATTERNS.items()}
            self._rate_hz = rate_hz
        if self._once is not None and self._now() - self._once.asked_s > _STALE_S:
            self._once = None
        if self._loop is not None:
            self._loop.place = 0

    def play(self, cue: Cue) -> None:
        """Begin this signal with the next block; a repeated signal replaces all others."""
        run, replaced = _Run(cue, self._now()), [self._once]
        if cue.once:
            self._once = run
        else:
            replaced.append(self._loop)
            self._once, self._loop = None, run
        for old in replaced:
            self._end(old)

    def hush(self) -> None:
        """Stop the repeated signal after the current repetition."""
        if self._loop is not None:
            self._loop.ending = True

    @property
    def idle(self) -> bool:
        """Whether no signal sounds or is about to."""
        loop = self._loop
        return self._once is None and (loop is None or loop.cue.signal == "blind")

    def fill(self, block: Float32) -> bool:
        """Write the next samples into `block` (n,); return whether any of them sounds."""
        block[:] = 0.0
        at, sounds = 0, False
        while at < len(block) and (run := self._once or self._loop) is not None:
            samples = self._rendered[run.cue.signal]
            if not run.begun:
                run.begun = True
                self.told.put(Warned(self._now(), "speaker", run.cue.signal, "begin", run.cue.alert))
            count = min(len(block) - at, self._whole(run) - run.place)
            part = samples[run.place : run.place + count]
            block[at : at + len(part)] = self._gain(run) * part
            sounds = sounds or len(part) > 0
            at, run.place = at + count, run.place + count
            self._turn(run, len(samples))
        return sounds

    def _whole(self, run: _Run) -> int:
        """Samples of one repetition and the silence after it."""
        again_s = PATTERNS[run.cue.signal].again_s or 0.0
        return len(self._rendered[run.cue.signal]) + round(again_s * self._rate_hz)

    def _turn(self, run: _Run, sounding: int) -> None:
        """Handle the end of a repetition, or of the whole signal."""
        if run.ending and run.place >= sounding:
            run.times += 1
            self._end(run)
            self._loop = None if self._loop is run else self._loop
        elif run.place >= self._whole(run):
            run.place, run.times = 0, run.times + 1
            if run.cue.once:
                self._end(run)
                self._once = None if self._once is run else self._once

    def _end(self, run: _Run | None) -> None:
        if run is not None and run.begun and not run.over:
            run.over = True
            self.told.put(Warned(self._now(), "speaker", run.cue.signal, "end", run.cue.alert, run.times))

    def _gain(self, run: _Run) -> float:
        """Share of full scale: `volume`, reduced by the signal's softness, raised with each repetition, limited."""
        signal, pattern = run.cue.signal, PATTERNS[run.cue.signal]
        down_db = pattern.below_db + (QUIET_DB if signal not in NEVER_QUIET and self._quiet() else 0.0)
        gain = self._config.volume * 10 ** ((pattern.rise_db * run.times - down_db) / 20)
        return float(np.clip(gain, 0.0, self._config.loudest))
