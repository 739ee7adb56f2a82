"""A night with Mr Rossi at the wheel and everything that can go wrong around him: the real box, broker and camera.

In each trouble the alert still arrives where his eyes can be seen; where they cannot, somebody is told within 10 s.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest
from box_process import stored
from chaos_night import DIARY, Night, night
from mqtt_helpers import needs_mosquitto, until
from raw_broker import PUBLISH, SUBSCRIBE, Packet, RawBroker
from small_disk import failing_card, fill, small_disk

pytestmark = [needs_mosquitto, pytest.mark.bundle]
needs_time = pytest.mark.skipif(not DIARY, reason="minutes of a real box: make proof-chaos")
CUTS_S = 40.0
"""An alert that is raised while a broker hangs up again and again: three cuts, and the waits between them."""


@needs_time
def test_a_camera_that_is_slow_frozen_covered_or_upside_down_is_told_and_a_sleeper_before_it_is_seen_again(
    tmp_path: Path, bundle_dir: Path
) -> None:
    with night(tmp_path, bundle_dir) as box_:
        box_.falls_asleep("nothing is wrong")
        box_.cannot_see("few", "too few pictures")
        box_.cannot_see("still", "stands still")
        box_.cannot_see("covered", "covered")
        box_.cannot_see("upside down", "upside down")
        box_.falls_asleep("after all of this")


@needs_time
def test_a_disk_that_is_full_costs_no_alert(tmp_path: Path, bundle_dir: Path) -> None:
    store = {"least_free_mb": 10}
    with small_disk(tmp_path / "state") as disk, night(tmp_path, bundle_dir, store=store) as box_:
        ballast, start_s = fill(disk), time.monotonic()
        box_.falls_asleep("the disk is full to the last byte")
        box_.told("the disk is full", lambda: box_.state()["troubles"].get("timeline"), start_s, 70)
        ballast.unlink()
        box_.falls_asleep("there is room again")
        until(lambda: box_.state()["inputs"].get("timeline", "ok") == "ok", 70)


@needs_time
def test_a_card_that_turns_read_only_in_the_middle_costs_no_alert_and_is_told_as_one_trouble(
    tmp_path: Path, bundle_dir: Path
) -> None:
    store = {"least_free_mb": 10}
    with failing_card(tmp_path / "state") as fail, night(tmp_path, bundle_dir, store=store) as box_:
        box_.falls_asleep("nothing is wrong")
        fail()
        start_s = time.monotonic()
        box_.told("the card turns read-only", lambda: box_.state()["troubles"].get("storage"), start_s)
        box_.falls_asleep("the card is read-only")
        assert set(box_.state()["troubles"]) & {"timeline", "outbox", "orders"} == set()


OPTIONAL = {
    "/config": (PUBLISH, "the announcement to Home Assistant"),
    "/request/+": (SUBSCRIBE, "the subscription to orders"),
    "homeassistant/status": (SUBSCRIBE, "the subscription to Home Assistant's start"),
    "/health": (PUBLISH, "health"),
    "/info": (PUBLISH, "info"),
    "/summary": (PUBLISH, "the summary"),
}


@needs_time
def test_a_broker_that_hangs_up_on_what_is_optional_gets_every_alert(tmp_path: Path, bundle_dir: Path) -> None:
    """One after another: from the first cut on he sleeps, and what it is about is found out meanwhile."""
    with (
        RawBroker(v5=False).running() as broker,
        night(tmp_path, bundle_dir, broker=broker, summary={"every_s": 10.0}) as box_,
    ):
        for end, (kind, what) in OPTIONAL.items():
            lines, before, start_s = len(box_.said), broker.connections, time.monotonic()
            broker.hangs_up = hangs_up(broker, kind, end)
            until(partial(cut_since, broker, before), 40)
            box_.falls_asleep(f"the broker hangs up on {what}", CUTS_S)
            box_.told(f"the broker hangs up on {what}", partial(named, box_, lines, end), start_s, 90)


def hangs_up(broker: RawBroker, kind: int, end: str) -> Callable[[Packet], bool]:
    """Whatever comes first now, and then all of one kind on one topic."""
    before = broker.connections
    return lambda heard: broker.connections == before or (heard.kind == kind and heard.topic.endswith(end))


def cut_since(broker: RawBroker, before: int) -> bool:
    return broker.connections > before


def named(box_: Night, lines: int, end: str) -> str | None:
    """What the box's log has said since of that topic."""
    found = re.search(rf"hangs up on .*{re.escape(end)}.*", box_.said[lines:])
    return found and f"in the log: the broker {found[0]}"


BROKEN_AROUND_HIM = """
import errno, os, pathlib, time, types
import edge.run_registry as clock
began_s = time.monotonic()
set_right = lambda: time.monotonic() - began_s > 4.0  # the clock is set while the models load
clock.SYSTEM = clock.Clocks(
    wall_s=lambda: time.time() if set_right() else 1_000_000.0 + time.monotonic(),
    state=lambda: "synced" if set_right() else "unsynced",
)

def fault(*_, **__):
    raise RuntimeError("a fault")

import edge.affect.monitor, edge.capture.microphone, edge.runtime.sinks
edge.affect.monitor.AffectMonitor.observe = fault
edge.runtime.sinks.LogSink.write = fault

class PortAudioError(Exception):
    pass

def cannot_start():
    raise PortAudioError("Unanticipated host error [PaErrorCode -9999]")

card = types.SimpleNamespace(_terminate=lambda: None, _initialize=cannot_start, PortAudioError=PortAudioError)
edge.capture.microphone.sounddevice = lambda: card

def refuse(self, *_):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

pathlib.Path.rename = refuse
"""


def test_a_sleeper_is_told_of_though_everything_around_him_is_broken_from_the_start(
    tmp_path: Path, bundle_dir: Path
) -> None:
    """Mood stage and a sink raise, PortAudio cannot start, the clock is set while models load, and timeline, outbox and
    orders are damaged on a card that has turned read-only.
    """
    state = tmp_path / "state"
    state.mkdir()
    for name in ("timeline.db", "outbox.db", "orders.db"):
        (state / name).write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    config = {"purpose": "research", "consent": "recorded", "microphone": {"device": "default"}}
    with night(tmp_path, bundle_dir, BROKEN_AROUND_HIM, **config) as box_:
        alert = box_.falls_asleep(
            "mood stage and a sink raise, no sound, the clock is set, damaged files on a dead card"
        )
        until(lambda: {"affect", "log", "microphone", "timeline", "outbox"} <= box_.state()["troubles"].keys())
        troubles = box_.state()["troubles"]
        assert "a fault" in troubles["affect"]
        assert "PortAudio" in troubles["microphone"]
        assert "cannot be moved aside" in troubles["outbox"]
        start = datetime.fromisoformat(alert["start"].replace("Z", "+00:00"))
        assert abs((datetime.now(timezone.utc) - start).total_seconds()) < 60.0, "an alert is never stamped wrong"


@needs_time
def test_gaps_in_the_speed_are_no_news_and_a_sleeper_at_speed_is_told_of(tmp_path: Path, bundle_dir: Path) -> None:
    with night(tmp_path, bundle_dir, drives=True) as box_:
        until(lambda: box_.state().get("inputs", {}).get("speed") == "ok", 20)
        box_.falls_asleep("gaps of 3 s in the speed")
        assert box_.alerts("source_lost") == []
    words = [word["state"] for word in stored(tmp_path, "source") if word["source"] == "speed"]
    assert words == ["ok"]
