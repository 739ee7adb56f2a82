"""A real file system that is full: alerts still go out, the loss is told, and all is well again without a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mqtt_helpers import START_WALL_S, Subscriber, alert, box, free_port, mosquitto, needs_mosquitto, until
from settled import settled
from small_disk import fill, small_disk

from edge.config.delivery import StoreConfig
from edge.messages import Blink
from edge.publish import Publisher
from edge.run_registry import started
from edge.store import Timeline, TimelineReader

pytestmark = needs_mosquitto


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


def blinks(timeline: Timeline, start_s: float, count: int = 600) -> None:
    for index in range(count):
        timeline.write(Blink(start_s + index, 1, start_s, start_s + 0.2, 200.0, 0.9, 4.0))


def test_alerts_go_out_while_the_disk_is_full_and_all_is_well_when_it_is_not(disk: Path) -> None:
    port = free_port()
    timeline = Timeline(disk / "timeline.db", started("s", START_WALL_S), StoreConfig(least_free_mb=10))
    out = Publisher(box(port), disk / "outbox.db", started("boot", START_WALL_S))
    out.start()
    with mosquitto(disk.parent, port), Subscriber(port) as heard:
        out.write(alert(0))
        until(lambda: heard.alert_ids() == ["alert-0000"])
        ballast = fill(disk)
        blinks(timeline, 1000.0, 5000)
        for number in range(1, 200):
            out.write(alert(number))
            timeline.write(alert(number))
        until(lambda: len(heard.alert_ids()) == 200)
        assert settled(timeline).dropped >= 500
        (lost,) = timeline.take_reports(1.0)
        assert (lost.source, lost.state) == ("timeline", "lost")
        assert "free space" in lost.detail
        ballast.unlink()
        out.write(alert(200))
        timeline.write(alert(200))
        (back,) = settled(timeline).take_reports(2.0)
        assert (back.state, back.t_s) == ("ok", 2.0)
        assert f"{timeline.dropped} records were lost" in back.detail
        until(lambda: len(heard.alert_ids()) == 201)
        until(lambda: out.health().outbox.rows == 0)
    out.write(alert(201))  # no broker: on the disk, which takes it again
    out.stop()
    timeline.close()
    kept = [record["id"] for record in TimelineReader(disk / "timeline.db").between("alert", 0, 2 * START_WALL_S)]
    assert kept == [f"alert-{number:04d}" for number in range(1, 201)]
    assert heard.alert_ids() == [f"alert-{number:04d}" for number in range(201)]
    again = Publisher(box(port), disk / "outbox.db", started("boot-2", START_WALL_S))
    again.start()
    assert again.health().outbox.rows == 1
    again.stop()
