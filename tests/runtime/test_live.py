from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from empty_bundle import make_empty_bundle
from http_camera import HttpCamera
from media_maker import make_media

from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.messages import Alert, Message, Source, Summary
from edge.run_registry import RunClock
from edge.runtime.live import LiveRunner


class Kept(list[Message]):
    write = list.append


def box(tmp_path: Path, uri: str | None, device: str | None) -> LiveRunner:
    config = Config.model_validate(
        {"purpose": "driver-safety", "camera": {"uri": uri}, "microphone": {"device": device}}
    )
    return LiveRunner(Bundle(make_empty_bundle(tmp_path / "bundle")), config, "run", RunClock())


def test_a_file_is_played_to_its_end_and_the_box_stops_by_itself(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", video_s=0.6, sound_s=0.6)
    runner, kept = box(tmp_path, f"file://{path}", "camera"), Kept()
    runner.run([kept], threading.Event(), lambda health: None)
    assert runner.health.frames == 15
    assert runner.health.sound_s == pytest.approx(0.6, abs=0.05)
    assert isinstance(kept[-1], Summary)


def test_what_is_not_configured_is_absent_and_no_alert(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", video_s=0.2, sound_s=0)
    runner, kept = box(tmp_path, f"file://{path}", None), Kept()
    runner.run([kept], threading.Event(), lambda health: None)
    absent = {message.source for message in kept if isinstance(message, Source) and message.state == "absent"}
    assert {"microphone", "vision", "asr"} <= absent
    assert not [message for message in kept if isinstance(message, Alert)]


def test_a_camera_that_dies_opens_an_alert_that_ends_when_it_is_back(tmp_path: Path) -> None:
    first, stop = HttpCamera(), threading.Event()
    runner, kept = box(tmp_path, first.uri, None), Kept()

    def alerts() -> list[str]:
        return [message.type for message in kept if isinstance(message, Alert)]

    def until(condition: object) -> None:
        deadline_s = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < deadline_s
            time.sleep(0.05)

    with first:
        thread = threading.Thread(target=runner.run, args=([kept], stop, lambda health: None), daemon=True)
        thread.start()
        until(lambda: runner.health.frames > 5)
    until(lambda: alerts() == ["new"])
    with HttpCamera(first.port):
        until(lambda: alerts() == ["new", "end"])
        before = runner.health.frames
        until(lambda: runner.health.frames > before + 5)
        assert runner.status.losses == 1
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def test_a_stop_closes_open_alerts_within_seconds(tmp_path: Path) -> None:
    stop = threading.Event()
    runner, kept = box(tmp_path, "http://127.0.0.1:9/video", None), Kept()
    thread = threading.Thread(target=runner.run, args=([kept], stop, lambda health: None), daemon=True)
    thread.start()
    time.sleep(1.0)
    asked_s = time.monotonic()
    stop.set()
    thread.join(10)
    assert time.monotonic() - asked_s < 5
    assert [message.type for message in kept if isinstance(message, Alert)] == ["new", "end"]


def test_what_is_done_once_a_second_may_fail_and_the_box_watches_on(tmp_path: Path) -> None:
    """As a file beside the timeline on a card that has turned read-only."""
    runner, kept, stop = box(tmp_path, "http://127.0.0.1:9/video", None), Kept(), threading.Event()
    called: list[float] = []

    def status(_: object) -> None:
        called.append(time.monotonic())
        if len(called) == 3:
            stop.set()
        raise OSError(30, "Read-only file system")

    runner.run([kept], stop, status)
    assert len(called) == 3
    words = [(m.state, m.detail) for m in kept if isinstance(m, Source) and m.source == "upkeep"]
    assert words == [("lost", "OSError: [Errno 30] Read-only file system")]


def test_sources_that_work_are_told_from_their_first_item_on(tmp_path: Path) -> None:
    path = make_media(tmp_path / "clip.mp4", video_s=0.6, sound_s=0.6)
    runner, kept = box(tmp_path, f"file://{path}", "camera"), Kept()
    runner.run([kept], threading.Event(), lambda health: None)
    assert {name for name, part in runner.status.parts.items() if part.state == "ok"} == {"camera", "microphone"}
    assert sorted(m.source for m in kept if isinstance(m, Source) and m.state == "ok") == ["camera", "microphone"]
