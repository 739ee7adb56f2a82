"""A clip that the real box plays, its broker and the page beside it: what happens is seen without loading anew."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import pytest
from box_process import box
from browser import Page, foreign
from dashboards import served
from mqtt_helpers import Subscriber, free_port, mosquitto, needs_mosquitto, until

pytestmark = [pytest.mark.bundle, pytest.mark.data, needs_mosquitto]

PATIENCE_S = 60.0
TURNS = 12
"""Three minutes of a driver: a busy machine has time to start everything."""
OPENNESS = "document.querySelector('.ev-card:has(.ev-chart) .ev-tile b')?.innerText ?? ''"
STRIP = "[...document.querySelectorAll('.ev-chart svg path')].map(path => path.getAttribute('d')).join()"
SAYS = {
    "en": ("normal", "Live: last record", "source lost", "microphone lost"),
    "zh": ("正常", "实时", "信号丢失", "麦克风丢失"),
}


def looped(clip: Path, target: Path) -> Path:
    """The pictures of `clip` again and again, packet by packet as they are."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as container:
        taken = source.streams.video[0]
        stream = container.add_stream_from_template(taken)
        every = Fraction(1, 30)
        packets = [bytes(packet) for packet in source.demux(taken) if packet.size]
        for number, data in enumerate(packets * TURNS):
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.stream, packet.time_base = stream, every
            packet.is_keyframe = number % len(packets) == 0
            container.mux(packet)
    return target


def tells(tab: Page, words: tuple[str, ...]) -> bool:
    found = tab.run("document.body.innerText")
    return all(word in found for word in words)


def moves(tab: Page, drawn: str) -> bool:
    return tab.run(STRIP) not in ("", drawn)


def test_a_clip_that_plays_is_seen_live_in_both_languages(
    bundle_dir: Path, data_dir: Path, tab: Page, shots: Path, tmp_path: Path
) -> None:
    clip = looped(data_dir / "clips" / "cab" / "cab_1.avi", tmp_path / "drive.mkv")
    port = free_port()
    config = {
        "camera": {"uri": f"file://{clip}"},
        "microphone": {"device": "no such microphone"},
        "speech": {"transcribe": False},
        "mqtt": {"host": "127.0.0.1", "port": port},
    }
    with mosquitto(tmp_path, port), Subscriber(port) as heard, box(tmp_path, bundle_dir, config):
        words = ("--config", str(tmp_path / "box.yaml"), "--state", str(tmp_path / "state"))
        with served(*words) as address:
            for language, expected in SAYS.items():
                tab.prefer("dark" if language == "zh" else "light")
                tab.open(f"{address}/{language}")
                until(lambda: bool(tab.run("document.querySelector('.ev-level') && (window.opened = 1)")), PATIENCE_S)
                until(lambda: str(tab.run(OPENNESS)).endswith("%"), PATIENCE_S)
                until(partial(tells, tab, expected), PATIENCE_S)
                until(partial(moves, tab, tab.run(STRIP)), PATIENCE_S)
                assert tab.run("window.opened") == 1, "it was not loaded anew"
                tab.picture(shots / f"live-clip-{language}.png")
            until(lambda: bool(heard.on("alert")), PATIENCE_S)
    assert foreign(tab.asked) == set()
    assert any(url.startswith("ws://127.0.0.1") for url in tab.asked)
    assert tab.errors == []
