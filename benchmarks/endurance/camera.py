"""A network camera with sound for hours: one recording over and over as an MPEG transport stream over HTTP."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import av
import numpy as np
import numpy.typing as npt

from edge.messages import SAMPLE_RATE_HZ

_CLOCK_HZ = 90_000
"""Time base of MPEG transport streams."""
_STILL_S = 5.0
_STREAM = {"flush_packets": "1"}


def prepare(clip: Path, fps: float, folder: Path) -> tuple[Path, Path]:
    """`clip` at `fps` with its sound, and a still of its first picture in silence, both ready to be streamed."""
    moving, still = folder / "moving.ts", folder / "still.ts"
    first = recode(clip, moving, fps)
    with _Recording(still, fps, first.shape[1], first.shape[0]) as recording:
        for _ in range(round(_STILL_S * fps)):
            recording.see(first)
        recording.hear(np.zeros(round(_STILL_S * SAMPLE_RATE_HZ), np.float32))
    return moving, still


def recode(clip: Path, out: Path, fps: float, start_s: float = 0.0, end_s: float = math.inf) -> npt.NDArray[np.uint8]:
    """A stretch of `clip` at `fps` with its sound, as a transport stream; returns its first picture, BGR."""
    first: npt.NDArray[np.uint8] | None = None
    with av.open(str(clip)) as source:
        shape = source.streams.video[0]
        with _Recording(out, fps, shape.width, shape.height) as recording:
            resampler, due_s = av.AudioResampler("fltp", "mono", SAMPLE_RATE_HZ), start_s
            for frame in source.decode(shape, *source.streams.audio[:1]):
                if frame.time is None or not start_s <= frame.time < end_s:
                    continue
                if isinstance(frame, av.AudioFrame):
                    for block in resampler.resample(frame):
                        recording.hear(block.to_ndarray()[0])
                elif isinstance(frame, av.VideoFrame) and frame.time >= due_s - 1e-6:
                    due_s += 1 / fps
                    image = frame.to_ndarray(format="bgr24")
                    first = image if first is None else first
                    recording.see(image)
    if first is None:
        raise ValueError(f"{clip} has no pictures from {start_s:g} s on")
    return first


class _Recording:
    """A file in the making; what is seen and heard follows without gaps from 0 on."""

    def __init__(self, path: Path, fps: float, width_px: int, height_px: int) -> None:
        self._container = av.open(str(path), "w", format="mpegts")
        rate = Fraction(fps).limit_denominator(1000)
        self._video = self._container.add_stream("libx264", rate, options={"preset": "ultrafast", "crf": "23"})
        self._video.width, self._video.height, self._video.pix_fmt = width_px, height_px, "yuv420p"
        self._video.codec_context.gop_size = round(fps * _STILL_S)
        self._video.codec_context.max_b_frames = 0
        self._audio = self._container.add_stream("aac", SAMPLE_RATE_HZ, layout="mono")
        self._pictures, self._samples, self._base = 0, 0, 1 / rate

    def see(self, image: np.ndarray) -> None:
        """One picture, BGR."""
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = self._pictures, self._base
        self._pictures += 1
        self._container.mux(self._video.encode(frame))

    def hear(self, samples: np.ndarray) -> None:
        """A stretch of sound, mono at SAMPLE_RATE_HZ."""
        block = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        block.sample_rate, block.pts = SAMPLE_RATE_HZ, self._samples
        self._samples += len(samples)
        self._container.mux(self._audio.encode(block))

    def __enter__(self) -> _Recording:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
        self._container.close()


class LoopCamera:
    """Serves the recording in real time; `unplug` and `plug` are the cable, `frozen` holds one picture."""

    def __init__(self, moving: Path, still: Path) -> None:
        self.frozen = threading.Event()
        self._recordings = {False: moving, True: still}
        self._server: ThreadingHTTPServer | None = None
        self._gone = threading.Event()
        self.port = 0

    @property
    def uri(self) -> str:
        """What the box is configured with."""
        return f"http://127.0.0.1:{self.port}/stream"

    def plug(self) -> None:
        """Begin to serve, at the same port each time."""
        camera = self
        gone = self._gone = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                try:
                    camera._serve(self, gone)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def unplug(self) -> None:
        """Cut every connection and take no new one."""
        self._gone.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> LoopCamera:
        self.plug()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.unplug()

    def _serve(self, handler: BaseHTTPRequestHandler, gone: threading.Event) -> None:
        with av.open(str(self._recordings[False])) as shape:
            out = av.open(handler.wfile, "w", format="mpegts", options=_STREAM)
            streams = {stream.type: out.add_stream_from_template(stream) for stream in shape.streams}
        began_s = time.monotonic()
        for packet in self._packets(gone):
            if gone.wait(max(0.0, began_s + float(packet.dts * packet.time_base) - time.monotonic())):
                return
            packet.stream = streams[packet.stream.type]
            out.mux_one(packet)

    def _packets(self, gone: threading.Event) -> Iterator[av.Packet]:
        """The recordings one after another, their times going on; a switch is made within a recording."""
        offset = 0
        while not gone.is_set():
            frozen, end = self.frozen.is_set(), offset
            with av.open(str(self._recordings[frozen])) as recording:
                first = None
                for packet in recording.demux():
                    if packet.dts is None or self.frozen.is_set() != frozen:
                        continue
                    first = packet.dts if first is None else first
                    shift = offset - first
                    packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
                    end = max(end, packet.dts + (packet.duration or 0))
                    yield packet
            offset = end
