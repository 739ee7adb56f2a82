"""A box without perception that raises alerts: `python -m benchmarks.delivery.alert_raiser PORT FOLDER ALERTS_HZ`.

Its alerts and telemetry are made up; gate, outbox, timeline and publisher are those of `emvas run`, in its order. It
writes one line, `id step`, after an alert has passed them all. With 0 alerts a second it sends what waits and ends.
"""

from __future__ import annotations

import itertools
import random
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from edge.config import Config
from edge.messages import Alert, AlertType, Blink, Fatigue, Level, Message, Summary
from edge.publish.publisher import Publisher
from edge.run_registry import RunClock
from edge.runtime.sinks import Outlet
from edge.store.timeline import Timeline

OUTBOX, TIMELINE = "outbox.db", "timeline.db"
_STEPS: tuple[AlertType, ...] = ("new", "update", "update", "end")
_STALLED_S = 60.0
"""Messages of the past leave at a limited rate, so a long outbox may take long; this long without one is too long."""


def configuration(port: int) -> Config:
    """A driver's box on a broker of this machine."""
    section = {"host": "127.0.0.1", "port": port}
    return Config.model_validate(
        {"purpose": "driver-safety", "box": {"site": "bench", "id": "killed"}, "mqtt": section}
    )


def steps(session: str, clock: RunClock) -> Iterator[Message]:
    """One alert after the other from new to end, with telemetry and summaries between."""
    for number in itertools.count():
        start_s = clock.now_s()
        for step, type_ in enumerate(_STEPS):
            t_s = clock.now_s()
            yield Fatigue(t_s, 1, Level.WARNING, 0.2, 0.15, 1.0)
            yield Blink(t_s, 1, t_s - 0.2, t_s, 200.0, 0.9, 4.0)
            name = f"{session}/{number}"
            yield Alert(t_s, name, type_, "microsleep", Level.CRITICAL, start_s, t_s - start_s, {"step": step})
        yield Summary(clock.now_s(), start_s, clock.now_s(), {}, None, 0.2, {"microsleep": 1}, 1.0)


def main(port: int, folder: Path, alerts_hz: float) -> None:
    """Run until killed."""
    config, session = configuration(port), f"killed-{secrets.token_hex(4)}"
    clock = RunClock(session)
    publisher = Publisher(config, folder / OUTBOX, clock.start)
    publisher.start()
    if not alerts_hz:
        _drain(publisher)
        return
    timeline = Timeline(folder / TIMELINE, clock.start, config.store)
    outlet = Outlet([publisher, timeline], config.allowance)
    for message in steps(session, clock):
        outlet.write([message])
        if isinstance(message, Alert):
            print(message.id, message.evidence["step"], flush=True)
            time.sleep(random.expovariate(alerts_hz))


def _drain(publisher: Publisher) -> None:
    rows, end_s = publisher.health().outbox.rows, time.monotonic() + _STALLED_S
    while rows and time.monotonic() < end_s:
        time.sleep(0.1)
        left = publisher.health().outbox.rows
        if left < rows:
            rows, end_s = left, time.monotonic() + _STALLED_S
    publisher.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
