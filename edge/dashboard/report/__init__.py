"""Reports: a recording or a stretch of a timeline as a page, a PDF, a CSV table or JSON."""

from pathlib import Path

STYLE = Path(__file__).parents[1] / "templates" / "style.css"
"""The looks that page and report share."""


def percent(share: float | None) -> str:
    """A share as a reader wants it, a dash when it is unknown."""
    return "–" if share is None else f"{100 * share:.0f} %"
