"""What is taken of a file or a network camera at all: whoever made it may want the box to fetch, to swell or to burst.

No playlist, no list of files, no device; no other protocol than the one that was asked for; no host but the one that
was named; no picture larger than `MOST_PIXELS`, refused before it is decoded.
"""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import av

from edge.capture import CaptureError
from edge.capture.uri import SourceUri
from edge.redact import address

MOST_PIXELS = 4096 * 4096
"""4K is 3840x2160; a JPEG of 3 MB may say 16000x16000 and fill 770 MB in colour."""
OPEN_S, READ_S = 10.0, 5.0
"""Patience while connecting and between two deliveries; a stalled network camera is connected again after that."""
_FORMATS = ",".join((
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "flv",
    "asf", "mpjpeg", "mjpeg", "jpeg_pipe", "nut", "ivf", "mxf", "dv", "wav", "w64", "mp3", "flac", "ogg", "aac", "aiff",
    "amr", "au", "caf", "ac3", "rtsp",
))  # fmt: skip
"""FFmpeg's names of formats that are media by themselves."""
_PROTOCOLS = {
    "file": "file",
    "http": "http,tcp",
    "https": "https,tls,tcp",
    "rtsp": "rtsp,rtp,udp,tcp",
}
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


def open_file(path: Path) -> av.container.InputContainer:
    """Open a media file. av.error.FFmpegError, OSError or ValueError: it is none."""
    return _bounded(av.open(f"file:{path}", options=_options("file")))


def open_network(uri: SourceUri, options: Mapping[str, str]) -> av.container.InputContainer:
    """Open a network camera; a redirect is followed on its own host only.

    Raises:
        CaptureError: it sends the box elsewhere.
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
    """The address of a redirect, with the login of `place`. CaptureError: it is another host's, or unencrypted."""
    before, after = urlsplit(place), urlsplit(urljoin(place, elsewhere))
    if after.hostname != before.hostname or after.scheme not in ("https", before.scheme):
        raise CaptureError(f"{address(place)} sends the box on to {address(after.geturl())}: that is not followed")
    login, at, _ = before.netloc.rpartition("@")
    return after._replace(netloc=login + at + after.netloc.rpartition("@")[2]).geturl()


def _redirect(place: str) -> str | None:
    """Where an HTTP server sends whoever asks for `place`; None: nowhere, or it does not answer."""
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
