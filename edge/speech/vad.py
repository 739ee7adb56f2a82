"""Voice activity: the probability of speech in each 32 ms of sound (Silero VAD, streaming)."""

from __future__ import annotations

import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Float32

WINDOW = 512
"""Samples the model judges at once: 32 ms at 16 kHz (Silero VAD, fixed by the model)."""
_CONTEXT = 64
"""Samples of the window before that the model sees again (Silero VAD, fixed by the model)."""
_STATE_SHAPE = (2, 1, 128)


class VoiceActivity:
    """Judges consecutive windows of one stream; the model's memory is carried from window to window."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("vad")
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next window does not follow on the last one."""
        self._context = np.zeros(_CONTEXT, np.float32)
        self._state = np.zeros(_STATE_SHAPE, np.float32)

    def step(self, window: Float32) -> float:
        """Return the probability (0..1) that somebody speaks in the next `WINDOW` samples."""
        audio = np.concatenate([self._context, window])[np.newaxis]
        result = self._session.run({"audio": audio, "state": self._state})
        self._state = result["next_state"]
        self._context = window[-_CONTEXT:]
        return float(result["probability"][0, 0])
