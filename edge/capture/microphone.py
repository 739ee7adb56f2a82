"""The live microphone, kept open, and PortAudio as all audio streams of this process share it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from edge.capture import CaptureError
from edge.capture.audio import AudioDecoder, AudioWatch, listened
from edge.capture.source_connection import kept_open
from edge.i18n.texts import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source

PORTAUDIO_REMEDY = "sudo apt install libportaudio2 (or set `microphone.device: null` for a box without sound)"
_ASK_EVERY_S = 60.0
"""Between two requests that the other streams reopen: each costs them a moment of audio."""
_BLOCK_S = 0.02
_SILENT_S = 5.0
"""A stream without a block for this long is dead, even if PortAudio reports it as active."""
OVERRUN = Sentence("sound_overrun")


def sounddevice() -> Any:
    """The sounddevice module; imported late because it needs a system library that a box without audio may lack.

    Raises:
        CaptureError: PortAudio is not installed.
    """
    try:
        import sounddevice as module
    except OSError as error:
        raise CaptureError(Sentence("portaudio_missing", error=str(error), remedy=PORTAUDIO_REMEDY)) from error
    return module


class SharedLibrary:
    """PortAudio lists devices once; only its restart finds later devices, and a restart ends every open stream.

    Therefore it restarts only while no stream is open. A device that was listed once is found again without a restart.
    A stream without its device asks the others at intervals to close and reopen at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams = 0
        self._asked = False
        self._asked_s = -_ASK_EVERY_S

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """The module, for one stream that is closed before the `with` ends."""
        module = sounddevice()
        with self._lock:
            if not self._streams:
                module._terminate()
                module._initialize()
                self._asked = False
            self._streams += 1
        try:
            yield module
        finally:
            with self._lock:
                self._streams -= 1

    def ask(self) -> None:
        """Ask the other streams to reopen: a device may have been plugged in after the list was made."""
        now_s = time.monotonic()
        if self._streams and now_s - self._asked_s >= _ASK_EVERY_S:
            self._asked_s, self._asked = now_s, True

    @property
    def gives_way(self) -> bool:
        """Whether open streams must be closed and opened again at their next block."""
        return self._asked


LIBRARY = SharedLibrary()
"""PortAudio of this process."""


@dataclass(frozen=True, slots=True)
class _Block:
    measured_s: float
    samples: npt.NDArray[np.int16]
    overrun: bool
    """Whether the sound card dropped audio before this block."""


class Microphone:
    """The configured microphone; `stream` is run by one thread."""

    def __init__(self, device: str, now: Callable[[], float]) -> None:
        """`device` is `default`, a sounddevice name or a number; `now` is the clock of the run."""
        self._device: str | int | None = int(device) if device.isdecimal() else device
        if device == "default":
            self._device = None
        self._now = now
        self._again = Event()

    def stream(self, stop: Event) -> Iterator[Frame | Audio | Source]:
        """Audio until `stop` is set; a microphone that fails or is unplugged is opened again."""
        items = kept_open("microphone", lambda: self._connect(stop), self._now, stop, self._again)
        return listened(items, AudioWatch())

    def restart(self) -> None:
        """Close the microphone and open it again; called by another thread."""
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
        """Audio until the stream ends, or another stream asks for a restart of PortAudio."""
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
    decoder = AudioDecoder()
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
