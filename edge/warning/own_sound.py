"""When the box itself sounds, so that it does not take its own tone for voices."""

from __future__ import annotations

from collections import deque

from edge.messages import SAMPLE_RATE_HZ, Audio

TAIL_S = 0.6
"""For the room to fall silent (0.3 s in a cab) and for the microphone's own delay."""
_MOST = 16


class OwnSound:
    """Written by the sound card's thread, read by the microphone's."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, float]] = deque(maxlen=_MOST)

    def sounds(self, from_s: float, until_s: float) -> None:
        """Samples handed to the device at `from_s` are in the air until `until_s`."""
        until_s += TAIL_S
        if self._times and from_s <= self._times[-1][1]:
            self._times[-1] = self._times[-1][0], max(until_s, self._times[-1][1])
        else:
            self._times.append((from_s, until_s))

    def covers(self, audio: Audio) -> bool:
        """Whether the box may be heard in this piece of sound."""
        end_s = audio.t_s + len(audio.samples) / SAMPLE_RATE_HZ
        return any(from_s <= end_s and audio.t_s <= until_s for from_s, until_s in tuple(self._times))
