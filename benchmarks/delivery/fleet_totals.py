"""A small backend: it receives the messages of a fleet through the client library and adds up the summaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from edge.client.subscriber import BoxMessage, Gap, Item
from edge.publish.payloads import AlertPayload, StatusPayload, SummaryPayload


@dataclass(slots=True)
class Site:
    """What the summaries of one site's boxes say together."""

    judged_s: float = 0.0
    perclos_s: float = 0.0
    """Seconds with the lids down: each summary's PERCLOS times the time in which it could be judged."""
    alerts: Counter[str] = field(default_factory=Counter)

    @property
    def perclos(self) -> float | None:
        """Of all judged time of all boxes; None before any."""
        return self.perclos_s / self.judged_s if self.judged_s else None


class Fleet:
    """Totals by site, and which boxes are there; `take` each item of a `Subscriber`."""

    def __init__(self) -> None:
        self.sites: dict[str, Site] = {}
        self.online: set[tuple[str, str]] = set()
        self.alerts, self.summaries, self.missing = 0, 0, 0

    def take(self, item: Item) -> None:
        """One item, in the order in which the subscriber hands them out: once each, so that sums are right."""
        if isinstance(item, Gap):
            self.missing += item.last - item.first + 1
        if not isinstance(item, BoxMessage):
            return
        box, body = (item.address.site, item.address.box), item.body
        if isinstance(body, StatusPayload):
            (self.online.add if body.state == "online" else self.online.discard)(box)
        elif isinstance(body, AlertPayload):
            self.alerts += 1
            if body.type == "new":
                self.sites.setdefault(box[0], Site()).alerts[body.kind] += 1
        elif isinstance(body, SummaryPayload):
            self.summaries += 1
            site, judged_s = (
                self.sites.setdefault(box[0], Site()),
                (body.end_mono_ms - body.start_mono_ms) / 1000 * body.valid_ratio,
            )
            if body.perclos is not None:
                site.judged_s += judged_s
                site.perclos_s += body.perclos * judged_s
