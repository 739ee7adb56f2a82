"""PortAudio as all streams of this process share it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edge.capture import CaptureError
from edge.i18n.sentence import Sentence

PORTAUDIO_REMEDY = "sudo apt install libportaudio2 (or set `microphone.device: null` for a box without sound)"
_ASK_EVERY_S = 60.0
"""Between two requests that the others give way: each costs them a moment of sound."""


def sounddevice() -> Any:
    """The sounddevice module; imported late because it needs a system library that a box with files only lacks.

    Raises:
        CaptureError: PortAudio is not installed.
    """
    try:
        import sounddevice as module
    except OSError as error:
        raise CaptureError(Sentence("portaudio_missing", error=str(error), remedy=PORTAUDIO_REMEDY)) from error
    return module


class SharedLibrary:
    """PortAudio lists devices once; only a new start sees what was plugged in since, and that ends every open stream.

    So it starts anew only when no stream is open. A device that was listed once is found again without that. Who finds
    none asks the others to give way, now and then: they close and open again at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams = 0
        self._asked = False
        self._asked_s = -_ASK_EVERY_S

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """The module, for one stream that is open no longer than the `with`."""
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
        """A stream could not be opened: perhaps its device was plugged in after the list was made."""
        now_s = time.monotonic()
        if self._streams and now_s - self._asked_s >= _ASK_EVERY_S:
            self._asked_s, self._asked = now_s, True

    @property
    def gives_way(self) -> bool:
        """Whether open streams are to be closed and opened again, as soon as nothing is lost by that."""
        return self._asked


LIBRARY = SharedLibrary()
"""The one of this process."""
