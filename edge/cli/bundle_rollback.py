"""`emvas bundle rollback`: the bundle before this one again."""

from __future__ import annotations

from edge.cli.places import MODELS_STORE
from edge.cli.rollback import rollback_command

rollback = rollback_command("bundle", "bundle", MODELS_STORE)
