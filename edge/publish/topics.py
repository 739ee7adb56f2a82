"""The table of topics: what each carries, how it is delivered, and how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from edge.config.appliance import BoxConfig

SOURCE = "main"
"""Topic level of the box's one camera with its microphone; alerts and states belong to that pair."""

_HOUR_S = 3600


class Keeping(str, Enum):
    """What happens to a payload without a broker."""

    LATEST = "latest"
    """The newest is kept in memory and sent, retained, at every connection."""
    EVERY = "every"
    """Each is kept in the outbox until the broker has acknowledged it."""
    NONE = "none"
    """It is dropped: it has no value when late."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table."""

    path: str
    """Template; `base`, `site`, `box`, `source` and `op` are filled in."""
    keeping: Keeping
    qos: Literal[0, 1]
    retained: bool
    expiry_s: int | None
    """MQTT 5: how long the broker keeps it for a subscriber that is away; None: without limit."""
    rank: int
    """A full outbox evicts the lowest rank first."""
    payload: str
    """What it carries, for people."""


TOPICS: Mapping[str, Topic] = {
    "status": Topic(
        "{base}/{site}/{box}/status", Keeping.LATEST, 1, True, None, 0,
        "`online`, `stopped`, `failed` with why; the broker publishes `offline` for a box that vanished",
    ),
    "info": Topic(
        "{base}/{site}/{box}/info", Keeping.LATEST, 1, True, None, 0,
        "version, purpose, digest of the configuration, models and the providers that really run",
    ),
    "state": Topic(
        "{base}/{site}/{box}/{source}/state", Keeping.LATEST, 1, True, None, 0,
        "fatigue level, its causes and validity, since when, why it is unknown, and which inputs work",
    ),
    "alert": Topic(
        "{base}/{site}/{box}/{source}/alert", Keeping.EVERY, 1, False, 24 * _HOUR_S, 2,
        "one step (`new`, `update`, `end`) in the life of one alert",
    ),
    "summary": Topic(
        "{base}/{site}/{box}/{source}/summary", Keeping.EVERY, 1, False, 24 * _HOUR_S, 1,
        "counts and shares of a period",
    ),
    "group": Topic(
        "{base}/{site}/{box}/{source}/group", Keeping.NONE, 0, False, 300, 0,
        "aggregates of five or more faces in a window, for purposes about groups",
    ),
    "health": Topic(
        "{base}/{site}/{box}/health", Keeping.NONE, 0, False, 300, 0,
        "every 30 s: outbox, evictions, connections, and the runtime's figures",
    ),
    "request": Topic(
        "{base}/{site}/{box}/request/{op}", Keeping.NONE, 1, False, 60, 0,
        "a command to the box, from a user that the broker's ACL permits",
    ),
    "response": Topic(
        "{base}/{site}/{box}/response/{op}", Keeping.NONE, 1, False, 60, 0,
        "the response of the box: `ok` with data, or `error` with the reason",
    ),
}  # fmt: skip
_NO_SOURCE = frozenset({"request", "response"})
ANY = "+"
"""Instead of an op, in a subscription: all of them."""


def path_of(name: str, base: str, box: BoxConfig, op: str = ANY) -> str:
    """The full topic of a row for this box."""
    return TOPICS[name].path.format(base=base, site=box.site, box=box.id, source=SOURCE, op=op)


@dataclass(frozen=True, slots=True)
class Address:
    """The box that publishes or receives, and the topic."""

    site: str
    box: str
    name: str
    op: str | None = None
    """Of requests and responses."""


def address_of(path: str, base: str) -> Address | None:
    """Read a path back; None if it is not a topic of the table."""
    for name, topic in TOPICS.items():
        fields = _fields(topic.path.split("/"), path.split("/"))
        if fields is not None and fields["base"] == base and fields.get("source") not in _NO_SOURCE:
            return Address(fields["site"], fields["box"], name, fields.get("op"))
    return None


def _fields(template: list[str], levels: list[str]) -> dict[str, str] | None:
    """The values of a template's fields in a path; None if the path does not match."""
    if len(template) != len(levels):
        return None
    fields = {}
    for part, level in zip(template, levels, strict=True):
        if part.startswith("{"):
            fields[part[1:-1]] = level
        elif part != level:
            return None
    return fields
