"""Putting right the times of messages that waited for the broker since before the clock was synchronized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.publish.builders import iso_utc

_TIMES = {"start": "start_mono_ms", "end": "end_mono_ms"}
"""Wall times of a stored payload, and the field with the same moment in ms since the program's start."""


def corrected(payload: Mapping[str, Any], start_wall_s: float | None) -> dict[str, Any]:
    """The payload with the wall times that follow from its monotonic ones.

    `start_wall_s` is the right Unix time of its run's `t_s` 0; None leaves all as it is. Doing it twice changes
    nothing, so a payload that was right already may come along.
    """
    if start_wall_s is None:
        return dict(payload)
    times = {
        name: iso_utc(start_wall_s + payload[mono] / 1000)
        for name, mono in _TIMES.items()
        if payload.get(mono) is not None
    }
    clock = "corrected" if payload.get("clock") == "unsynced" else payload.get("clock")
    return {**payload, **times, "clock": clock}
