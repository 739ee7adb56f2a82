"""Files and cameras made to harm: what would make the box fetch, swell or burst is a sentence."""

from __future__ import annotations

import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event

import av
import cv2
import numpy as np
import pytest
from media_maker import make_media

from edge.capture import CaptureError
from edge.capture.camera import Camera
from edge.capture.media import MediaFile
from edge.capture.source_connection import open_network, parse_uri
from edge.config.perception import CameraConfig
from edge.messages import Audio, Frame, Source


def jpeg(side_px: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((side_px, side_px), 127, np.uint8))[1])


def of_pictures(path: Path, picture: bytes) -> Path:
    """A film of one picture, whatever its header says of the size."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        packet = av.Packet(picture)
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 25)
        packet.is_keyframe = True
        container.mux(packet)
    return path


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def server(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[tuple[int, list[str]]]:
    """An HTTP server; yields its port and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answer(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found.server_port, asked
        found.shutdown()


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mov"])
def test_a_picture_beyond_the_bound_is_refused_before_it_is_decoded(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(CaptureError, match="larger than 4096x4096"):
        list(MediaFile(of_pictures(tmp_path / f"big{suffix}", jpeg(4200))).read())


def test_the_largest_picture_is_read(tmp_path: Path) -> None:
    (frame,) = (
        item for item in MediaFile(of_pictures(tmp_path / "a.avi", jpeg(4096))).read() if isinstance(item, Frame)
    )
    assert frame.image.shape == (4096, 4096, 3)


def test_a_camera_that_sends_such_pictures_is_lost_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.capture.camera._MOST_UNREAD", 1)
    part = jpeg(4200)
    body = b"".join(
        b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(part), part) for _ in range(30)
    )
    headers = {"Content-Type": "multipart/x-mixed-replace;boundary=b"}
    with server(lambda path, _: (200, headers, body)) as (port, _):
        camera, stop = Camera(CameraConfig(uri=f"http://127.0.0.1:{port}/"), False, lambda: 0.0), Event()
        said = next(item for item in camera.stream(stop) if isinstance(item, Source))
        stop.set()
    assert said.state == "lost"
    assert "4096x4096" in said.detail or "cannot be read" in said.detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.ffconcat", "ffconcat version 1.0\nfile '{victim}'\n"),
        ("list.txt", "ffconcat version 1.0\nfile '{victim}'\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{victim}\n#EXT-X-ENDLIST\n"),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"),
        ("list.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period></Period></MPD>'),
    ],
)
def test_a_list_of_other_files_is_no_recording(tmp_path: Path, name: str, text: str) -> None:
    victim = make_media(tmp_path / "victim.mp4")
    (tmp_path / name).write_text(text.format(victim=victim))
    with pytest.raises(CaptureError, match="is no video or sound file"):
        MediaFile(tmp_path / name)


def test_a_camera_that_sends_a_playlist_fetches_nothing() -> None:
    with server(lambda path, _: (404, {}, b"")) as (other, fetched):
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:{other}/secret.ts\n#EXT-X-ENDLIST\n"
        with server(lambda path, _: (200, {}, text.encode())) as (port, _), pytest.raises((OSError, ValueError)):
            open_network(parse_uri(f"http://127.0.0.1:{port}/live.m3u8"), {})
        assert fetched == []


def test_a_redirect_to_another_host_is_not_followed_and_shows_no_secret() -> None:
    with server(lambda path, _: (404, {}, b"")) as (other, fetched):
        away = {"Location": f"http://localhost:{other}/x?token=s3cret"}
        refused = pytest.raises(CaptureError, match="sends the box on to http://localhost")
        with server(lambda path, _: (302, away, b"")) as (port, _), refused as refusal:
            open_network(parse_uri(f"http://me:s3cret@127.0.0.1:{port}/live"), {})
        assert fetched == []
        assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("away", ["file:///etc/passwd", "rtsp://127.0.0.1/x", "gopher://127.0.0.1/x"])
def test_a_redirect_to_another_protocol_is_not_followed(away: str) -> None:
    refused = pytest.raises(CaptureError, match="not followed")
    with server(lambda path, _: (302, {"Location": away}, b"")) as (port, _), refused:
        open_network(parse_uri(f"http://127.0.0.1:{port}/live"), {})


def test_a_redirect_on_its_own_host_is_followed_with_the_login(tmp_path: Path) -> None:
    film, logins = make_media(tmp_path / "film.mkv").read_bytes(), []

    def answer(path: str, headers: dict[str, str]) -> Answer:
        if path.startswith("/live"):
            return 302, {"Location": "/film.mkv"}, b""
        logins.append(headers.get("Authorization"))
        return (200, {}, film) if headers.get("Authorization") else (401, {"WWW-Authenticate": "Basic realm=x"}, b"")

    with server(answer) as (port, _), open_network(parse_uri(f"http://me:pw@127.0.0.1:{port}/live"), {}) as container:
        assert container.streams.video
    assert logins[-1] == "Basic bWU6cHc="


def test_redirects_without_end_are_not_followed_for_ever() -> None:
    with server(lambda path, _: (302, {"Location": f"{path}x"}, b"")) as (port, asked):
        with pytest.raises(OSError):
            open_network(parse_uri(f"http://127.0.0.1:{port}/live"), {})
        assert len(asked) < 12


@pytest.mark.parametrize("channels", [9, 17, 64, 200])
def test_sound_of_odd_channels_is_a_sentence(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "odd.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(np.zeros((4800, channels), "<i2").tobytes())
    with pytest.raises(CaptureError, match=f"sound of {channels} channels .* cannot be mixed"):
        list(MediaFile(path).read())


@pytest.mark.parametrize("channels", [3, 6, 8, 16])
def test_sound_of_several_channels_is_mixed(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "several.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(np.full((16_000, channels), 3000, "<i2").tobytes())
    heard = [item for item in MediaFile(path).read() if isinstance(item, Audio)]
    assert sum(len(item.samples) for item in heard) == pytest.approx(16_000, abs=64)
