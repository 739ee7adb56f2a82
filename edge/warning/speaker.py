"""The loudspeaker in the cab through PortAudio: always open, so that a tone does not wait for the device."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from threading import Event
from types import MappingProxyType
from typing import Any

import numpy as np

from edge.capture import CaptureError
from edge.capture.microphone import LIBRARY
from edge.capture.source_connection import kept_open
from edge.config.decision import WarningConfig
from edge.i18n.texts import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Source, Warned
from edge.warning.phrases import Phrase
from edge.warning.policy import Cue
from edge.warning.signals import NEVER_QUIET, PATTERNS, QUIET_DB, Signal, render

TAIL_S = 0.6
"""For the reverberation (0.3 s in a cab) and the microphone's delay."""
_MOST = 16
_BLOCK_S = 0.01
"""The next block takes a new signal: at most this is added between the decision and the device."""
_LATENCY_S = 0.08
"""The device's buffer: with less, a busy machine interrupts the tone."""
_SILENT_S = 2.0
"""A device that requests no samples for this long has failed, even if PortAudio reports it as active."""
_LOOK_S = 0.1
_BEFORE_PHRASE_S = 0.15
_SILENT: Mapping[Signal, Phrase] = MappingProxyType({})
_STALE_S = 3.0
"""A signal that sounds once is dropped after this time without a speaker."""


class _Run:
    """A cue that plays: its position, and how often it has sounded."""

    def __init__(self, cue: Cue, asked_s: float) -> None:
        self.cue, self.asked_s = cue, asked_s
        self.place = self.times = 0
        self.ending = self.begun = self.over = False


class Player:
    """Fills the speaker's blocks from rendered signals: one that is repeated, and one that sounds once before it.

    It has no device, no thread and no clock. The decision thread calls `play` and `hush`, the sound card's thread calls
    `fill`. Each reads and writes whole values, so neither waits for the other.
    """

    def __init__(
        self,
        config: WarningConfig,
        now: Callable[[], float],
        quiet: Callable[[], bool],
        phrases: Mapping[Signal, Phrase] = _SILENT,
    ) -> None:
        """`now` is the box's time line, `quiet` whether it is one of the quiet hours; `phrases` follow their tones."""
        self.warnings: SimpleQueue[Warned] = SimpleQueue()
        """Warnings that began or ended."""
        self._config, self._now, self._quiet = config, now, quiet
        self._once: _Run | None = None
        self._loop: _Run | None = None
        self._phrases = phrases
        self._rendered: dict[Signal, Float32] = {}
        self._spoken: dict[Signal, Float32] = {}
        """The signals with a phrase: tones, pause, phrase."""
        self._rate_hz = 0

    def tune(self, rate_hz: int) -> None:
        """Render every signal for a device of this rate, before it is opened."""
        if rate_hz != self._rate_hz:
            self._rendered = {signal: render(pattern, rate_hz) for signal, pattern in PATTERNS.items()}
            pause = np.zeros(round(_BEFORE_PHRASE_S * rate_hz), np.float32)
            self._spoken = {
                signal: np.concatenate([self._rendered[signal], pause, phrase.at(rate_hz)])
                for signal, phrase in self._phrases.items()
            }
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
            samples = self._samples(run)
            if not run.begun:
                run.begun = True
                self.warnings.put(Warned(self._now(), "speaker", run.cue.signal, "begin", run.cue.alert))
            count = min(len(block) - at, self._whole(run) - run.place)
            part = samples[run.place : run.place + count]
            block[at : at + len(part)] = self._gain(run) * part
            sounds = sounds or len(part) > 0
            at, run.place = at + count, run.place + count
            self._turn(run, len(samples))
        return sounds

    def _samples(self, run: _Run) -> Float32:
        """What sounds in this repetition."""
        signal = run.cue.signal
        speaks = signal in self._spoken and run.times % PATTERNS[signal].spoken_every == 0
        return self._spoken[signal] if speaks else self._rendered[signal]

    def _whole(self, run: _Run) -> int:
        """Samples of one repetition and the silence after it."""
        again_s = PATTERNS[run.cue.signal].again_s or 0.0
        return len(self._samples(run)) + round(again_s * self._rate_hz)

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
            self.warnings.put(Warned(self._now(), "speaker", run.cue.signal, "end", run.cue.alert, run.times))

    def _gain(self, run: _Run) -> float:
        """Share of full scale: `volume`, reduced by the signal's softness, raised with each repetition, limited."""
        signal, pattern = run.cue.signal, PATTERNS[run.cue.signal]
        down_db = pattern.below_db + (QUIET_DB if signal not in NEVER_QUIET and self._quiet() else 0.0)
        gain = self._config.volume * 10 ** ((pattern.rise_db * run.times - down_db) / 20)
        return float(np.clip(gain, 0.0, self._config.loudest))


class PlaybackTimes:
    """When the box itself sounds, so that its tones are not taken for voices.

    Written by the sound card's thread, read by the microphone's.
    """

    def __init__(self) -> None:
        self._times: deque[tuple[float, float]] = deque(maxlen=_MOST)

    def sounds(self, from_s: float, until_s: float) -> None:
        """Samples given to the device at `from_s` are audible until `until_s`."""
        until_s += TAIL_S
        if self._times and from_s <= self._times[-1][1]:
            self._times[-1] = self._times[-1][0], max(until_s, self._times[-1][1])
        else:
            self._times.append((from_s, until_s))

    def covers(self, audio: Audio) -> bool:
        """Whether the box may be audible in this piece of audio."""
        end_s = audio.t_s + len(audio.samples) / SAMPLE_RATE_HZ
        return any(from_s <= end_s and audio.t_s <= until_s for from_s, until_s in tuple(self._times))


class Speaker:
    """The configured speaker; `stream` is run by one thread, the player is fed by another."""

    def __init__(self, device: str, player: Player, now: Callable[[], float]) -> None:
        """`device` is `default`, a sounddevice name or a number; `now` is the box's time line."""
        self.own = PlaybackTimes()
        self._device: str | int | None = int(device) if device.isdecimal() else device
        if device == "default":
            self._device = None
        self._player, self._now = player, now
        self._asked_s = 0.0

    def stream(self, stop: Event) -> Iterator[Source | Warned]:
        """States of the speaker and the warnings that sound, until `stop` is set; reopens an unplugged speaker."""
        return kept_open("speaker", lambda: self._connect(stop), self._now, stop)

    def _connect(self, stop: Event) -> Iterator[Source | Warned]:
        while not stop.is_set():
            with LIBRARY.opened() as module:
                try:
                    yield from self._play(module, stop)
                except (module.PortAudioError, ValueError) as error:
                    LIBRARY.ask()
                    raise CaptureError(
                        Sentence("speaker_fault", device=str(self._device or "default"), error=str(error))
                    ) from error

    def _play(self, module: Any, stop: Event) -> Iterator[Source | Warned]:
        """Play until the stream ends, or another user requests the library while no signal sounds."""
        device: dict[str, Any] = module.query_devices(self._device, "output")
        rate_hz = round(float(device["default_samplerate"]))
        self._player.tune(rate_hz)
        ended = Event()
        latency_s = 0.0

        def fill(block: Any, count: int, _time: Any, _status: Any) -> None:
            self._asked_s = now_s = self._now()
            if self._player.fill(block[:, 0]):
                self.own.sounds(now_s, now_s + count / rate_hz + latency_s)
            block[:, 1:] = block[:, :1]

        with module.OutputStream(
            device=self._device,
            samplerate=rate_hz,
            channels=min(2, int(device["max_output_channels"])),
            dtype="float32",
            blocksize=round(_BLOCK_S * rate_hz),
            latency=_LATENCY_S,
            callback=fill,
            finished_callback=ended.set,
        ) as opened:
            latency_s, self._asked_s = float(opened.latency), self._now()
            yield Source(self._now(), "speaker", "ok")
            while not (stop.is_set() or (LIBRARY.gives_way and self._player.idle)):
                if ended.is_set() or self._now() - self._asked_s > _SILENT_S:
                    raise CaptureError(Sentence("speaker_ended"))
                yield from self._next_warning()

    def _next_warning(self) -> Iterator[Warned]:
        """A warning that began or ended; waits a moment for one."""
        try:
            yield self._player.warnings.get(timeout=_LOOK_S)
        except Empty:
            return


def play_once(device: str, player: Player, seconds: float) -> None:
    """Play the player's signal for at most `seconds`, then close the device: for a check by a person.

    Raises:
        CaptureError: the speaker cannot be opened, or takes no sound.
    """
    stop, until_s = Event(), time.monotonic() + seconds
    for item in Speaker(device, player, time.monotonic).stream(stop):
        if isinstance(item, Source) and item.state == "lost":
            raise CaptureError(item.detail)
        if isinstance(item, Warned) and item.type == "end":
            stop.set()
        if time.monotonic() > until_s:
            raise CaptureError("the speaker takes no sound")
