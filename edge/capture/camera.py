"""A live camera by URI, kept open: frames with timestamps of their capture, and audio if it is asked for.

A Jetson's CSI camera is read from a GStreamer child process: FFmpeg cannot use Argus, OpenCV's wheel has no GStreamer.
"""

from __future__ import annotations

import selectors
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from threading import Event

import av
import numpy as np
import numpy.typing as npt

from edge.capture import CaptureError
from edge.capture.audio import OPPOSED, AudioDecoder, AudioWatch, listened
from edge.capture.frames import FrameDecoder, FrameWatch, View, watched
from edge.capture.media import NOT_DECODED, MediaFile, StreamChoice, decoded, end_of
from edge.capture.source_connection import SourceUri, kept_open, open_network, parse_uri
from edge.capture.streams import audio_streams, choice_detail, chosen_stream, video_streams
from edge.config.perception import CameraConfig
from edge.i18n.texts import Sentence
from edge.messages import Audio, Frame, Source

_SILENT_S = 5.0
"""Without a frame for this long the pipeline is stuck and is restarted."""
_GRACE_S = 2.0
_LIVE = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "1000000"}
"""No jitter buffer (latency is worse than a torn frame) and at most 1 s of probing the stream."""
_V4L2_FORMATS = {"yuyv": "yuyv422", "uyvy": "uyvy422", "grey": "gray"}
"""FFmpeg's names, where they differ from V4L2's."""
_MOST_UNREAD = 100
"""Packets in a row without a frame: more than the longest damage that a network causes."""


def csi_source(sensor: int, config: CameraConfig) -> list[str]:
    """GStreamer elements that deliver a CSI sensor's pictures as plain memory."""
    size = f"width={config.width_px},height={config.height_px},framerate={round(config.fps)}/1"
    return [
        *("nvarguscamerasrc", f"sensor-id={sensor}", "!", f"video/x-raw(memory:NVMM),{size}"),
        *("!", "nvvidconv", "!", "video/x-raw,format=BGRx"),
    ]


def csi_frames(source: Sequence[str], width_px: int, height_px: int) -> Iterator[npt.NDArray[np.uint8]]:
    """BGR pictures of shape (height, width, 3) from the GStreamer elements `source`, until the pipeline ends.

    Raises:
        CaptureError: gst-launch-1.0 is not installed, the pipeline failed, or it fell silent for 5 s.
    """
    sink = [
        "!",
        "videoconvert",
        "!",
        f"video/x-raw,format=BGR,width={width_px},height={height_px}",
        "!",
        "fdsink",
        "fd=1",
    ]
    with tempfile.TemporaryFile() as log:
        try:
            child = subprocess.Popen(
                ["gst-launch-1.0", "-q", *source, *sink], stdout=subprocess.PIPE, stderr=log, bufsize=0
            )
        except FileNotFoundError:
            raise CaptureError(Sentence("gstreamer_missing")) from None
        try:
            yield from _read(child, width_px, height_px)
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines()
            raise CaptureError(Sentence("csi_ended", error=lines[-1] if lines else "it gave no reason"))
        finally:
            _end(child)


def _read(child: subprocess.Popen[bytes], width_px: int, height_px: int) -> Iterator[npt.NDArray[np.uint8]]:
    if child.stdout is None:
        return
    with closing(selectors.DefaultSelector()) as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            image = np.empty((height_px, width_px, 3), np.uint8)
            room = image.data.cast("B")
            while room:
                if not selector.select(_SILENT_S):
                    raise CaptureError(Sentence("csi_without_picture", seconds=_SILENT_S))
                count = child.stdout.readinto(room)  # type: ignore[attr-defined]
                if not count:
                    return
                room = room[count:]
            yield image


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


class Camera:
    """The configured camera; `stream` is run by one thread."""

    def __init__(
        self, config: CameraConfig, with_sound: bool, now: Callable[[], float], sound_stream: int | None = None
    ) -> None:
        """`now` is the clock of the run, for all timestamps; `sound_stream` counts from 1.

        Raises:
            CaptureError: there is no camera in `config`, or its URI or file cannot be used.
        """
        if config.uri is None:
            raise CaptureError("camera.uri is not set: give a camera, or run without pictures")
        self.uri: SourceUri = parse_uri(config.uri)
        self._config, self._with_sound, self._now, self._sound_stream = config, with_sound, now, sound_stream
        self._again, self._view = Event(), View(config)
        choice = StreamChoice(config.stream, sound_stream, self._view)
        self._file = MediaFile(self.uri.path, choice) if self.uri.is_file else None

    def stream(self, stop: Event) -> Iterator[Frame | Audio | Source]:
        """Frames (and audio) until `stop` is set; a file plays once at its recorded speed and then ends."""
        if self._file is not None:
            return self._played(self._file, stop)
        items = kept_open("camera", self._connect, self._now, stop, self._again)
        return listened(watched(items, FrameWatch()), AudioWatch())

    def restart(self) -> None:
        """Close the camera and open it again; called by another thread. A file plays on."""
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
            source = csi_source(int(self.uri.target), self._config)
            for index, image in enumerate(csi_frames(source, self._config.width_px, self._config.height_px)):
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
        pictures, sound = FrameDecoder(1.0 / self._config.fps, self._view), AudioDecoder()
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
        video = chosen_stream(video_streams(container), self._config.stream, "picture", where)
        if video is None:
            raise CaptureError(Sentence("sends_no_pictures", source=where))
        sounds = audio_streams(container) if self._with_sound else []
        return video, chosen_stream(sounds, self._sound_stream, "sound", where) if sounds else None

    def _choices(
        self, container: av.container.InputContainer, video: av.VideoStream, audio: av.AudioStream | None
    ) -> Iterator[Source]:
        """Reports about the choice among several streams, and about missing audio."""
        if detail := choice_detail(video_streams(container), video, "picture", "camera.stream"):
            yield Source(self._now(), "camera", "ok", detail)
        if audio and (detail := choice_detail(audio_streams(container), audio, "sound", "microphone.stream")):
            yield Source(self._now(), "microphone", "ok", detail)
        if self._with_sound and audio is None:
            yield Source(self._now(), "microphone", "absent", Sentence("sends_no_sound", source=self.uri.printable))


def _sentence(uri: SourceUri, error: Exception) -> Sentence:
    reason = getattr(error, "strerror", None) or str(error)
    if uri.scheme == "v4l2":
        return Sentence("device_unreadable", source=uri.printable, error=reason)
    return Sentence("camera_unreadable", source=uri.printable, error=reason)
