"""Reports: a recording or a period of a timeline as a page, a PDF, a CSV table or JSON."""

from pathlib import Path

STYLE = Path(__file__).parents[1] / "templates" / "style.css"
"""The style that pages and reports share."""
