"""What all pages share: the timeline, the purpose, the line to the box."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.delivery import HealthConfig
from edge.config.purpose import ALLOWANCES, Purpose
from edge.dashboard.box_link import BoxLink
from edge.dashboard.data.queries import TimelineQueries
from edge.i18n.labels import Labels


@dataclass(frozen=True, slots=True)
class DashboardContext:
    """One dashboard."""

    feed: TimelineQueries
    place: str
    """Which box it is of, as people call it."""
    quiet_s: float
    """Time without a record after which the page says that the box may not be running."""
    purpose: Purpose | None = None
    """None: only a timeline is known, which holds what its purpose allowed."""
    wire: BoxLink | None = None
    """None where there is no broker, or no configuration."""
    health: HealthConfig | None = None
    """Where the box serves its health; None where there is no configuration."""
    guarded: bool = False
    """Whether people have logged in, and so may log out."""
    prefix: str = ""
    """The path before every address of the page, behind a reverse proxy."""

    def records(self, kind: str) -> bool:
        """Whether the purpose lets messages of `kind` be recorded."""
        return self.purpose is None or kind in ALLOWANCES[self.purpose].kinds

    def withheld(self, labels: Labels, what: str) -> str:
        """The sentence for a part of a page that the purpose leaves empty."""
        purpose = labels(self.purpose.value) if self.purpose else ""
        return labels("not_for_purpose", what=labels(what), purpose=purpose)
