"""Models of the Hugging Face hub in a recipe: fetched at a revision, hashed, and pinned by the first fetch.

What a package index does not carry cannot be hashed before somebody fetched it. The first fetch compares each large
file with the SHA-256 that the hub itself states, and writes revision and hashes into `NAME.pins.yaml` beside the
recipe. Every later fetch, from whatever source, must give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundle.bundle import sha256_of
from export.exporters.whisper_outlook import outlook
from export.recipe import HubModel, Recipe
from export.role_build import BuildError

Progress = Callable[[str], None]
Outlook = Callable[[Path, int | None], list[str]]
"""The folder with the small files, and the bytes still to be fetched: what to tell before; BuildError to stop."""

_SMALL = 16 << 20
"""Bytes: configuration and tokenizer are fetched before anything is told, weights after it."""


class Pins(BaseModel):
    """What the first fetch of a model brought."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: str
    files: dict[str, str] = Field(description="SHA-256 by file")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file as the hub describes it; `sha256` is None for small files, of which it states none."""

    size: int
    sha256: str | None


@dataclass(slots=True)
class HubFetcher:
    """Brings the models of one recipe into folders."""

    recipe: Path
    cache: Path
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Where the user keeps a model himself, by its name in the recipe."""

    def fetch(self, name: str, model: HubModel, progress: Progress, outlook: Outlook) -> Path:
        """The folder with the files of `model`; `outlook` speaks before any weights are fetched.

        Raises:
            BuildError: a file is missing, or is not the one that was pinned or that the hub describes.
        """
        pins = self._read().get(name)
        if name in self.folders:
            folder = self.folders[name]
            _print_lines(outlook(folder, None), progress)
        else:
            folder = self._download(name, model, pins, progress, outlook)
        found = {file: _hash(folder / file, name) for file in model.files}
        if pins is None:
            revision = folder.name if name not in self.folders else model.revision
            self._write(name, Pins(revision=revision, files=found))
            progress(f"pinned {name} in {self.path}")
        elif wrong := [file for file in model.files if found[file] != pins.files.get(file)]:
            raise BuildError(
                f"{folder / wrong[0]} is not the file that {self.path} pins: its SHA-256 is {found[wrong[0]]}; "
                "remove the model's entry there only if you trust the new file"
            )
        return folder

    @property
    def path(self) -> Path:
        """Where the pins of the recipe lie."""
        return self.recipe.with_suffix(".pins.yaml")

    def _download(self, name: str, model: HubModel, pins: Pins | None, progress: Progress, outlook: Outlook) -> Path:
        try:
            commit, files = describe(model.repository, pins.revision if pins else model.revision)
        except Exception as error:  # the library raises those of its transport as well
            raise BuildError(
                f"https://huggingface.co/{model.repository} cannot be reached: {error}; fetch {', '.join(model.files)} "
                f"of it elsewhere and name their folder: --source {name}=FOLDER"
            ) from error
        if missing := [file for file in model.files if file not in files]:
            raise BuildError(f"{model.repository} at {commit} has no {', '.join(missing)}")
        folder = self.cache / "hub" / model.repository.replace("/", "--") / commit
        left = []
        for file in model.files:
            if files[file].size <= _SMALL:
                bring(model.repository, file, commit, folder)
            elif not (folder / file).is_file():
                left.append(file)
        _print_lines(outlook(folder, sum(files[file].size for file in left)), progress)
        for file in left:
            progress(f"fetching {file} of {model.repository}, {files[file].size / 1e6:.0f} MB")
            bring(model.repository, file, commit, folder)
        for file in model.files:
            stated = files[file].sha256
            if stated is not None and _hash(folder / file, name) != stated:
                raise BuildError(f"{folder / file} is not what the hub describes: its SHA-256 is not {stated}")
        return folder

    def _read(self) -> dict[str, Pins]:
        try:
            content = yaml.safe_load(self.path.read_text(encoding="utf-8")) or {}
            return {name: Pins.model_validate(entry) for name, entry in content.items()}
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, AttributeError) as error:
            raise BuildError(f"{self.path} cannot be used: {error}") from error

    def _write(self, name: str, pins: Pins) -> None:
        known = {**self._read(), name: pins}
        content = {key: entry.model_dump(mode="json") for key, entry in known.items()}
        head = f"# What the first fetch of {self.recipe.name} brought; every later one must bring the same.\n"
        try:
            self.path.write_text(head + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        except OSError as error:
            raise BuildError(f"{self.path} cannot be written, so nothing would be pinned: {error}") from error


def describe(repository: str, revision: str) -> tuple[str, dict[str, RemoteFile]]:
    """The commit behind a revision, and its files."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    files = {
        one.rfilename: RemoteFile(one.size or 0, one.lfs.sha256 if one.lfs else None) for one in info.siblings or ()
    }
    return str(info.sha), files


def bring(repository: str, file: str, commit: str, folder: Path) -> None:
    """Fetch one file into `folder`; one that is there stays."""
    from huggingface_hub import hf_hub_download

    hf_hub_download(repository, file, revision=commit, local_dir=folder)


def _print_lines(lines: list[str], progress: Progress) -> None:
    for line in lines:
        progress(line)


def _hash(path: Path, name: str) -> str:
    if not path.is_file():
        raise BuildError(f"{path} is missing: the recipe wants it for {name}")
    return sha256_of(path)


def with_models(recipe: Recipe, roles: Collection[str], fetcher: HubFetcher, progress: Progress) -> Recipe:
    """`recipe` with the folder of each model that `roles` are made of, fetched where it is missing."""
    wanted = {recipe.roles[role].model for role in roles}
    made: dict[str, dict[str, Any]] = {}
    for name, model in recipe.models.items():
        if name in wanted:
            folder = fetcher.fetch(name, model, progress, outlook)
            made[name] = {"folder": folder, "licence": model.licence, "training_data": model.training_data}
    return recipe.model_copy(update={"made": made})
