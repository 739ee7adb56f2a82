"""A message as plain JSON data: one line of a JSONL file, a row of the timeline, the body of an MQTT payload."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from edge.messages import Level, Message

_DIGITS = 4
"""Decimals kept in records: 0.1 ms and 0.0001 of any ratio, below what any sensor here resolves."""


def to_record(message: Message) -> dict[str, Any]:
    """Return the message as plain JSON data: `kind` and `t_s` first, levels and reasons as words, floats rounded."""
    record: dict[str, Any] = {"kind": message.kind}
    for item in dataclasses.fields(message):
        record[item.name.rstrip("_")] = _plain(getattr(message, item.name))
    return record


def _plain(value: Any) -> Any:
    if isinstance(value, Level):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (float, np.floating)):
        return round(float(value), _DIGITS)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        value = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value
