"""Messages from records: of a JSONL file with its own times, of a timeline in Unix seconds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, get_args

from pydantic import TypeAdapter, ValidationError

from edge.error import EmvasError
from edge.i18n.texts import Sentence
from edge.messages import Alert, Level, Message, Source
from edge.messages.serialize import with_sentences

_TYPES: dict[str, type[Message]] = {type_.kind: type_ for type_ in get_args(Message)}
_ADAPTERS: dict[str, TypeAdapter[Message]] = {kind: TypeAdapter(type_) for kind, type_ in _TYPES.items()}
_TIMES = ("t_s", "start_s", "end_s")
"""The fields that are points in time; durations have other names."""
_WITH_SENTENCES = (Source.kind, Alert.kind)

KINDS = tuple(_TYPES)
"""Every kind that a timeline or a JSONL file may hold."""


class RecordError(EmvasError):
    """A record does not match its schema; the message says why."""


def to_message(record: Mapping[str, Any]) -> Message | None:
    """The message of a record; None for an unknown kind (later versions may add some).

    Raises:
        RecordError: the kind or a field is missing, or a field has a wrong value.
    """
    kind = record.get("kind")
    if not isinstance(kind, str):
        raise RecordError("it has no `kind`")
    if kind not in _TYPES:
        return None
    names = {field.name.rstrip("_"): field.name for field in dataclasses.fields(_TYPES[kind])}
    if kind in _WITH_SENTENCES:
        record = with_sentences(record)
    values = {names[key]: value for key, value in record.items() if key in names}
    if "level" in values:
        values["level"] = Level.__members__.get(str(values["level"]).upper())
    sentences: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, Sentence)}
    try:
        message = _ADAPTERS[kind].validate_python(values)  # makes plain strings of sentences
        return dataclasses.replace(message, **sentences) if sentences else message
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part).rstrip("_") for part in fault["loc"])
        raise RecordError(f"`{kind}.{field}`: {fault['msg']}") from error


def to_wall_clock_message(record: Mapping[str, Any]) -> Message | None:
    """The message of a timeline's record, with times in Unix seconds.

    All times of a run move by the same offset: messages of one utterance, which share a start, still share it.

    Raises:
        RecordError: as `to_message`, or there is no `begun_s`.
    """
    try:
        return to_message({**record, **{name: record[name] + record["begun_s"] for name in _TIMES if name in record}})
    except (KeyError, TypeError):
        raise RecordError("it has no `begun_s`, or a time that is none") from None


def read_jsonl(path: Path) -> list[Message]:
    """The messages of a replayed recording, in file order.

    Raises:
        RecordError: the file cannot be read, or a line is damaged; the message starts with `file:line`.
    """
    messages = []
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    message = _parsed(line)
                except RecordError as error:
                    raise RecordError(f"{path}:{number}: {error}; replay the recording again") from error
                if message is not None:
                    messages.append(message)
    except FileNotFoundError:
        raise RecordError(f"{path}: there is no such file; `emvas replay` makes one of a recording") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
    return messages


def _parsed(line: str) -> Message | None:
    try:
        record = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"not a JSON object: {error}") from error
    if not isinstance(record, dict):
        raise RecordError("not a JSON object")
    return to_message(record)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
