"""Section `commands`: which orders the box takes over MQTT."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from edge.config.section import Section

Op = Literal["report", "self_test", "restart_source", "snooze", "acknowledge", "sensitivity"]
OPS: tuple[Op, ...] = get_args(Op)
HARMLESS: tuple[Op, ...] = ("report", "self_test", "restart_source")
"""What cannot silence an alert; the others can, and are taken only where a configuration names them."""


class CommandsConfig(Section):
    """Orders over MQTT; who may give them is the broker's ACL."""

    allow: tuple[Op, ...] = Field(
        HARMLESS,
        description="snooze, acknowledge and sensitivity can silence an alert: only with an ACL at the broker",
    )
