"""Streams of a file or camera: which of several is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import av
from av.stream import Disposition

from edge.capture import CaptureError
from edge.i18n.texts import Sentence

_Stream = TypeVar("_Stream", av.VideoStream, av.AudioStream)


def video_streams(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The video streams that can be decoded; the cover picture of an audio file is not one."""
    covers = Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & covers and s.codec_context is not None]


def audio_streams(container: av.container.InputContainer) -> list[av.AudioStream]:
    """The audio streams that can be decoded."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None]


def chosen_stream(streams: Sequence[_Stream], number: int | None, what: str, where: str) -> _Stream | None:
    """The stream of that number, counted from 1, or the first without a number; None if there is no stream.

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
