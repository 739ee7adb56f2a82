"""A timeline whose thread has nothing left to do: what a test reads then is what there is."""

from __future__ import annotations

import time

from edge.store import Timeline


def settled(timeline: Timeline) -> Timeline:
    """Wait until its thread has written and kept house."""
    end_s = time.monotonic() + 20.0
    while timeline._writer.behind:
        assert time.monotonic() < end_s, "the timeline's thread is still at work after 20 s"
        time.sleep(0.001)
    return timeline
