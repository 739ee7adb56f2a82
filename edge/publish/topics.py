"""The one table of topics: what the box publishes, where, how it is delivered and how long it is worth keeping."""

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
    """What happens to a payload while there is no broker."""

    LATEST = "latest"
    """The newest is kept in memory and sent, retained, at every connection."""
    EVERY = "every"
    """Each one is kept in the outbox until the broker has acknowledged it."""
    NONE = "none"
    """It is dropped: worthless when late."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table."""

    path: str
    """Template; `base`, `site`, `box` and `source` are filled in."""
    keeping: Keeping
    qos: Literal[0, 1]
    retained: bool
    expiry_s: int | None
    """MQTT 5: how long the broker keeps it for a subscriber that is away; None is for ever."""
    rank: int
    """What an outbox that is too full gives up first: the lowest rank."""
    payload: str
    """What it says, for people."""


TOPICS: Mapping[str, Topic] = {
    "status": Topic(
        "{base}/{site}/{box}/status", Keeping.LATEST, 1, True, None, 0,
        "`online`, `stopped`, or (the broker's word for a box that vanished) `offline`",
    ),
    "info": Topic(
        "{base}/{site}/{box}/info", Keeping.LATEST, 1, True, None, 0,
        "version, purpose, digest of the configuration, models and the providers that really run",
    ),
    "state": Topic(
        "{base}/{site}/{box}/{source}/state", Keeping.LATEST, 1, True, None, 0,
        "fatigue level, its causes and validity, since when, and which inputs work",
    ),
    "alert": Topic(
        "{base}/{site}/{box}/{source}/alert", Keeping.EVERY, 1, False, 24 * _HOUR_S, 2,
        "one step (`new`, `update`, `end`) in the life of one alert",
    ),
    "summary": Topic(
        "{base}/{site}/{box}/{source}/summary", Keeping.EVERY, 1, False, 24 * _HOUR_S, 1,
        "what happened in a period",
    ),
    "health": Topic(
        "{base}/{site}/{box}/health", Keeping.NONE, 0, False, 300, 0,
        "every 30 s: outbox, evictions, connections, and the runtime's own readings",
    ),
}  # fmt: skip


def path_of(name: str, base: str, box: BoxConfig) -> str:
    """The full topic of a row for this box."""
    return TOPICS[name].path.format(base=base, site=box.site, box=box.id, source=SOURCE)


@dataclass(frozen=True, slots=True)
class Address:
    """Who published, and on which row of the table."""

    site: str
    box: str
    name: str


def address_of(path: str, base: str) -> Address | None:
    """Read a topic back; None when it is none of ours."""
    if not path.startswith(f"{base}/"):
        return None
    levels = path.removeprefix(f"{base}/").split("/")
    name = levels[-1]
    if name not in TOPICS or len(levels) != TOPICS[name].path.count("/"):
        return None
    return Address(levels[0], levels[1], name)
