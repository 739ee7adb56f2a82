from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from http_camera import HttpCamera
from media_maker import make_media

from edge.capture import CaptureError
from edge.capture.camera import Camera
from edge.config.perception import CameraConfig
from edge.messages import Audio, Frame, Source


def clock() -> Callable[[], float]:
    start_s = time.monotonic()
    return lambda: time.monotonic() - start_s


def test_a_network_camera_that_dies_is_announced_and_taken_up_again() -> None:
    now, stop = clock(), Event()
    first = HttpCamera()
    stream = Camera(CameraConfig(uri=first.uri), with_sound=False, now=now).stream(stop)
    with first:
        early = [next(stream) for _ in range(10)]
    assert all(isinstance(item, Frame) for item in early)
    assert early[0].image.shape == (120, 160, 3)
    words = []
    while not words:
        item = next(stream)
        words += [item] if isinstance(item, Source) else []
    assert (words[0].source, words[0].state) == ("camera", "lost")
    with HttpCamera(first.port):
        back, frame = next(stream), next(stream)
        assert isinstance(back, Source)
        assert (back.source, back.state) == ("camera", "ok")
        assert isinstance(frame, Frame)
        assert frame.t_s > early[-1].t_s, "the time line goes on"
        stop.set()
        assert not [item for item in stream if isinstance(item, Source)]


def test_a_camera_that_is_not_there_is_lost_with_its_cause() -> None:
    with HttpCamera() as gone:
        uri = gone.uri.replace("http://", "http://viewer:s3cret@")
    stop = Event()
    item = next(Camera(CameraConfig(uri=uri), with_sound=False, now=clock()).stream(stop))
    assert isinstance(item, Source)
    assert item.state == "lost"
    assert "refused" in item.detail.lower()
    assert "s3cret" not in item.detail


def test_a_camera_that_falls_silent_is_lost_within_seconds() -> None:
    now, stop = clock(), Event()
    with HttpCamera() as camera:
        stream = Camera(CameraConfig(uri=camera.uri), with_sound=False, now=now).stream(stop)
        next(stream)
        camera.silent.set()
        item: Frame | Audio | Source = next(stream)
        while not isinstance(item, Source):
            item = next(stream)
    assert item.state == "lost"
    assert now() < 9


def test_a_file_plays_at_its_recorded_speed(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", video_s=0.8, sound_s=0.8)
    now = clock()
    items = [(now(), item) for item in Camera(CameraConfig(uri=f"file://{path}"), True, now).stream(Event())]
    late_s = [t_s - item.t_s for t_s, item in items if isinstance(item, Frame)]
    assert len(late_s) == 20
    assert min(late_s) >= 0
    assert 0.7 < items[-1][0] < 1.6
    assert any(isinstance(item, Audio) for _, item in items)


def test_the_sound_of_a_file_is_left_out_where_it_is_not_asked_for(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", video_s=0.2, sound_s=0.2)
    items = list(Camera(CameraConfig(uri=f"file://{path}"), False, clock()).stream(Event()))
    assert {type(item) for item in items} == {Frame}


def test_a_file_that_is_missing_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such file"):
        Camera(CameraConfig(uri=f"file://{tmp_path}/none.mp4"), False, clock())


def test_a_missing_video_device_says_what_to_look_at() -> None:
    item = next(Camera(CameraConfig(uri="v4l2:///dev/video97"), False, clock()).stream(Event()))
    assert isinstance(item, Source)
    assert "plugged in" in item.detail
