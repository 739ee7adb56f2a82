"""The loudspeaker in the cab through PortAudio: always open, so that a tone does not wait for the device."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty
from threading import Event
from typing import Any

from edge.capture import CaptureError
from edge.capture.connect import kept_open
from edge.capture.microphone import LIBRARY
from edge.i18n.texts import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Source, Warned
from edge.warning.player import Player

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
                yield from self._told()

    def _told(self) -> Iterator[Warned]:
        """A warning that began or ended; waits a moment for one."""
        try:
            yield self._player.told.get(timeout=_LOOK_S)
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
