"""The sizes of free dimensions of the default roles, for which TensorRT builds engines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.messages import SAMPLE_RATE_HZ
from edge.speech.log_mel import HOP_SAMPLES
from edge.speech.voice_states import LONGEST_S
from edge.speech.whisper import BEAMS, WINDOWS_S
from edge.text.sentiment import MOST_TOKENS
from export.role_build import FreeAxis
from export.tensorrt.profile import Axes, named_axes

_MOST_FACES = 32
"""`vision.max_faces` allows no more (edge.config.perception)."""
_MOST_WORDS = 448
"""Positions of Whisper's decoder."""
_TASK_TOKENS = 4
"""Start, language, task, timestamps: the largest number of tokens in one step of Whisper."""
_GOLDEN_TEXTS = 2
"""The box processes one text at a time; the golden input holds two."""
_GOLDEN_VOICES = 8
"""The same for the prosody of an utterance."""
_GOLDEN_SECONDS = 2
"""The same for seconds of audio."""
_GOLDEN_BLINKS = 16
"""The same for sequences of blinks."""


def _frames(window_s: float) -> int:
    return round(window_s * SAMPLE_RATE_HZ / HOP_SAMPLES)


AXES: dict[str, tuple[FreeAxis, ...]] = {
    "face_mesh": (FreeAxis("n", 1, 1, _MOST_FACES),),
    "iris": (FreeAxis("n", 1, 2, 2 * _MOST_FACES),),
    "eye_state": (FreeAxis("n", 1, 2, 2 * _MOST_FACES),),
    "expression": (FreeAxis("n", 1, 1, _MOST_FACES),),
    "vad": (FreeAxis("n", 1, 1, 1),),
    "audio_events": (FreeAxis("n", 1, 1, _GOLDEN_SECONDS),),
    "asr": (
        FreeAxis("frames", _frames(WINDOWS_S[0]), _frames(WINDOWS_S[0]), _frames(WINDOWS_S[-1])),
        FreeAxis("sound", _frames(WINDOWS_S[0]) // 2, _frames(WINDOWS_S[0]) // 2, _frames(WINDOWS_S[-1]) // 2),
        FreeAxis("n", 1, BEAMS, BEAMS),
        FreeAxis("t", 1, 1, _TASK_TOKENS),
        FreeAxis("past", 0, 24, _MOST_WORDS),
    ),
    "text": (FreeAxis("n", 1, 1, _GOLDEN_TEXTS), FreeAxis("t", 1, 32, MOST_TOKENS)),
    "prosody": (FreeAxis("n", 1, 1, _GOLDEN_VOICES),),
    "voice_affect": (
        FreeAxis("frames", _frames(1), _frames(3), _frames(LONGEST_S)),
        FreeAxis("n", 1, 1, _GOLDEN_VOICES),
    ),
    "drowsiness": (FreeAxis("n", 1, 1, _GOLDEN_BLINKS),),
}
"""By role and the name of the dimension in its graphs."""


def free_axes(role: str, graphs: Mapping[str, Path]) -> dict[str, Axes]:
    """The axes of each graph of a default role."""
    sizes = {axis.name: axis for axis in AXES.get(role, ())}
    return {name: named_axes(path, sizes) for name, path in graphs.items()}
