"""Several clips as one recording: their pictures and sound one after another, a pause between."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from edge.capture.media import MediaFile
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame

_EVERY, _RATE = 2, Fraction(25, 2)
"""Every second picture of 25 a second: half the work, the same people and words."""
_SIZE = (360, 288)
_BLOCK = 1024


def join_clips(
    path: Path, clips: Sequence[Path], pause_s: float = 0.7, *, picture: bool = True, sound: bool = True
) -> list[float]:
    """Write the recording and return where each clip begins in it.

    Args:
        path: An .mkv to write.
        clips: Clips with pictures and sound.
        pause_s: Silence after each clip but the last, under its last picture.
        picture: Whether the faces are there; else a grey picture.
        sound: Whether the voices are there; else silence.
    """
    starts_s: list[float] = []
    images: list[np.ndarray] = []
    parts: list[np.ndarray] = []
    for number, clip in enumerate(clips):
        starts_s.append(float(len(images) / _RATE))
        items = list(MediaFile(clip).read())
        images += [cv2.resize(item.image, _SIZE) for item in items if isinstance(item, Frame)][::_EVERY]
        parts += [item.samples for item in items if isinstance(item, Audio)]
        if number < len(clips) - 1:
            images += [images[-1]] * round(pause_s * _RATE)
            parts.append(np.zeros(0, np.float32))
        wanted = int(len(images) * SAMPLE_RATE_HZ / _RATE)
        parts = [np.pad(heard := np.concatenate(parts), (0, max(0, wanted - len(heard))))[:wanted]]
    _write(
        path, images if picture else [np.full_like(images[0], 127)] * len(images), parts[0] if sound else 0 * parts[0]
    )
    return starts_s


def _write(path: Path, images: Sequence[np.ndarray], samples: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("mjpeg", rate=_RATE)
        video.width, video.height, video.pix_fmt = *_SIZE, "yuvj420p"
        video.codec_context.time_base = 1 / _RATE
        voice = container.add_stream("pcm_s16le", rate=SAMPLE_RATE_HZ, layout="mono")
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, 1 / _RATE
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        pcm = (32_767 * np.clip(samples, -1, 1)).astype(np.int16)
        for start in range(0, len(pcm), _BLOCK):
            block = av.AudioFrame.from_ndarray(pcm[None, start : start + _BLOCK], format="s16", layout="mono")
            block.sample_rate, block.pts = SAMPLE_RATE_HZ, start
            container.mux(voice.encode(block))
        container.mux(voice.encode(None))
