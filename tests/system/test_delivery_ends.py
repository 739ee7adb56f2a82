"""A fault of the program in the thread that delivers: the box ends as failed, to be started anew, and loses nothing."""

from __future__ import annotations

from pathlib import Path

from box_process import box, stored
from empty_bundle import make_empty_bundle
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until

from edge.publish.outbox.outbox import Outbox

BREAK = """
from edge.publish.outbox.sender import Sender
settle = Sender.settle
def broken(self, at_once=False):
    if self._done:
        raise RuntimeError("a fault of the program")
    settle(self, at_once)
Sender.settle = broken
"""


@needs_mosquitto
def test_an_error_that_ends_the_delivery_ends_the_box_as_failed(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port), Subscriber(port) as hears:
        config = {
            "camera": {"uri": "http://127.0.0.1:9/video"},
            "microphone": {"device": None},
            "mqtt": {"host": "127.0.0.1", "port": port},
        }
        with box(tmp_path, make_empty_bundle(tmp_path / "bundle"), config, BREAK) as process:
            said, _ = process.communicate(timeout=60)
        until(lambda: any(status["state"] == "failed" for status in hears.on("status")), 30)
        assert "a fault of the program" in hears.on("status")[-1]["why"]
    assert process.returncode == 1, said
    assert "The box ends so that it is restarted." in said
    ended = [source for source in stored(tmp_path, "source") if source["source"] == "box"]
    assert [(source["state"], source["detail"]) for source in ended] == [
        ("lost", "the thread publisher ended (RuntimeError: a fault of the program)")
    ]
    assert Outbox(tmp_path / "state" / "outbox.db").rows >= 2, "the alert that the camera is gone, and its end"
