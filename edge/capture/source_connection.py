"""Sources by URI: named, opened safely, and reconnected after failures.

URIs: `v4l2:///dev/video0`, `rtsp://...`, `http://...`, `csi://0`, `file:///path`.

Files and network cameras are untrusted. Playlists, lists of files and devices are refused. So are other protocols than
the one asked for, other hosts than the one named, and frames larger than `MOST_PIXELS`, before they are decoded.
"""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import av

from edge.capture import CaptureError
from edge.config.perception import CAMERA_SCHEMES, NETWORK_SCHEMES
from edge.i18n.texts import Sentence
from edge.messages import Source
from edge.redact import address

MOST_PIXELS = 4096 * 4096
"""4K is 3840x2160; a JPEG of 3 MB may declare 16000x16000 pixels and fill 770 MB in colour."""
OPEN_S, READ_S = 10.0, 5.0
"""Time limits of connecting and of the next delivery; a stalled network camera is reconnected after that."""
_FORMATS = ",".join((
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "flv",
    "asf", "mpjpeg", "mjpeg", "jpeg_pipe", "nut", "ivf", "mxf", "dv", "wav", "w64", "mp3", "flac", "ogg", "aac", "aiff",
    "amr", "au", "caf", "ac3", "rtsp",
))  # fmt: skip
"""FFmpeg's names of formats that do not refer to other files."""
_PROTOCOLS = {
    "file": "file",
    "http": "http,tcp",
    "https": "https,tls,tcp",
    "rtsp": "rtsp,rtp,udp,tcp",
}
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 4.0
"""A source that returns must deliver again within 10 s; connecting and probing its format may take 5 s of them."""
_STEADY_S = 10.0
"""After a connection that lasted this long, the next attempt follows quickly again."""
_LOOK_S = 0.2
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class SourceUri:
    """A parsed URI; `target` is what comes after `://` (a path, a sensor number, or host and path)."""

    scheme: str
    target: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.target}"

    @property
    def path(self) -> Path:
        """The target of `file` and `v4l2` as a path; `file://clip.mp4` is relative to the working folder."""
        return Path(self.target)

    @property
    def is_file(self) -> bool:
        """Whether the source ends by itself."""
        return self.scheme == "file"

    @property
    def printable(self) -> str:
        """Scheme, host and path: without the login and the query that a network camera's URI may carry."""
        return address(str(self)) if self.scheme in NETWORK_SCHEMES else str(self)


def parse_uri(text: str) -> SourceUri:
    """Parse a camera URI.

    Raises:
        CaptureError: the scheme is not one of `CAMERA_SCHEMES`, or nothing follows it.
    """
    scheme, separator, target = text.partition("://")
    if not separator or scheme not in CAMERA_SCHEMES:
        allowed = ", ".join(f"{name}://" for name in CAMERA_SCHEMES)
        raise CaptureError(f"{address(text)!r} is no camera URI: it starts with one of {allowed}")
    if not target:
        raise CaptureError(
            f"{address(text)!r} names no camera: write for example v4l2:///dev/video0 or file:///clips/a.mp4"
        )
    if scheme == "csi" and not target.isdecimal():
        raise CaptureError(f"{address(text)!r}: csi:// is followed by the sensor's number, for example csi://0")
    return SourceUri(scheme, target)


def open_file(path: Path) -> av.container.InputContainer:
    """Open a media file. av.error.FFmpegError, OSError or ValueError: it is not a media file."""
    return _bounded(av.open(f"file:{path}", options=_options("file")))


def open_network(uri: SourceUri, options: Mapping[str, str]) -> av.container.InputContainer:
    """Open a network camera; redirects are followed on its own host only.

    Raises:
        CaptureError: it redirects to another host.
        av.error.FFmpegError, OSError or ValueError: it cannot be opened.
    """
    place, followed = str(uri), 0
    while True:
        try:
            chosen = {**options, **_options(urlsplit(place).scheme)}
            return _bounded(av.open(place, options=chosen, timeout=(OPEN_S, READ_S)))
        except (av.error.FFmpegError, OSError):
            elsewhere = _redirect(place) if followed < _MOST_REDIRECTS else None
            if elsewhere is None:
                raise
        place, followed = _on_its_own_host(place, elsewhere), followed + 1


def _options(scheme: str) -> dict[str, str]:
    own = {"protocol_whitelist": _PROTOCOLS[scheme], "format_whitelist": _FORMATS, "max_pixels": str(MOST_PIXELS)}
    return {**own, "max_redirects": "0"} if scheme.startswith("http") else own


def _bounded(container: av.container.InputContainer) -> av.container.InputContainer:
    for stream in [stream for stream in container.streams.video if stream.codec_context is not None]:
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        if stream.width * stream.height > MOST_PIXELS:
            size = f"{stream.width}x{stream.height}"
            container.close()
            raise ValueError(f"its pictures are {size}, larger than {MOST_PIXELS} pixels are not taken")
    return container


def _on_its_own_host(place: str, elsewhere: str) -> str:
    """The address of a redirect, with the login of `place`. CaptureError: the host differs, or it is unencrypted."""
    before, after = urlsplit(place), urlsplit(urljoin(place, elsewhere))
    if after.hostname != before.hostname or after.scheme not in ("https", before.scheme):
        raise CaptureError(f"{address(place)} sends the box on to {address(after.geturl())}: that is not followed")
    login, at, _ = before.netloc.rpartition("@")
    return after._replace(netloc=login + at + after.netloc.rpartition("@")[2]).geturl()


def _redirect(place: str) -> str | None:
    """The redirect of an HTTP server for `place`; None: no redirect, or no answer."""
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        return None
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=READ_S)
    try:
        login = unquote(parts.netloc.rpartition("@")[0])
        headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()} if login else {}
        connection.request("GET", parts._replace(scheme="", netloc="").geturl() or "/", headers=headers)
        answer = connection.getresponse()
        return answer.getheader("Location") if answer.status in _REDIRECTS else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def kept_open(
    name: str, connect: Callable[[], Iterator[_Item]], now: Callable[[], float], stop: Event, again: Event | None = None
) -> Iterator[_Item | Source]:
    """Deliver the items of `connect`, and connect again after each failure until `stop` is set.

    `name` is the source in the `Source` messages: `lost` with the cause once per outage, `ok` at its first delivery
    after one. Between attempts it waits 1 s, then twice as long each time up to 4 s. When `again` is set, the source is
    closed at its next delivery and opened again at once.
    """
    delay_s, lost = FIRST_DELAY_S, False
    while not stop.is_set():
        began_s = now()
        cause: str = Sentence("source_ended")
        try:
            for item in connect():
                if lost:
                    yield Source(now(), name, "ok")
                    lost = False
                yield item
                if stop.is_set():
                    return
                if again is not None and again.is_set():
                    cause = Sentence("source_restarted")
                    break
        except CaptureError as error:
            cause = error.sentence
        if not lost:
            yield Source(now(), name, "lost", cause)
            lost = True
        if now() - began_s > _STEADY_S:
            delay_s = FIRST_DELAY_S
        if again is None:
            stop.wait(delay_s)
        elif _asked_within(delay_s, stop, again):
            again.clear()
            delay_s = FIRST_DELAY_S
            continue
        delay_s = min(2 * delay_s, LONGEST_DELAY_S)


def _asked_within(delay_s: float, stop: Event, again: Event) -> bool:
    """Wait `delay_s`, shorter when `stop` or `again` is set; return whether it was `again`."""
    until_s = time.monotonic() + delay_s
    while not again.is_set() and (left_s := until_s - time.monotonic()) > 0:
        if stop.wait(min(left_s, _LOOK_S)):
            return False
    return again.is_set()
