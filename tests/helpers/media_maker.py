"""Media files made for a test: a colour that changes with time, and a tone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

TONE_HZ = 440.0


def make_media(
    path: Path,
    *,
    video_s: float = 2.0,
    sound_s: float = 2.0,
    rate_hz: int = 44_100,
    size: tuple[int, int] = (64, 48),
    times_ms: Sequence[int] | None = None,
    codecs: tuple[str, str] = ("mpeg4", "aac"),
    aspect: Fraction | None = None,
    silent_tracks: int = 0,
) -> Path:
    """Write a file; frame i is grey of value 4 * i, its time i / 25 s or `times_ms[i]`. A length of 0 leaves it out.

    `aspect` is the width of a pixel over its height; so many `silent_tracks` of sound stand before the tone.
    """
    with av.open(str(path), "w") as container:
        video = sound = None
        if video_s:
            video = container.add_stream(codecs[0], rate=25)
            video.width, video.height = size
            video.pix_fmt = "yuvj420p" if codecs[0] == "mjpeg" else "yuv420p"
            video.codec_context.time_base = Fraction(1, 1000) if times_ms else Fraction(1, 25)
            if aspect is not None:
                video.codec_context.sample_aspect_ratio = aspect
        silence = [container.add_stream(codecs[1], rate=rate_hz, layout="mono") for _ in range(silent_tracks)]
        if sound_s:
            sound = container.add_stream(codecs[1], rate=rate_hz, layout="mono")
        if video is not None:
            for index in range(len(times_ms) if times_ms else round(video_s * 25)):
                image = np.full((size[1], size[0], 3), 4 * index % 256, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts = times_ms[index] if times_ms else index
                frame.time_base = video.codec_context.time_base
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        for track in silence:
            _write_sound(container, track, 0.0 * tone_of(sound_s, rate_hz), rate_hz)
        if sound is not None:
            _write_sound(container, sound, tone_of(sound_s, rate_hz), rate_hz)
    return path


def _write_sound(
    container: av.container.OutputContainer, sound: av.AudioStream, tone: np.ndarray, rate_hz: int
) -> None:
    step = sound.codec_context.frame_size or 1024
    for start in range(0, len(tone), step):
        block = av.AudioFrame.from_ndarray(tone[None, start : start + step], format="fltp", layout="mono")
        block.sample_rate, block.pts = rate_hz, start
        container.mux(sound.encode(block))
    container.mux(sound.encode(None))


def tone_of(length_s: float, rate_hz: int) -> np.ndarray:
    """A sine of 440 Hz at half scale."""
    return (0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(round(length_s * rate_hz)) / rate_hz)).astype(np.float32)
