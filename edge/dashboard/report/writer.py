"""Writes a report as a file: HTML, CSV, or a PDF that Chromium prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal, get_args

from edge.dashboard.report.html import render_report
from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.tables import csv_text
from edge.error import EmvasError
from edge.i18n.texts import Labels

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FONT_PACKAGE = "fonts-noto-cjk"
"""Debian's and Ubuntu's package of a font for Chinese, Japanese and Korean."""
Form = Literal["html", "pdf", "csv"]
FORMS: tuple[Form, ...] = get_args(Form)
"""File formats of a report; the name is also the file extension."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
"""Browsers that print without a window; the first one found is used."""
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=10000",
)
"""No window, no network, no page header; with time for drawing the charts."""
_PATIENCE_S = 120.0


class PrintError(EmvasError):
    """A page cannot be printed here; the message says why and what to do."""


def print_page(page: str, folder: Path) -> bytes:
    """The PDF of `page`.

    Args:
        page: HTML that needs no other file.
        folder: A writable working folder; a Chromium from a snap can read few others.

    Raises:
        PrintError: there is no browser or no Chinese font, or printing fails.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise PrintError(
            "a PDF needs Chromium or Chrome on this machine (apt install chromium); or make the page with --html and "
            "print it in any browser: it is laid out for A4"
        )
    if CHINESE.search(page) and not _prints_chinese():
        raise PrintError(
            f"the report has Chinese text and this machine has no font for it: apt install {FONT_PACKAGE}; or make the "
            "page with --html and print it where there is one"
        )
    folder = folder.absolute()
    with tempfile.TemporaryDirectory(dir=folder, prefix="emvas-print-") as name:
        page_file, pdf_file = Path(name) / "page.html", Path(name) / "page.pdf"
        page_file.write_text(page, encoding="utf-8")
        command = [browser, *_FLAGS, f"--user-data-dir={name}/profile", f"--print-to-pdf={pdf_file}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses root otherwise; our page loads nothing
        output: list[str] = []
        try:
            done = subprocess.run(
                [*command, page_file.as_uri()],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_PATIENCE_S,
                check=False,
            )
            output = done.stderr.decode(errors="replace").strip().splitlines()
            return pdf_file.read_bytes()
        except subprocess.TimeoutExpired as error:
            raise PrintError(
                f"{browser} does not print within {_PATIENCE_S:.0f} s; make the page with --html"
            ) from error
        except OSError as error:
            raise PrintError(
                f"{browser} does not print ({output[-1] if output else error}); make the page with --html"
            ) from error


def _prints_chinese() -> bool:
    """Whether fontconfig knows a Chinese font; True without fontconfig."""
    lister = shutil.which("fc-list")
    if lister is None:
        return True
    found = subprocess.run([lister, ":lang=zh", "family"], capture_output=True, timeout=_PATIENCE_S, check=False)
    return found.returncode != 0 or bool(found.stdout.strip())


class UnwritableError(EmvasError):
    """A report cannot be written to its target."""


def write_report(data: ReportData, form: Form, target: Path, labels: Labels) -> None:
    """Write the report of `data` to `target`.

    Raises:
        UnwritableError: the target cannot be written. PrintError: no browser prints the PDF.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from error
    write_whole(_content(data, form, target.parent, labels), target)


def write_whole(content: bytes, target: Path) -> None:
    """Write a file under its final name when it is complete.

    Raises:
        UnwritableError: the target cannot be written.
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


def _content(data: ReportData, form: Form, folder: Path, labels: Labels) -> bytes:
    if form == "csv":
        return csv_text(data).encode("utf-8-sig")
    page = render_report(data, labels)
    return print_page(page, folder) if form == "pdf" else page.encode("utf-8")
