"""`emvas config rollback`: the configuration before this one again."""

from __future__ import annotations

from edge.cli.places import CONFIG_STORE
from edge.cli.rollback import rollback_command

rollback = rollback_command("config", "configuration", CONFIG_STORE)
