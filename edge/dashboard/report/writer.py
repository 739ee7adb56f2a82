"""A report as a file: under its final name only when it is complete."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from edge.dashboard.report.html import render_report
from edge.dashboard.report.pdf import print_page
from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.tables import csv_text
from edge.error import EmvasError
from edge.i18n.labels import Labels

Form = Literal["html", "pdf", "csv"]
FORMS: tuple[Form, ...] = get_args(Form)
"""What a report may be as a file; the name is its ending as well."""


class UnwritableError(EmvasError):
    """A report cannot be written where it should be."""


def write(subject: ReportData, form: Form, target: Path, labels: Labels) -> None:
    """Write the report of `subject` to `target`.

    Raises:
        UnwritableError: the place cannot be written. PrintError: no browser prints the PDF.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from error
    keep(_content(subject, form, target.parent, labels), target)


def keep(content: bytes, target: Path) -> None:
    """Write a whole file, or nothing.

    Raises:
        UnwritableError: the place cannot be written.
    """
    temporary = target.with_name(f".{target.name}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        if target.parent.is_dir():
            temporary.unlink(missing_ok=True)


def _unwritable(target: Path, error: OSError) -> UnwritableError:
    return UnwritableError(f"{target}: {error.strerror}: choose a place that can be written")


def _content(subject: ReportData, form: Form, folder: Path, labels: Labels) -> bytes:
    if form == "csv":
        return csv_text(subject).encode("utf-8-sig")
    page = render_report(subject, labels)
    return print_page(page, folder) if form == "pdf" else page.encode("utf-8")
