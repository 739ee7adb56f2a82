"""A Jetson's CSI camera, read from a GStreamer child process: FFmpeg knows no Argus, OpenCV's wheel no GStreamer."""

from __future__ import annotations

import selectors
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt

from edge.capture import CaptureError
from edge.config.perception import CameraConfig
from edge.i18n.sentence import Sentence

_SILENT_S = 5.0
"""Without a picture for this long the pipeline is stuck and is started again."""
_GRACE_S = 2.0


def argus(sensor: int, config: CameraConfig) -> list[str]:
    """GStreamer elements that deliver a CSI sensor's pictures as plain memory."""
    size = f"width={config.width_px},height={config.height_px},framerate={round(config.fps)}/1"
    return [
        *("nvarguscamerasrc", f"sensor-id={sensor}", "!", f"video/x-raw(memory:NVMM),{size}"),
        *("!", "nvvidconv", "!", "video/x-raw,format=BGRx"),
    ]


def pictures(source: Sequence[str], width_px: int, height_px: int) -> Iterator[npt.NDArray[np.uint8]]:
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
            words = log.read().decode(errors="replace").strip().splitlines()
            raise CaptureError(Sentence("csi_ended", error=words[-1] if words else "it gave no reason"))
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
