"""The system status: what is lost, since when and why, and whether the box as a whole works."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edge.i18n.texts import Sentence
from edge.messages import Source

OLDEST_S = 15.0
"""The deciding loop turns once a second; after this long without a turn it does not work. Longer than the 10 s that a
stage may take, so that the stage itself is named first."""
VITAL = ("vision", "fatigue", "alerts", "judgement")
"""Components without which the driver is not protected."""


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """The state of one component."""

    state: Literal["ok", "lost", "absent"]
    since_s: float
    """`t_s` at which this state began."""
    detail: str


@dataclass(frozen=True, slots=True)
class HealthVerdict:
    """Whether the box is healthy; if not, its supervisor restarts it, or it has not started yet."""

    healthy: bool
    reasons: tuple[str, ...]
    """What does not work, even while the box as a whole is healthy."""
    age_s: float | None
    """Since the last turn of the deciding loop; None before its first turn."""
    lost: tuple[str, ...] = ()
    """Names of the lost components."""


class SystemStatus:
    """Takes the reports about components in the order of the decisions; any thread may read it.

    Readers: `/healthz`, `/metrics`, `state`, the alerts, the trial of an update, systemd.
    """

    def __init__(self, awaited: str = "camera") -> None:
        """`awaited` is the source whose first item, or loss, makes the box ready."""
        self.losses = 0
        """How often a component was lost."""
        self._lock = threading.Lock()
        self._awaited = {awaited}
        self._parts: dict[str, ComponentStatus] = {}
        self._without: set[str] = set()
        self._turned_s: float | None = None
        self._stuck = ""

    def take(self, source: Source) -> bool:
        """Record a report; True if it changes something. Reports about absent components are ignored."""
        with self._lock:
            known = self._parts.get(source.source)
            if source.source in self._without or (
                known and (known.state, known.detail) == (source.state, source.detail)
            ):
                return False
            self._awaited.discard(source.source)
            changed = known is None or known.state != source.state
            since_s = source.t_s if known is None or changed else known.since_s
            self._parts[source.source] = ComponentStatus(source.state, since_s, source.detail)
            self.losses += changed and source.state == "lost"
            return True

    def do_without(self, source: Source) -> None:
        """Record a component that this run does not have, by its configuration or its bundle."""
        self.take(source)
        self._without.add(source.source)

    def worked(self, source: str) -> None:
        """Record that a frame or a piece of audio of this source was handled."""
        self._awaited.discard(source)

    def turned(self, now_s: float, stuck: str | None) -> None:
        """Record a turn of the deciding loop at `now_s` (monotonic), and the component that hangs or is broken."""
        with self._lock:
            self._turned_s, self._stuck = now_s, stuck or ""

    @property
    def parts(self) -> Mapping[str, ComponentStatus]:
        """The state of each component that was reported."""
        with self._lock:
            return dict(self._parts)

    @property
    def lost(self) -> Mapping[str, ComponentStatus]:
        """The lost components."""
        return {name: component for name, component in self.parts.items() if component.state == "lost"}

    @property
    def ready(self) -> bool:
        """Whether the first frame (without a camera: audio) was handled, or its source is lost."""
        return not self._awaited

    @property
    def sentence(self) -> str:
        """What does not work, in one line."""
        lost = "; ".join(_described(name, component) for name, component in self.lost.items())
        return self._stuck or lost or (Sentence("all_works") if self.ready else Sentence("awaiting_first_item"))

    def verdict(self, now_s: float) -> HealthVerdict:
        """At `now_s` (monotonic)."""
        parts, lost = self.parts, self.lost
        age_s = None if self._turned_s is None else now_s - self._turned_s
        blind = parts.get("vision")
        if self._stuck:
            unhealthy: list[str] = [self._stuck]
        elif age_s is None or not self.ready:
            unhealthy = [Sentence("starting_up")]
        elif age_s > OLDEST_S:
            unhealthy = [Sentence("no_progress", seconds=age_s)]
        elif blind and blind.state == "absent" and ("camera" not in parts or parts["camera"].state != "absent"):
            unhealthy = [_described("vision", blind)]
        else:
            unhealthy = [_described(name, lost[name]) for name in VITAL if name in lost]
        degraded = [
            sentence for name, component in lost.items() if (sentence := _described(name, component)) not in unhealthy
        ]
        return HealthVerdict(not unhealthy, (*unhealthy, *degraded), age_s, tuple(lost))


def _described(name: str, component: ComponentStatus) -> str:
    return Sentence("part_state", part=name, state=component.state, detail=component.detail)
