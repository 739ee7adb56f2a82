"""A fault of the program in the thread that delivers: the box ends as failed, to be started anew, and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from box_process import box, stored
from empty_bundle import make_empty_bundle
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until

from edge.publish.outbox import Outbox

BREAK = """
import {module} as module
whole = module.{name}
def broken(*given):
    if {when}:
        raise RuntimeError("a fault of the program")
    return whole(*given)
module.{name} = broken
"""


@needs_mosquitto
@pytest.mark.parametrize(
    ("thread", "before"),
    [
        ("publisher", BREAK.format(module="edge.publish.sender", name="Sender.settle", when="given[0]._done")),
        ("mqtt-link", BREAK.format(module="edge.publish.client", name="Attempt.serve", when="True")),
    ],
)
def test_an_error_that_ends_the_delivery_ends_the_box_as_failed(tmp_path: Path, thread: str, before: str) -> None:
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port) as hears:
        config = {
            "camera": {"uri": "http://127.0.0.1:9/video"},
            "microphone": {"device": None},
            "mqtt": {"host": "127.0.0.1", "port": port},
        }
        with box(tmp_path, make_empty_bundle(tmp_path / "bundle"), config, before) as process:
            said, _ = process.communicate(timeout=60)
        if thread == "publisher":
            until(lambda: hears.on("status")[-1]["state"] == "failed", 30)
            assert "a fault of the program" in hears.on("status")[-1]["why"]
    assert process.returncode == 1, said
    assert "The box ends, to be started anew." in said
    ended = [source for source in stored(tmp_path, "source") if source["source"] == "box"]
    assert [(source["state"], source["detail"]) for source in ended] == [
        ("lost", f"the thread {thread} ended (RuntimeError: a fault of the program)")
    ]
    assert Outbox(tmp_path / "state" / "outbox.db").rows >= 2, "the alert that the camera is gone, and its end"
