"""The lock of a recipe, `default.lock.yaml` beside `default.yaml`: the gate's decision about each role."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from export.gate.decision import Decision
from export.recipe import Recipe
from export.role_build import BuildError

_HEAD = """\
# What the gate decided of each role of {recipe}, and the figures that it decided by. Written by
#   emvas bundle build {recipe} --out OUT --measure          # all roles, or those of --role
# A build without --measure makes what stands here, and measures only roles whose recipe has changed.
"""


class Lock(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    roles: dict[str, Decision] = Field(default_factory=dict)

    def decision(self, recipe: Recipe, role: str) -> Decision | None:
        """The decision about `role`; None without one, or if its part of the recipe has changed since."""
        found = self.roles.get(role)
        return found if found is not None and found.made_for == recipe.digest(role) else None

    def extended(self, other: Lock, without: Collection[str] = ()) -> Lock:
        """These decisions, replaced and completed by those of `other`; none about the roles in `without`."""
        entries = {**self.roles, **other.roles}
        return Lock(roles={role: entry for role, entry in entries.items() if role not in without})

    def beyond(self, base: Lock, roles: Collection[str]) -> Lock:
        """The decisions about `roles` that `base` does not hold in the same way."""
        found = {role: entry for role, entry in self.roles.items() if role in roles}
        return Lock(roles={role: entry for role, entry in found.items() if entry != base.roles.get(role)})


def lock_of(recipe: Path) -> Path:
    """The path of the lock of `recipe`."""
    return recipe.with_suffix(".lock.yaml")


def read_lock(recipe: Path) -> Lock:
    """The lock of `recipe`; empty if there is no file. Raises BuildError if the file cannot be used."""
    path = lock_of(recipe)
    try:
        return Lock.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError:
        return Lock()
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BuildError(f"{path} cannot be used: {error}; remove it, and the build measures and writes it") from error


def write_lock(lock: Lock, recipe: Path) -> Path:
    """Write the lock of `recipe` and return its path; raises BuildError if that is not possible."""
    path = lock_of(recipe)
    head = _HEAD.format(recipe=recipe.name)
    text = yaml.safe_dump(lock.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    unfinished = path.with_name(f".{path.name}")
    try:
        unfinished.write_text(head + text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise BuildError(f"{path} cannot be written: {error}; the bundle itself is finished") from error
    return path
