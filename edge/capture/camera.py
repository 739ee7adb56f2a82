"""A live camera by URI, kept open: pictures stamped when they are grabbed, and its sound where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import av

from edge.capture import CaptureError, csi
from edge.capture.listening import OPPOSED, SoundWatch, listened
from edge.capture.media import NOT_DECODED, Choice, MediaFile, decoded, end_of
from edge.capture.picture import PictureDecoder, View
from edge.capture.reconnect import kept_open
from edge.capture.sound import SoundDecoder
from edge.capture.streams import chosen, pictures_of, sounds_of, told
from edge.capture.untrusted import open_network
from edge.capture.uri import SourceUri, parse_uri
from edge.capture.watch import PictureWatch, watched
from edge.config.perception import CameraConfig
from edge.i18n.sentence import Sentence
from edge.messages import Audio, Frame, Source

_LIVE = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "1000000"}
"""No jitter buffer (latency is worse than a torn picture) and at most 1 s of guessing what the stream holds."""

_V4L2_FORMATS = {"yuyv": "yuyv422", "uyvy": "uyvy422", "grey": "gray"}
"""FFmpeg's names, where they are others than V4L2's."""

_MOST_UNREAD = 100
"""Pieces of a stream in a row without a picture: more than the longest damage that a network makes."""


class Camera:
    """The configured camera; `stream` is run by one thread."""

    def __init__(
        self, config: CameraConfig, with_sound: bool, now: Callable[[], float], sound_stream: int | None = None
    ) -> None:
        """`now` is the box's time line: every item is stamped with it; `sound_stream` counts from 1.

        Raises:
            CaptureError: there is no camera in `config`, or its URI or file cannot be used.
        """
        if config.uri is None:
            raise CaptureError("camera.uri is not set: give a camera, or run without pictures")
        self.uri: SourceUri = parse_uri(config.uri)
        self._config, self._with_sound, self._now, self._sound_stream = config, with_sound, now, sound_stream
        self._again, self._view = Event(), View(config)
        choice = Choice(config.stream, sound_stream, self._view)
        self._file = MediaFile(self.uri.path, choice) if self.uri.is_file else None

    def stream(self, stop: Event) -> Iterator[Frame | Audio | Source]:
        """Pictures (and sound) until `stop` is set; a file plays once at its recorded speed and then ends."""
        if self._file is not None:
            return self._played(self._file, stop)
        items = kept_open("camera", self._connect, self._now, stop, self._again)
        return listened(watched(items, PictureWatch()), SoundWatch())

    def restart(self) -> None:
        """Close the camera and open it again; for another thread. A file plays on."""
        self._again.set()

    def _played(self, file: MediaFile, stop: Event) -> Iterator[Frame | Audio | Source]:
        start_s = self._now()
        for item in file.read():
            if isinstance(item, Source):
                if item.source != "microphone" or self._with_sound:
                    yield Source(start_s + item.t_s, item.source, item.state, item.detail)
                continue
            if isinstance(item, Audio) and not self._with_sound:
                continue
            if stop.wait(max(0.0, start_s + end_of(item) - self._now())):
                return
            if isinstance(item, Frame):
                yield Frame(start_s + item.t_s, item.image, item.index)
            else:
                yield Audio(start_s + item.t_s, item.samples)

    def _connect(self) -> Iterator[Frame | Audio | Source]:
        if self.uri.scheme == "csi":
            source = csi.argus(int(self.uri.target), self._config)
            for index, image in enumerate(csi.pictures(source, self._config.width_px, self._config.height_px)):
                yield Frame(self._now(), self._view.applied(image), index)
            return
        try:
            with self._container() as container:
                yield from self._decoded(container)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise CaptureError(_sentence(self.uri, error)) from error

    def _container(self) -> av.container.InputContainer:
        if self.uri.scheme == "v4l2":
            size = f"{self._config.width_px}x{self._config.height_px}"
            asked = {"video_size": size, "framerate": f"{self._config.fps:g}"}
            if (form := self._config.format) is not None:
                asked["input_format"] = _V4L2_FORMATS.get(form, form)
            return av.open(self.uri.target, format="video4linux2,v4l2", options=asked)
        return open_network(self.uri, {**_LIVE, "rtsp_transport": "tcp"} if self.uri.scheme == "rtsp" else _LIVE)

    def _decoded(self, container: av.container.InputContainer) -> Iterator[Frame | Audio | Source]:
        video, audio = self._chosen(container)
        yield from self._choices(container, video, audio)
        streams: list[av.VideoStream | av.AudioStream] = [video, *([audio] if audio else [])]
        contexts = {stream.index: stream.codec_context for stream in streams}
        pictures, sound = PictureDecoder(1.0 / self._config.fps, self._view), SoundDecoder()
        opposed = False
        unread = 0
        for packet in container.demux(streams):
            items = decoded(contexts[packet.stream_index], packet)
            unread = unread + 1 if items is None and packet.stream_index == video.index else 0 if items else unread
            if unread > _MOST_UNREAD:
                raise CaptureError(Sentence("of_file", file=self.uri.printable, fault=NOT_DECODED))
            for item in items or []:
                if isinstance(item, av.VideoFrame):
                    yield pictures.push(item, self._now(), video.sample_aspect_ratio)
                elif isinstance(item, av.AudioFrame) and audio:
                    try:
                        yield from sound.push(item, self._now() - item.samples / item.sample_rate)
                        if sound.opposed and not opposed:
                            opposed = True
                            yield Source(self._now(), "microphone", "ok", OPPOSED)
                    except CaptureError as error:
                        yield Source(self._now(), "microphone", "lost", error.sentence)
                        audio = None

    def _chosen(self, container: av.container.InputContainer) -> tuple[av.VideoStream, av.AudioStream | None]:
        where = self.uri.printable
        video = chosen(pictures_of(container), self._config.stream, "picture", where)
        if video is None:
            raise CaptureError(Sentence("sends_no_pictures", source=where))
        sounds = sounds_of(container) if self._with_sound else []
        return video, chosen(sounds, self._sound_stream, "sound", where) if sounds else None

    def _choices(
        self, container: av.container.InputContainer, video: av.VideoStream, audio: av.AudioStream | None
    ) -> Iterator[Source]:
        """What to say of a choice among several streams, and of sound that is wanted and not there."""
        if word := told(pictures_of(container), video, "picture", "camera.stream"):
            yield Source(self._now(), "camera", "ok", word)
        if audio and (word := told(sounds_of(container), audio, "sound", "microphone.stream")):
            yield Source(self._now(), "microphone", "ok", word)
        if self._with_sound and audio is None:
            yield Source(self._now(), "microphone", "absent", Sentence("sends_no_sound", source=self.uri.printable))


def _sentence(uri: SourceUri, error: Exception) -> Sentence:
    reason = getattr(error, "strerror", None) or str(error)
    if uri.scheme == "v4l2":
        return Sentence("device_unreadable", source=uri.printable, error=reason)
    return Sentence("camera_unreadable", source=uri.printable, error=reason)
