"""The commands of a box: one request model each, for reading and for the JSON schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.alerts.condition import KINDS
from edge.config.constants import ALERTS
from edge.config.delivery import Op
from edge.error import EmvasError

LARGEST_BYTES = 4096
"""Longer requests are ignored."""
_NAME = r"^[ -~]{1,64}$"
"""The name of a command or an alert: printable ASCII, safe in logs and responses."""
_LONGEST_SENTENCE = 300


class RequestError(EmvasError):
    """A request that is not executed; the message names the field and its error."""


class CommandRequest(BaseModel):
    """The fields of every command; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    transaction: str | None = Field(
        None,
        pattern=_NAME,
        description="name of the command: a repeated name is answered again, not executed again",
    )


class ReportRequest(CommandRequest):
    """Report state, health and the summary of the period so far."""


class SelfTestRequest(CommandRequest):
    """Run every model on its golden inputs."""


class RestartSourceRequest(CommandRequest):
    """Close a source and open it again."""

    source: Literal["camera", "microphone"]


class SnoozeRequest(CommandRequest):
    """Silence one kind of alert below critical for a while."""

    kind: str = Field(description=f"one of {', '.join(kind for kind, row in KINDS.items() if row.snoozable)}")
    seconds: float = Field(
        gt=0, le=ALERTS["most_snooze_s"].high, description="at most alerts.most_snooze_s of the configuration"
    )


class AcknowledgeRequest(CommandRequest):
    """Stop the repeats of one open alert until it rises or ends."""

    id: str = Field(pattern=_NAME, description="the alert's")


class SensitivityRequest(CommandRequest):
    """Move one setting within the safe bounds of the configuration, until the next start."""

    setting: Literal[
        "fatigue.perclos_advisory",
        "fatigue.perclos_warning",
        "fatigue.perclos_180_warning",
        "affect.alerts_per_hour",
        "alerts.cooldown_s",
    ] = Field(description="section and key; no setting of a critical alert is among them")
    value: float


REQUESTS: Mapping[Op, type[CommandRequest]] = {
    "report": ReportRequest,
    "self_test": SelfTestRequest,
    "restart_source": RestartSourceRequest,
    "snooze": SnoozeRequest,
    "acknowledge": AcknowledgeRequest,
    "sensitivity": SensitivityRequest,
}
"""The table of commands."""


@dataclass(frozen=True, slots=True)
class Command:
    """A valid command."""

    op: Op
    request: CommandRequest


def read_request(op: str, payload: bytes) -> Command:
    """Read a command; an empty payload is a command without fields.

    Raises:
        RequestError: the command is unknown, or a field is wrong.
    """
    known = next((name for name in REQUESTS if name == op), None)
    if known is None:
        raise RequestError(f"op: there is none of this name; there are {', '.join(REQUESTS)}")
    try:
        return Command(known, REQUESTS[known].model_validate_json(payload or b"{}"))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestError(_printable("; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults))) from None


def transaction_of(payload: bytes) -> str | None:
    """The transaction of a request, even if other fields are wrong."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    name = content.get("transaction") if isinstance(content, dict) else None
    return name if isinstance(name, str) and re.fullmatch(_NAME, name) else None


def _fault(location: tuple[Any, ...], message: str) -> str:
    return f"{'.'.join(map(str, location)) or 'payload'}: {message}"


def _printable(sentence: str) -> str:
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in sentence)
    return shown if len(shown) <= _LONGEST_SENTENCE else f"{shown[:_LONGEST_SENTENCE]}..."
