"""From a closure's 1.5 s mark to the tone and to a subscriber: `python -m benchmarks.speed.alert_latency --bundle DIR`.

The real box (`emvas run`, a process of its own) plays a drawn driver at 30 pictures a second who talks all the time, so
that speech recognition works beside the eyes, and whose lids stay down for 2.4 s again and again. A Mosquitto hands the
alerts to a subscriber here. Latency = arrival less the wall time of the closure's start as the box tells it less 1.5 s:
up to one picture's 33 ms of it are waiting for the next picture. Decoding counts as the camera's time, before the mark.
The tone's latency ends when its first sample is handed to the device, a virtual speaker, as the box's timeline has it.
"""

from __future__ import annotations

import json
import queue
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress

from benchmarks.endurance.box import Box, configuration
from benchmarks.endurance.broker import Mosquitto
from benchmarks.evidence import write_json
from benchmarks.speed.virtual_speaker import virtual_speaker
from demo.clip import FPS, cached_clip
from demo.drive import Clip
from demo.story import Event, Sentence, Story
from edge.bundle.bundle import Bundle
from edge.config.constants import FATIGUE
from edge.config.delivery import MqttConfig
from edge.error import EmvasError
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Received
from edge.store.reader import TimelineReader
from export.report.machine import machine

_MARK_S = FATIGUE["microsleep_s"].value
_FIRST_S, _EVERY_S, _SHUT_S = 26.0, 14.0, 2.4
_SPOKEN = (
    "Good morning everyone. What a beautiful day to drive.",
    "We will arrive at the school in twenty minutes.",
    "I am so tired today. I just want to sleep.",
)
_TALK_S = 5.0
_START_S = 60.0
_SETTINGS = {
    "fatigue": {"baseline_s": 20, "hold_s": 5},
    "alerts": {"cooldown_s": 10},
    "warning": {"speaker": "pulse"},
}
"""The shortest that the box permits, so that every closure is an alert of its own."""


def story(closures: int) -> Story:
    """A driver with so many closures; blinks between them."""
    starts = [_FIRST_S + number * _EVERY_S for number in range(closures)]
    length_s = starts[-1] + _EVERY_S
    shut = tuple(Event("closure", start_s, start_s + _SHUT_S) for start_s in starts)
    blinks = tuple(
        Event("blink", t_s, t_s + 0.09)
        for t_s in np.arange(1.0, length_s - 1, 3.7).round(2).tolist()
        if all(not start_s - 1 < t_s < start_s + _SHUT_S + 1 for start_s in starts)
    )
    talks = np.arange(1.5, length_s - _TALK_S, _TALK_S).tolist()
    words = tuple(Sentence(t_s, _SPOKEN[place % len(_SPOKEN)]) for place, t_s in enumerate(talks))
    return Story(length_s, (*shut, *blinks), words)


def heard_ms(link: MqttClient, stop_s: float, ended: Callable[[], bool]) -> list[float]:
    """Latencies of the microsleep alerts that come until the box ends or `stop_s` (monotonic)."""
    found: list[float] = []
    while time.monotonic() < stop_s and not ended():
        try:
            event = link.events.get(timeout=0.5)
        except queue.Empty:
            continue
        arrived_s = time.time()
        if not isinstance(event, Received) or not event.path.endswith("/alert"):
            continue
        step = json.loads(event.payload)
        if step["kind"] == "microsleep" and step["type"] == "new":
            start_s = datetime.fromisoformat(step["start"].replace("Z", "+00:00")).timestamp()
            found.append((arrived_s - start_s - _MARK_S) * 1e3)
    return found


def sounded_ms(timeline: Path) -> list[float]:
    """Latencies of the first samples of the calls that stand in a box's timeline."""
    reader = TimelineReader(timeline)
    starts = {told["id"]: told["start_s"] for told in _records(reader, "alert") if told["alert"] == "microsleep"}
    calls = [told for told in _records(reader, "warned") if told["signal"] == "critical" and told["type"] == "begin"]
    return [(told["t_s"] - starts[told["alert"]] - _MARK_S) * 1e3 for told in calls if told["alert"] in starts]


def _records(reader: TimelineReader, kind: str) -> list[dict[str, Any]]:
    return list(reader.between(kind, 0.0, time.time() + 1e6))


@dataclass(frozen=True, slots=True)
class Found:
    """What one run gave."""

    told_ms: list[float]
    """At the subscriber."""
    sounded_ms: list[float]
    """At the speaker."""
    peak_mb: float


def measure(bundle: Path, clip: Clip, length_s: float) -> Found:
    """Play the clip to a box; latencies in ms, and the most memory that it held in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Mosquitto(folder) as broker, virtual_speaker(folder) as speaker:
            link = MqttClient(MqttConfig(host="127.0.0.1", port=broker.port), client_id="", subscribe=["emvas/#"])
            link.start()
            config = configuration(clip.video.resolve().as_uri(), FPS, broker.port) | _SETTINGS
            try:
                with Box(config, bundle, folder, folder / "state", speaker) as box:
                    peak_mb = 0.0

                    def ended() -> bool:
                        nonlocal peak_mb
                        peak_mb = max(peak_mb, _peak_mb(box.pid))
                        return box.exit_code is not None

                    found = heard_ms(link, time.monotonic() + _START_S + length_s, ended)
                    box.stop()
                    sounded = sounded_ms(folder / "state" / "timeline.db")
                    if not found or not sounded:
                        raise EmvasError(f"no alert or no tone; the box says: {box.log.read_text()[-800:]}")
                    return Found(found, sounded, peak_mb)
            finally:
                link.stop()


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


@click.command()
@click.option("--bundle", default="build/bundle", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--closures", default=100, show_default=True, type=click.IntRange(1), help="alerts to wait for")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(bundle: Path, closures: int, out: Path | None) -> None:
    """Measure the way of an alert to the speaker and to a subscriber."""
    drive = story(closures)
    try:
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("drawing the driver", total=1.0)
            clip = cached_clip(
                drive, Bundle(bundle), Path("build/bench"), lambda share: bar.update(task, completed=share)
            )
        found = measure(bundle, clip, drive.length_s)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    middle, high = np.percentile(found.told_ms, (50, 95)).round(1).tolist()
    tone_middle, tone_high = np.percentile(found.sounded_ms, (50, 95)).round(1).tolist()
    report: dict[str, Any] = {
        "machine": machine(), "fps": FPS, "closures": closures, "alerts": len(found.told_ms), "median_ms": middle,
        "p95_ms": high, "worst_ms": round(max(found.told_ms), 1), "tones": len(found.sounded_ms),
        "tone_median_ms": tone_middle, "tone_p95_ms": tone_high, "tone_worst_ms": round(max(found.sounded_ms), 1),
        "peak_mb": round(found.peak_mb), "latencies_ms": [round(value, 1) for value in found.told_ms],
        "tone_latencies_ms": [round(value, 1) for value in found.sounded_ms],
    }  # fmt: skip
    click.echo(
        f"{len(found.told_ms)} of {closures} alerts; median {middle} ms, 95th percentile {high} ms at the subscriber; "
        f"{tone_middle} ms, {tone_high} ms at the speaker; peak {found.peak_mb:.0f} MB"
    )
    if out:
        write_json(out, report)


if __name__ == "__main__":
    main()
