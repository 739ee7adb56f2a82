"""Video and sound files: pictures and sound with their true times, interleaved as they would have come live."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.stream import Disposition

from edge.capture import CaptureError
from edge.capture.picture import PictureDecoder
from edge.capture.sound import SoundDecoder
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source

_SHORT_BY_S = 0.5
"""A file that ends this long before the length it declares was cut off; less is rounding of containers."""
_FALLBACK_RATE_HZ = 25.0
_LOCAL_ONLY = {"protocol_whitelist": "file"}
"""A playlist inside a file must not make the box fetch anything."""

Decoded = av.VideoFrame | av.AudioFrame
Packet: TypeAlias = "av.Packet[Any]"


@dataclass(slots=True)
class _Damage:
    packets: int = 0
    reached_s: float = 0.0
    items: int = 0


class MediaFile:
    """One file; opening it finds out what is in it, `read` may be called any number of times."""

    def __init__(self, path: Path | str) -> None:
        """Raises CaptureError when `path` is missing, is no media file, or holds neither pictures nor sound."""
        self.path = Path(path)
        with _open(self.path) as container:
            self.has_pictures = _video(container) is not None
            self.has_sound = _sound(container) is not None
            self.duration_s = container.duration / av.time_base if container.duration else None
            self._start_s = (container.start_time or 0) / av.time_base
        if not self.has_pictures and not self.has_sound:
            raise CaptureError(f"{path}: holds neither pictures nor sound that can be decoded")

    def read(self) -> Iterator[Frame | Audio | Source]:
        """All pictures and sound in order of time, from 0 at the file's start.

        First a `Source` for what the file lacks; last one for what could not be read of it. A piece of sound comes
        when its last sample has been heard, a picture when it was taken.

        Raises:
            CaptureError: nothing at all could be decoded.
        """
        name = self.path.name
        if not self.has_pictures:
            yield Source(0.0, "camera", "absent", f"{name} has no pictures")
        if not self.has_sound:
            yield Source(0.0, "microphone", "absent", f"{name} has no sound")
        damage = _Damage()
        streams: list[Iterator[Frame | Audio]] = []
        if self.has_pictures:
            streams.append(self._pictures(damage))
        if self.has_sound:
            streams.append(self._sound(damage))
        for item in heapq.merge(*streams, key=end_of):
            damage.items += 1
            damage.reached_s = end_of(item)
            yield item
        if not damage.items:
            raise CaptureError(f"{self.path}: nothing in it can be decoded; the file is damaged or cut off")
        detail = self._complaint(damage)
        if detail:
            yield Source(damage.reached_s, "file", "lost", detail)

    def _pictures(self, damage: _Damage) -> Iterator[Frame]:
        with _open(self.path) as container:
            stream = _video(container)
            if stream is None:
                return
            decoder = PictureDecoder(1.0 / float(stream.average_rate or _FALLBACK_RATE_HZ))
            for picture in _decoded(container, stream, damage):
                if isinstance(picture, av.VideoFrame):
                    yield decoder.push(picture, self._time_s(picture, stream))

    def _sound(self, damage: _Damage) -> Iterator[Audio]:
        with _open(self.path) as container:
            stream = _sound(container)
            if stream is None:
                return
            decoder, next_s = SoundDecoder(), 0.0
            for block in _decoded(container, stream, damage):
                if isinstance(block, av.AudioFrame):
                    time_s = self._time_s(block, stream)
                    start_s = next_s if time_s is None else time_s
                    next_s = start_s + block.samples / block.sample_rate
                    yield from decoder.push(block, start_s)
            yield from decoder.flush()

    def _time_s(self, item: Decoded, stream: av.VideoStream | av.AudioStream) -> float | None:
        """Seconds from the file's start (the stream's time base: frames that drain a decoder carry none)."""
        if item.pts is None or stream.time_base is None:
            return None
        return float(item.pts * stream.time_base) - self._start_s

    def _complaint(self, damage: _Damage) -> str:
        parts = []
        if self.duration_s is not None and damage.reached_s < self.duration_s - _SHORT_BY_S:
            parts.append(f"ends at {damage.reached_s:.1f} s of {self.duration_s:.1f} s: it is cut off or damaged")
        if damage.packets:
            parts.append(f"{damage.packets} damaged pieces could not be decoded")
        return f"{self.path.name}: {'; '.join(parts)}" if parts else ""


def end_of(item: Frame | Audio) -> float:
    """When the item is complete: the time at which a live source would deliver it."""
    return item.t_s + len(item.samples) / SAMPLE_RATE_HZ if isinstance(item, Audio) else item.t_s


def _open(path: Path) -> av.container.InputContainer:
    if not path.is_file():
        raise CaptureError(f"{path}: there is no such file")
    try:
        return av.open(f"file:{path}", options=_LOCAL_ONLY)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CaptureError(
            f"{path}: is no video or sound file that can be read ({reason}); "
            "give a complete MP4, MOV, AVI, MPG, MKV, WAV, FLAC or MP3 file"
        ) from error


def _video(container: av.container.InputContainer) -> av.VideoStream | None:
    """The first stream of moving pictures; a cover picture of a sound file is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            return stream
    return None


def _sound(container: av.container.InputContainer) -> av.AudioStream | None:
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream | av.AudioStream, damage: _Damage
) -> Iterator[Decoded]:
    """Everything of a stream that can be decoded; what cannot is counted in `damage`.

    One thread: with several the pictures around a damaged place depend on their timing.
    """
    stream.codec_context.thread_count = 1
    for packet in _packets(container, stream, damage):
        items = decoded(stream.codec_context, packet)
        damage.packets += items is None
        yield from items or []


def decoded(context: av.VideoCodecContext | av.AudioCodecContext, packet: Packet | None) -> list[Decoded] | None:
    """What one packet holds (None drains the decoder); None when it is damaged."""
    try:
        return list(context.decode(packet))
    except (av.error.FFmpegError, ValueError):
        return None


def _packets(
    container: av.container.InputContainer, stream: av.VideoStream | av.AudioStream, damage: _Damage
) -> Iterator[Packet | None]:
    """The stream's packets up to the first place where the container itself is broken, then None to drain."""
    try:
        yield from (packet for packet in container.demux(stream) if packet.size)
    except (av.error.FFmpegError, ValueError):
        damage.packets += 1
    yield None
