"""The log of the box: journal with fields, colours in a terminal, or plain lines; without secrets."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from logging_journald import Facility, JournaldLogHandler, check_journal_stream
from rich.console import Console
from rich.logging import RichHandler

from edge.redact import redacted, without_secrets

IDENTIFIER = "emvas"
_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_OURS = "edge"


class Redaction(logging.Filter):
    """Removes secrets from the message, traceback and fields of a record before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; every record passes."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        record.msg, record.args, record.exc_info, record.exc_text = redacted(message), (), None, None
        for name in set(vars(record)) - _USUAL:
            setattr(record, name, without_secrets(getattr(record, name), name))
        return True


_USUAL = frozenset(vars(logging.makeLogRecord({})))
"""Attributes of every record; others come from `extra` and become fields of the journal."""


def to_journal() -> bool:
    """Whether this process was started by systemd with its errors going to the journal (systemd.exec(5))."""
    return bool(check_journal_stream())


def set_up(console: Console) -> None:
    """Set the log of this process up; called once, by a long-running command."""
    if to_journal():
        handler: logging.Handler = JournaldLogHandler(IDENTIFIER, Facility.DAEMON, use_message_id=False)
    elif console.is_terminal:
        handler = RichHandler(console=console, show_path=False)
    else:
        handler = logging.StreamHandler(console.file)
    bare = to_journal() or console.is_terminal
    handler.setFormatter(logging.Formatter("%(message)s" if bare else _LINE))
    handler.addFilter(Redaction())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    if not console.is_terminal:
        logging.getLogger(_OURS).setLevel(logging.INFO)


def fields(**values: Any) -> dict[str, Any]:
    """The `extra` of a log call: in the journal each becomes a field `EXTRA_<NAME>`."""
    return {f"emvas_{name}": value for name, value in values.items()}
