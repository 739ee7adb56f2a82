"""The timeline of this box: written by the box, read by the dashboard."""

from edge.store.reader import TimelineReader
from edge.store.timeline import Timeline

__all__ = ["Timeline", "TimelineReader"]
