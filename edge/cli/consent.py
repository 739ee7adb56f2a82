"""The consent that research needs: asked once for a folder of reports, and recorded in it."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import datetime
from pathlib import Path

import click

from edge.config import Config
from edge.config.decision import AttentionConfig
from edge.config.purpose import Purpose

CONSENT_FILE = "consent.json"
SENTENCE = "Everybody who is seen or heard in these recordings has agreed in writing to this analysis."


def research_config() -> Config:
    """What `analyze` does without a configuration: everything but looks at a road, which a recording has none of."""
    return Config(purpose=Purpose.RESEARCH, consent="recorded", attention=AttentionConfig(enabled=False))


def record_consent(folder: Path, given: bool) -> None:
    """Have it said that everybody has agreed, and write down who said so and when; asked once for a folder.

    `given`: it was said on the command line already.

    Raises:
        click.UsageError: nobody is there to be asked. click.Abort: the answer is no.
    """
    record = folder / CONSENT_FILE
    if record.is_file():
        return
    if not given:
        if not sys.stdin.isatty():
            raise click.UsageError(
                f'nobody can be asked here: give --consent to say "{SENTENCE}", or --config YAML of another purpose'
            )
        click.confirm(f"{SENTENCE} Is that so?", abort=True, err=True)
    told = {
        "statement": SENTENCE,
        "said_by": getpass.getuser(),
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    record.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
