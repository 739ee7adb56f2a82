"""Media files: frames and audio with their timestamps, interleaved as they would arrive live."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np

from edge.capture import CaptureError
from edge.capture.audio import OPPOSED, AudioDecoder, AudioWatch, listened
from edge.capture.frames import FrameDecoder, FrameWatch, MediaClock, View, watched
from edge.capture.source_connection import open_file
from edge.capture.streams import audio_streams, choice_detail, chosen_stream, first_heard, video_streams
from edge.i18n.texts import Sentence
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source

_SHORT_BY_S = 0.5
"""A file that ends this long before its declared length was cut off; less is rounding of containers."""
_FALLBACK_RATE_HZ = 25.0
_SILENT_PEAK = 0.001
"""-60 dB of full scale: quieter streams hold no intelligible voice."""
_PROBED_S = 60.0
"""How much of each audio stream is searched for sound before one is chosen."""

NOT_DECODED = Sentence("not_decoded")

Decoded = av.VideoFrame | av.AudioFrame
Packet: TypeAlias = "av.Packet[Any]"


@dataclass(slots=True)
class _Reading:
    """The state of one reading of a file."""

    damaged: int = 0
    """Packets."""
    reached_s: float = 0.0
    items: int = 0
    parts: int = 1
    """Parts with their own timestamps (`MediaClock`)."""
    opposed: bool = False
    """Left and right cancel each other out."""
    opposed_reported: bool = False
    unheard: str = ""
    """Why its audio cannot be decoded."""


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """The streams of a file that are read, counted from 1, and the mounting of its camera; None: automatic."""

    pictures: int | None = None
    sound: int | None = None
    view: View | None = None


class MediaFile:
    """One file: opening it finds its streams, `read` may be called repeatedly."""

    def __init__(self, path: Path | str, choice: StreamChoice | None = None) -> None:
        """`choice` selects among several streams.

        Raises:
            CaptureError: `path` is missing or is not a media file, or it lacks video and audio, or the stream.
        """
        self.path = Path(path)
        choice = choice or StreamChoice()
        self._view, self._choice_reports = choice.view, list[Source]()
        with _open(self.path) as container:
            self.duration_s = container.duration / av.time_base if container.duration else None
            self._start_s = (container.start_time or 0) / av.time_base
            self._pictures_index = self._choose_pictures(container, choice.pictures)
            sounds = len(audio_streams(container))
        self._sound_index: int | None = None
        self._sound_index = self._choose_sound(sounds, choice.sound)
        if not self.has_pictures and not self.has_sound:
            raise CaptureError(Sentence("of_file", file=str(path), fault=Sentence("holds_nothing")))

    @property
    def has_pictures(self) -> bool:
        """Whether there is a video stream."""
        return self._pictures_index is not None

    @property
    def has_sound(self) -> bool:
        """Whether there is an audio stream."""
        return self._sound_index is not None

    def read(self) -> Iterator[Frame | Audio | Source]:
        """All frames and audio in order of time, from 0 at the file's start.

        First comes a `Source` for each missing stream and one (`ok`) for each choice among several, last one for what
        could not be read. Audio comes when its last sample was recorded, a frame when it was taken. Parts whose
        timestamps start anew follow each other.

        Raises:
            CaptureError: nothing at all could be decoded.
        """
        name = self.path.name
        if not self.has_pictures:
            yield Source(0.0, "camera", "absent", Sentence("has_no_pictures", file=name))
        if not self.has_sound:
            yield Source(0.0, "microphone", "absent", Sentence("has_no_sound", file=name))
        yield from self._choice_reports
        reading = _Reading()
        streams: list[Iterator[Frame | Audio]] = []
        if self._pictures_index is not None:
            streams.append(self._pictures(self._pictures_index, reading))
        if self._sound_index is not None:
            streams.append(self._sound(self._sound_index, reading))
        audio_watch = AudioWatch()
        merged = heapq.merge(*streams, key=end_of)
        items: Iterator[Frame | Audio | Source] = watched(merged, FrameWatch()) if self.has_pictures else merged
        if self.has_sound:
            items = listened(items, audio_watch)
        for item in items:
            if isinstance(item, Source):
                yield item
                continue
            if reading.opposed and not reading.opposed_reported:
                reading.opposed_reported = True
                yield Source(reading.reached_s, "microphone", "ok", OPPOSED)
            reading.items += 1
            reading.reached_s = max(reading.reached_s, end_of(item))
            yield item
        if not reading.items:
            raise CaptureError(Sentence("of_file", file=str(self.path), fault=reading.unheard or NOT_DECODED))
        yield from audio_watch.finish(reading.reached_s)
        detail = self._complaint(reading)
        if detail:
            yield Source(reading.reached_s, "file", "lost", detail)

    def _choose_pictures(self, container: av.container.InputContainer, number: int | None) -> int | None:
        streams = video_streams(container)
        taken = chosen_stream(streams, number, "picture", self.path.name)
        if taken and (detail := choice_detail(streams, taken, "picture", "camera.stream")):
            self._choice_reports.append(Source(0.0, "camera", "ok", detail))
        return taken.index if taken else None

    def _choose_sound(self, count: int, number: int | None) -> int | None:
        with _open(self.path) as container:
            streams = audio_streams(container)
            if number is not None or count < 2:
                taken, why = chosen_stream(streams, number, "sound", self.path.name), ""
            else:
                taken, why = first_heard(streams, self._peak, _SILENT_PEAK)
            if taken and (detail := choice_detail(streams, taken, "sound", "microphone.stream", why)):
                self._choice_reports.append(Source(0.0, "microphone", "ok", detail))
            return taken.index if taken else None

    def _peak(self, stream: av.AudioStream) -> float:
        """The peak of a stream's beginning, 1 at full scale."""
        peak = 0.0
        for chunk in self._sound(stream.index, _Reading()):
            peak = max(peak, float(np.abs(chunk.samples).max(initial=0.0)))
            if peak >= _SILENT_PEAK or chunk.t_s > _PROBED_S:
                break
        return peak

    def _pictures(self, index: int, reading: _Reading) -> Iterator[Frame]:
        with _open(self.path) as container:
            stream = container.streams[index]
            assert isinstance(stream, av.VideoStream)
            interval_s = 1.0 / float(stream.average_rate or _FALLBACK_RATE_HZ)
            decoder = FrameDecoder(interval_s, self._view)
            for picture in self._decoded(container, stream, reading):
                if isinstance(picture, av.VideoFrame):
                    frame = decoder.push(picture, _time_s(picture, stream), stream.sample_aspect_ratio)
                    reading.reached_s = max(reading.reached_s, frame.t_s + interval_s)
                    yield frame

    def _sound(self, index: int, reading: _Reading) -> Iterator[Audio]:
        with _open(self.path) as container:
            stream = container.streams[index]
            assert isinstance(stream, av.AudioStream)
            decoder, next_s = AudioDecoder(), 0.0
            for block in self._decoded(container, stream, reading):
                if isinstance(block, av.AudioFrame):
                    time_s = _time_s(block, stream)
                    start_s = next_s if time_s is None else time_s
                    next_s = start_s + block.samples / block.sample_rate
                    try:
                        yield from decoder.push(block, start_s)
                        reading.opposed = reading.opposed or decoder.opposed
                    except CaptureError as error:
                        reading.unheard = error.sentence
                        return
            yield from decoder.flush()

    def _decoded(
        self, container: av.container.InputContainer, stream: av.VideoStream | av.AudioStream, reading: _Reading
    ) -> Iterator[Decoded]:
        """All decodable frames of a stream; damaged packets are counted in `reading`.

        One thread: with several threads the frames around damaged places depend on their timing.
        """
        stream.codec_context.thread_count = 1
        for packet in self._packets(container, stream, reading):
            items = decoded(stream.codec_context, packet)
            reading.damaged += items is None
            yield from items or []

    def _packets(
        self, container: av.container.InputContainer, stream: av.VideoStream | av.AudioStream, reading: _Reading
    ) -> Iterator[Packet | None]:
        """The stream's packets up to the first damage of the container itself, then None to drain the decoder.

        Both readers of a file read the timestamps of both streams in the order of the file. So they agree where its
        clock starts anew, although each decodes only its own stream.
        """
        clock = MediaClock(self._start_s)
        followed = {self._pictures_index, self._sound_index, stream.index}
        try:
            for packet in container.demux():
                if packet.size and packet.stream_index in followed:
                    _set_right(packet, clock)
                    if packet.stream_index == stream.index:
                        yield packet
                elif packet.pts is not None and packet.time_base:  # a stream that is not read may be the longest
                    reading.reached_s = max(reading.reached_s, float(packet.pts * packet.time_base) - self._start_s)
        except (av.error.FFmpegError, ValueError):
            reading.damaged += 1
        reading.parts = max(reading.parts, clock.parts)
        yield None

    def _complaint(self, reading: _Reading) -> str:
        parts: list[str] = []
        whole = self.duration_s is None or reading.parts > 1 or reading.reached_s >= self.duration_s - _SHORT_BY_S
        if not whole:
            parts.append(Sentence("file_cut_off", reached_s=reading.reached_s, length_s=self.duration_s))
        if reading.unheard:
            parts.append(reading.unheard)
        if reading.damaged:
            parts.append(Sentence("file_damaged_pieces", count=reading.damaged))
        return Sentence("of_file", file=self.path.name, fault=reduce(_both, parts)) if parts else ""


def _both(first: str, then: str) -> str:
    return Sentence("both", first=first, then=then)


def _set_right(packet: Packet, clock: MediaClock) -> None:
    """Shift a packet's timestamps onto the common clock of the file."""
    raw = packet.pts if packet.dts is None else packet.dts
    if raw is None or not packet.time_base:
        return
    base = packet.time_base
    shift = round(clock.shift_s(packet.stream_index, float(raw * base), float((packet.duration or 0) * base)) / base)
    packet.pts = None if packet.pts is None else packet.pts + shift
    packet.dts = None if packet.dts is None else packet.dts + shift


def _time_s(item: Decoded, stream: av.VideoStream | av.AudioStream) -> float | None:
    """Seconds from the file's start (the stream's time base: frames that drain a decoder carry none)."""
    if item.pts is None or stream.time_base is None:
        return None
    return float(item.pts * stream.time_base)


def end_of(item: Frame | Audio) -> float:
    """When the item is complete: the time at which a live source would deliver it."""
    return item.t_s + len(item.samples) / SAMPLE_RATE_HZ if isinstance(item, Audio) else item.t_s


def _open(path: Path) -> av.container.InputContainer:
    if not path.is_file():
        raise CaptureError(Sentence("of_file", file=str(path), fault=Sentence("no_such_file")))
    try:
        return open_file(path)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CaptureError(
            Sentence("of_file", file=str(path), fault=Sentence("no_media_file", error=reason))
        ) from error


def decoded(context: av.VideoCodecContext | av.AudioCodecContext, packet: Packet | None) -> list[Decoded] | None:
    """The frames of one packet (None drains the decoder); None: the packet is damaged."""
    try:
        return list(context.decode(packet))
    except (av.error.FFmpegError, ValueError):
        return None
