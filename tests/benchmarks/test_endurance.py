"""The soak's verdict, its order of faults, its camera and its clock; the fleet's boxes and its totals."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from media_maker import make_media
from mqtt_helpers import needs_mosquitto, until

from benchmarks.delivery.fleet_totals import Fleet
from benchmarks.delivery.fleet_worker import Worker
from benchmarks.endurance.broker import Mosquitto
from benchmarks.endurance.camera import LoopCamera, prepare
from benchmarks.endurance.faults import Schedule, settable_clock
from benchmarks.endurance.samples import Sample, judge, look
from edge.capture.camera import Camera
from edge.client.box_messages import BoxMessage
from edge.client.subscriber import Subscriber
from edge.config.perception import CameraConfig
from edge.messages import Audio, Frame, Source
from edge.publish.mqtt.packets import Received
from edge.publish.payloads import SummaryPayload
from edge.publish.topics import Address


def hours(rss_growth: float, threads_an_hour: float = 0.0) -> list[Sample]:
    """Two hours, every 10 s; memory rises by `rss_growth` from minute 15 on; half of the second hour is speech."""
    found = []
    for index in range(720):
        share = max(0.0, (index - 90) / 630)
        rss = 700e6 * (1 + rss_growth * share) + (140e6 if index > 360 and index % 2 else 0)
        found.append(Sample(10.0 * index, round(rss), 18 + round(threads_an_hour * index / 360), 16, 0.0, {}))
    return found


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (hours(0.0), []),
        (hours(0.015), []),
        (hours(0.03), ["memory grew by"]),
        (hours(0.0, threads_an_hour=4), ["threads grew from"]),
    ],
)
def test_work_is_no_growth_and_growth_is_found(samples: list[Sample], said: list[str]) -> None:
    faults = judge(samples, 600.0, 600.0).faults
    assert [fault.startswith(start) for fault, start in zip(faults, said, strict=True)] == [True] * len(said)


def test_a_run_too_short_to_judge_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        judge(hours(0.0)[:100], 600.0, 600.0)


def test_a_process_is_looked_at_and_its_end_is_seen() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    until(lambda: (seen := look(child.pid, 0.0, {})) is not None and seen.rss_bytes > 1e6)
    child.kill()
    child.wait()
    assert look(child.pid, 0.0, {}) is None


@dataclass
class Noted:
    name: str
    lasts_s: float
    said: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.said.append(f"{self.name} begins")

    def end(self) -> None:
        self.said.append(f"{self.name} ends")


def test_faults_follow_each_other_and_each_is_mended_before_the_next() -> None:
    said: list[str] = []
    schedule = Schedule([Noted("a", 20, said), Noted("b", 30, said)], 60)
    for second in range(170):
        schedule.step(float(second))
    schedule.mend()
    assert said == ["a begins", "a ends", "b begins", "b ends", "a begins", "a ends"]
    assert [(round(t_s), name) for t_s, name in schedule.begun] == [(30, "a"), (90, "b"), (150, "a")]


@contextmanager
def streamed(camera: LoopCamera) -> Iterator[list[Frame | Audio | Source]]:
    stop, items = threading.Event(), []
    live = Camera(CameraConfig(uri=camera.uri, fps=10), True, time.monotonic)

    def take() -> None:
        for item in live.stream(stop):
            items.append(item)  # noqa: PERF402 - while it grows it is looked at

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    yield items
    stop.set()
    thread.join(5)


def test_the_camera_moves_freezes_goes_and_comes_back(tmp_path: Path) -> None:
    with LoopCamera(*prepare(make_media(tmp_path / "a.mp4"), 10, tmp_path)) as camera, streamed(camera) as items:
        until(lambda: sum(isinstance(item, Frame) for item in items) >= 8)
        assert any(isinstance(item, Audio) for item in items)
        shown = [item.image for item in items if isinstance(item, Frame)]
        assert all((a != b).any() for a, b in pairwise(shown[:6]))
        camera.frozen.set()
        until(lambda: _same(items))
        camera.unplug()
        until(lambda: any(isinstance(item, Source) and item.state == "lost" for item in items))
        camera.plug()
        until(lambda: any(isinstance(item, Source) and item.state == "ok" for item in items))


def _same(items: list[Frame | Audio | Source]) -> bool:
    last = [item.image for item in items if isinstance(item, Frame)][-3:]
    return len(last) == 3 and bool(np.array_equal(last[0], last[1]) and np.array_equal(last[1], last[2]))


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_wall_clock_steps_and_the_monotonic_one_does_not(tmp_path: Path) -> None:
    offset, environment = settable_clock(tmp_path)
    code = "import time, sys\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **environment}) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None

        def ask() -> tuple[float, float]:
            print(file=child.stdin, flush=True)
            wall, mono = child.stdout.readline().split()  # type: ignore[union-attr]
            return float(wall) - time.time(), float(mono) - time.monotonic()

        assert ask() == pytest.approx((0, 0), abs=2)
        with offset.open("r+b") as file:
            file.write(struct.pack("=q", -3_600_000_000_000))
        assert ask() == pytest.approx((-3600, 0), abs=2)


@needs_mosquitto
def test_a_small_fleet_outlives_its_broker_and_the_backend_counts_each_message_once(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    fleet = Fleet()
    kept = f"persistence true\npersistence_location {tmp_path}/\nautosave_interval 1"

    def stand() -> tuple[int, int, int]:
        ours.send("stand")
        now = ours.recv()
        return now.connected, now.waiting, now.raised

    with Mosquitto(tmp_path, kept) as broker, Subscriber("127.0.0.1", port=broker.port) as inbox:
        threading.Thread(target=lambda: [fleet.take(item) for item in inbox.items()], daemon=True).start()
        worker = threading.Thread(target=Worker(0, 6, broker.port, 0.1, theirs).run)
        worker.start()
        until(lambda: stand()[0] == 6)
        ours.send(300.0)
        until(lambda: fleet.alerts >= 12 and fleet.summaries >= 6)
        assert len(fleet.online) == 6
        ours.send(1e-6)
        until(lambda: stand()[1] == 0)
        until(lambda: fleet.alerts + fleet.summaries + fleet.missing == stand()[2])
        broker.kill()
        until(lambda: stand()[0] == 0)
        broker.start()
        until(lambda: stand()[0] == 6, 20)
        ours.send("end")
        worker.join(5)
        inbox.stop()


def test_a_site_weighs_its_boxes_by_the_time_that_could_be_judged() -> None:
    fleet = Fleet()
    for perclos, valid_ratio in ((0.1, 1.0), (0.4, 0.5), (None, 0.0)):
        fleet.take(heard(perclos, valid_ratio))
    assert fleet.sites["depot"].perclos == pytest.approx((0.1 + 0.2) / 1.5)


def heard(perclos: float | None, valid_ratio: float) -> BoxMessage[SummaryPayload]:
    head = {"boot": "b", "id": "i", "start": "", "end": "", "start_mono_ms": 0, "end_mono_ms": 300_000, "seq": 1}
    body = {"clock": "synced", "emotions": {}, "score_mean": None, "alerts": {}, "group": {}, "historical": False}
    summary = SummaryPayload.model_validate({**head, **body, "perclos": perclos, "valid_ratio": valid_ratio})
    return BoxMessage(Address("depot", "bus", "summary"), summary, Received("", b"", retained=False))
