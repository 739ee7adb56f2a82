"""Streams of a file or camera: which of several is read, and one clock for files whose timestamps start anew.

Such files are joined segments, recordings of a recorder that was reset, and those with wall-clock timestamps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import av
from av.stream import Disposition

from edge.capture import CaptureError
from edge.i18n.texts import Sentence

_Stream = TypeVar("_Stream", av.VideoStream, av.AudioStream)
_BACK_S = 0.5
"""Timestamps that go back further begin a new part of the file; less is disorder in a damaged file."""
_HOLE_S = 3600.0
"""Gaps up to this count as time that passed; a longer gap means another clock."""


def video_streams(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The video streams that can be decoded; the cover picture of an audio file is not one."""
    covers = Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & covers and s.codec_context is not None]


def audio_streams(container: av.container.InputContainer) -> list[av.AudioStream]:
    """The audio streams that can be decoded."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None]


def chosen_stream(streams: Sequence[_Stream], number: int | None, what: str, where: str) -> _Stream | None:
    """The stream of that number, counted from 1; without a number the first; None: there is no stream.

    Raises:
        CaptureError: there is no such number; `what` and `where` name the kind of stream and the source.
    """
    if number is None:
        return streams[0] if streams else None
    if number > len(streams):
        raise CaptureError(Sentence("no_such_stream", source=where, count=len(streams), what=what, number=number))
    return streams[number - 1]


def choice_detail(streams: Sequence[_Stream], taken: _Stream, what: str, setting: str, why: str = "") -> str:
    """The sentence about the choice; empty when there is only one stream."""
    if len(streams) < 2:
        return ""
    names = "; ".join(f"{number}: {_name(stream)}" for number, stream in enumerate(streams, start=1))
    number = 1 + [stream.index for stream in streams].index(taken.index)
    return Sentence("stream_taken", what=what, number=number, count=len(streams), why=why, names=names, setting=setting)


def first_heard(
    streams: Sequence[av.AudioStream], loudest: Callable[[av.AudioStream], float], least: float
) -> tuple[av.AudioStream | None, str]:
    """The first stream that is not silent, and why it is not number 1; `loudest` gives a stream's peak, 0 to 1."""
    if len(streams) < 2:
        return (streams[0] if streams else None), ""
    for number, stream in enumerate(streams, start=1):
        if loudest(stream) >= least:
            return stream, "" if number == 1 else Sentence("streams_before_silent")
    return streams[0], Sentence("streams_all_silent")


def _name(stream: _Stream) -> str:
    parts = [stream.language, stream.metadata.get("title")]
    if isinstance(stream, av.VideoStream):
        parts.append(f"{stream.width}x{stream.height}")
    return " ".join(part for part in parts if part) or "unnamed"


@dataclass(slots=True)
class _Line:
    """The position of one stream."""

    part: int
    """The part of the file that it has reached."""
    raw_s: float
    """Its last timestamp as written in the file."""
    lag_s: float
    """How much later than the file it began (earlier, where decoding runs ahead); joined parts begin alike."""


class MediaClock:
    """Shifts the timestamps of each part of a file behind the part before, equally for all its streams.

    Packets come in the order of the file. The first stream whose timestamps jump begins a new part, which starts at the
    end of the last part. The others follow with their own jump, so video and audio stay together.
    """

    def __init__(self, start_s: float) -> None:
        """`start_s` is the file's first timestamp, which becomes 0."""
        self._shifts_s = [-start_s]
        self._lines: dict[int, _Line] = {}
        self._reached_s = 0.0

    @property
    def parts(self) -> int:
        """How many parts there were so far."""
        return len(self._shifts_s)

    def shift_s(self, stream: int, raw_s: float, length_s: float) -> float:
        """The shift in seconds of a packet of `stream` that begins at `raw_s` and lasts `length_s`."""
        line = self._lines.get(stream)
        if line is None:
            line = self._lines[stream] = self._first(raw_s)
        elif not -_BACK_S <= raw_s - line.raw_s <= _HOLE_S:
            self._enter(line, raw_s)
        line.raw_s = raw_s
        shift_s = self._shifts_s[line.part]
        self._reached_s = max(self._reached_s, raw_s + shift_s + length_s)
        return shift_s

    def _first(self, raw_s: float) -> _Line:
        """A stream that counts from another zero than the file (the wall clock) begins its own part."""
        for part, shift_s in enumerate(self._shifts_s):
            if -_HOLE_S <= raw_s + shift_s <= self._reached_s + _HOLE_S:
                return _Line(part, raw_s, raw_s + shift_s if part == 0 else 0.0)
        self._shifts_s.append(-raw_s)
        return _Line(len(self._shifts_s) - 1, raw_s, 0.0)

    def _enter(self, line: _Line, raw_s: float) -> None:
        behind_s = line.raw_s + self._shifts_s[line.part]
        for part in range(line.part + 1, self.parts):
            if -_BACK_S <= raw_s + self._shifts_s[part] - behind_s <= _HOLE_S:
                line.part = part
                return
        self._shifts_s.append(self._reached_s + line.lag_s - raw_s)
        line.part = self.parts - 1
