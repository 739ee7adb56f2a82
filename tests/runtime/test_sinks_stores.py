"""Outbox and timeline around one run: how its end is told, whatever ended it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mqtt_helpers import START_WALL_S, Subscriber, alert, box, until

from demo.broker import LocalBroker
from edge.capture import CaptureError
from edge.run_registry import session_name, started
from edge.runtime.sinks import Stores
from edge.store.reader import TimelineReader


def last_words(folder: Path, error: Exception | None = None, failure: str | None = None) -> dict[str, Any]:
    """The status that stands at the broker after a run that ended so."""
    with LocalBroker() as broker, Subscriber(broker.port) as heard:
        try:
            with Stores(box(broker.port), folder, started("run", START_WALL_S)) as stores:
                until(lambda: bool(heard.on("status")), 30)
                for sink in stores.sinks:
                    sink.write(alert(1))
                stores.failure = failure
                if error is not None:
                    raise error
        except CaptureError:
            pass
        until(
            lambda: heard.on("status")[-1]["state"] not in ("online", "offline"), 30
        )  # a cut connection is no last word
        assert heard.alert_ids() == ["alert-0001"]
        return heard.on("status")[-1]


def test_a_stop_that_was_asked_for_is_clean(tmp_path: Path) -> None:
    said = last_words(tmp_path)
    assert (said["state"], said["why"]) == ("stopped", None)


def test_a_run_that_hangs_is_no_clean_stop(tmp_path: Path) -> None:
    said = last_words(tmp_path, failure="vision hangs for 10 s")
    assert (said["state"], said["why"]) == ("failed", "vision hangs for 10 s")


def test_a_crash_says_what_it_was_without_a_secret_and_loses_nothing(tmp_path: Path) -> None:
    said = last_words(tmp_path, CaptureError("rtsp://bus:geheim@cab/1:\n no such stream"))
    assert (said["state"], said["why"]) == ("failed", "CaptureError: rtsp://***@cab/1: no such stream")
    (kept,) = TimelineReader(tmp_path / "timeline.db").between("alert", 0, 2 * START_WALL_S)
    assert kept["id"] == "alert-0001"


def test_two_runs_never_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.run_registry.time.time", lambda: 0.0)
    assert session_name("bus-1") != session_name("bus-1")
