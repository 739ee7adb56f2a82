"""A message as plain JSON data: one line of a JSONL file, a row of the timeline, the body of an MQTT payload."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from edge.i18n.texts import CODE_SUFFIX, Sentence, read_sentence
from edge.messages import Level, Message

_DIGITS = 4
"""Decimals kept in records: 0.1 ms and 0.0001 of any ratio, below what any sensor here resolves."""


def to_record(message: Message) -> dict[str, Any]:
    """Return the message as plain JSON data: `kind` and `t_s` first, levels and reasons by name, floats rounded.

    A sentence of the box stands as its English text, and its code and parameters in a field beside it.
    """
    values = {item.name.rstrip("_"): getattr(message, item.name) for item in dataclasses.fields(message)}
    return {"kind": message.kind, **_object(values)}


def with_sentences(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with each text that has a code beside it as a `Sentence`; the way back from `to_record`."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, str):
            found[name] = read_sentence(value, record.get(name + CODE_SUFFIX))
        elif not (name.endswith(CODE_SUFFIX) and name.removesuffix(CODE_SUFFIX) in record):
            found[name] = with_sentences(value) if isinstance(value, Mapping) else value
    return found


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
    return _object(value) if isinstance(value, Mapping) else value


def _object(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found[name] = _plain(value)
        if isinstance(value, Sentence):
            found[f"{name}{CODE_SUFFIX}"] = _plain(value.as_data)
    return found
