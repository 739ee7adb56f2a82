"""The page about the attacks."""

from __future__ import annotations

from typing import Any

from benchmarks.evidence import markdown_table


def page(report: dict[str, Any]) -> str:
    """Markdown of `attacks.json`."""
    rows = [(row["what"], "yes" if row["held"] else "**no**", row["found"].replace("|", "/")) for row in report["rows"]]
    where = "in a network namespace with the loopback alone" if report["alone"] else "with this machine's network"
    return "\n".join(
        [
            "# Attacks that were tried\n",
            f"Made by `make proof-attacks`, {where}; Python {report['machine']['python']}. Each attack of the first "
            "part is a group of tests, which fail where the attack succeeds; a command under strace was looked at for "
            f"{report['seconds']:.0f} s or to its end.\n",
            markdown_table(("attack", "held", "found"), rows),
            "What each command may write is `benchmarks/security/watched_commands.py`; whom it may speak to is what "
            "its configuration names. [Security](../security.md) says who may do what, and what was not tried.\n",
        ]
    )
