"""The live microphone through PortAudio, kept open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from edge.capture import CaptureError
from edge.capture.listening import SoundWatch, listened
from edge.capture.portaudio import LIBRARY
from edge.capture.reconnect import kept_open
from edge.capture.sound import SoundDecoder
from edge.i18n.sentence import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source

_BLOCK_S = 0.02
_SILENT_S = 5.0
"""A stream without a block for this long is dead even if PortAudio says that it is active."""

OVERRUN = Sentence("sound_overrun")


@dataclass(frozen=True, slots=True)
class _Block:
    measured_s: float
    samples: npt.NDArray[np.int16]
    overrun: bool
    """Whether the sound card threw sound away before this block."""


class Microphone:
    """The configured microphone; `stream` is run by one thread."""

    def __init__(self, device: str, now: Callable[[], float]) -> None:
        """`device` is `default`, a sounddevice name or a number; `now` is the box's time line."""
        self._device: str | int | None = int(device) if device.isdecimal() else device
        if device == "default":
            self._device = None
        self._now = now
        self._again = Event()

    def stream(self, stop: Event) -> Iterator[Frame | Audio | Source]:
        """Sound until `stop` is set; a microphone that dies or is pulled out is opened again."""
        items = kept_open("microphone", lambda: self._connect(stop), self._now, stop, self._again)
        return listened(items, SoundWatch())

    def restart(self) -> None:
        """Close the microphone and open it again; for another thread."""
        self._again.set()

    def _connect(self, stop: Event) -> Iterator[Audio | Source]:
        while not stop.is_set():
            with LIBRARY.opened() as module:
                try:
                    yield from self._listen(module, stop)
                except (module.PortAudioError, ValueError) as error:
                    LIBRARY.ask()
                    raise CaptureError(
                        Sentence("microphone_fault", device=str(self._device or "default"), error=str(error))
                    ) from error

    def _listen(self, sd: Any, stop: Event) -> Iterator[Audio | Source]:
        """Until the stream ends, or somebody asks for the library."""
        blocks: SimpleQueue[_Block | None] = SimpleQueue()
        rate_hz = self._rate_hz(sd)
        with sd.InputStream(
            device=self._device,
            samplerate=rate_hz,
            channels=1,
            dtype="int16",
            blocksize=round(_BLOCK_S * rate_hz),
            callback=lambda data, count, _time, status: blocks.put(
                _Block(self._now() - count / rate_hz, data.copy(), bool(status.input_overflow))
            ),
            finished_callback=lambda: blocks.put(None),
        ):
            yield from _sound(blocks, rate_hz, stop)

    def _rate_hz(self, sd: Any) -> int:
        """16 kHz where the device can, else its own rate (many USB microphones only know 44.1 or 48 kHz)."""
        try:
            sd.check_input_settings(device=self._device, samplerate=SAMPLE_RATE_HZ, channels=1, dtype="int16")
        except sd.PortAudioError:
            device: dict[str, Any] = sd.query_devices(self._device, "input")
            return round(float(device["default_samplerate"]))
        return SAMPLE_RATE_HZ


def _sound(blocks: SimpleQueue[_Block | None], rate_hz: int, stop: Event) -> Iterator[Audio | Source]:
    decoder = SoundDecoder()
    while not (stop.is_set() or LIBRARY.gives_way):
        try:
            block = blocks.get(timeout=_SILENT_S)
        except Empty:
            raise CaptureError(Sentence("microphone_without_sound", seconds=_SILENT_S)) from None
        if block is None:
            raise CaptureError(Sentence("microphone_ended"))
        if block.overrun:
            yield Source(block.measured_s, "microphone", "lost", OVERRUN)
            yield Source(block.measured_s, "microphone", "ok")
        frame = av.AudioFrame.from_ndarray(block.samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        yield from decoder.push(frame, block.measured_s)
