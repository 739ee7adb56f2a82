"""Writes a bundle: runs the builders of a recipe, stores what they made, and proves it before it is put in place."""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Manifest, Role, write_manifest
from edge.bundle.selftest import GraphCheck, check_variant
from edge.bundle.session import Provider
from export.gate.decision import Decision, decision_of, tools
from export.recipe import Recipe
from export.recipe_lock import Lock
from export.role_build import Archives, BuildError, RoleBuild, RoleBuilder
from export.role_manifest import RoleWriter
from export.roles import builder
from export.tensorrt.free_axes import free_axes

Progress = Callable[[str], None]
"""Called with a short description of the current step."""


@dataclass(frozen=True, slots=True)
class Built:
    """A finished bundle."""

    folder: Path
    checks: list[GraphCheck]
    seconds: Mapping[str, float]
    """Time for each role."""
    lock: Lock
    """The gate's decision about each role, of this build or an earlier one."""


def build_bundle(
    recipe: Recipe,
    archives: Archives,
    out: Path,
    progress: Progress,
    only: Collection[str] = (),
    lock: Lock = Lock(),  # noqa: B008 - frozen
) -> Built:
    """Build the roles of `recipe` into `out`, which is replaced only by a bundle that passed its self-test.

    With `only`, the other roles are taken over from the bundle that is in `out`. Roles without a decision in `lock` are
    measured. A recipe for one provider keeps only the variants that the provider runs.

    Raises:
        BuildError: a role cannot be built, or the finished bundle fails its own self-test.
    """
    kept = _kept_roles(out, [name for name in recipe.roles if only and name not in only])
    seconds: dict[str, float] = {}
    decisions = dict(lock.roles)
    with _staged(out) as stage:
        work = stage.with_name("work")
        roles = {}
        for name in recipe.roles:
            if name in kept:
                roles[name] = _take_over(kept[name], out, stage)
                continue
            decision = lock.decision(recipe, name)
            progress(f"building {name}" + (" and measuring its variants" if decision is None else ""))
            start = time.monotonic()
            options = recipe.options(name) | ({"variants": decision} if decision is not None else {})
            made = builder(name, recipe.roles[name].model is not None)
            roles[name] = _build_role(name, made, options, archives, work / name, stage, progress, decision)
            decisions[name] = decision or decision_of(roles[name], recipe.digest(name))
            if recipe.provider is not None:
                roles[name] = _kept_for(roles[name], recipe.provider, stage)
            seconds[name] = time.monotonic() - start
        manifest = Manifest(name=recipe.name, version=recipe.version, built_with=_built_with(), roles=roles)
        write_manifest(manifest, stage)
        progress("self-test")
        checks = _prove(stage, list(roles))
        _put_in_place(stage, out)
    return Built(out, checks, seconds, Lock(roles=decisions))


def add_role(bundle: Path, out: Path, name: str, built: RoleBuild, progress: Progress) -> list[GraphCheck]:
    """Write `out`: a copy of `bundle` in which the role `name` is `built`, new or replaced.

    `out` may be `bundle`. `out` holds the whole old bundle or the whole new one, which passed its self-test; never a
    part.

    Raises:
        BuildError: the copy fails its self-test, or cannot be put in place.
        BundleError: `bundle` cannot be trusted.
    """
    old = Bundle(bundle).manifest
    with _staged(out) as stage:
        progress(f"copying {bundle}")
        roles = {other: _take_over(role, bundle, stage) for other, role in old.roles.items() if other != name}
        progress(f"writing {name}")
        roles[name] = RoleWriter(name, built, stage).write()
        manifest = old.model_copy(update={"roles": roles, "built_with": {**old.built_with, **_built_with()}})
        write_manifest(manifest, stage)
        progress("self-test")
        checks = _prove(stage, [name])
        _put_in_place(stage, out)
    return checks


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """An empty temporary folder beside `out`; errors of the disk become a BuildError."""
    refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staging:
            stage = Path(staging) / "bundle"
            stage.mkdir()
            yield stage
    except OSError as error:
        raise BuildError(f"{out} cannot be written: {error}; nothing was changed") from error


def refuse_foreign(out: Path) -> None:
    """Raises BuildError if `out` exists and is not a bundle."""
    if out.exists() and (not out.is_dir() or (not (out / "bundle.yaml").is_file() and any(out.iterdir()))):
        raise BuildError(f"{out} is not empty and no bundle: nothing is overwritten; choose another folder")


def _build_role(
    name: str,
    build: RoleBuilder,
    options: Mapping[str, Any],
    archives: Archives,
    work: Path,
    stage: Path,
    progress: Progress,
    decision: Decision | None,
) -> Role:
    work.mkdir(parents=True)
    built = build(archives, work, options, progress)
    built = replace(built, axes=built.axes or free_axes(name, built.variants["fp32"].graphs))
    return RoleWriter(name, built, stage, decision).write()


def _kept_for(role: Role, provider: Provider, stage: Path) -> Role:
    """The role with the one variant that `provider` runs; the files of the others are removed."""
    chosen = role.default.get(provider, role.default["cpu"])
    for name, variant in role.variants.items():
        for graph in variant.graphs.values() if name != chosen else ():
            (stage / graph.file).unlink()
    variants = {chosen: role.variants[chosen]}
    return role.model_copy(update={"variants": variants, "default": dict.fromkeys(role.default, chosen)})


def _kept_roles(out: Path, names: Sequence[str]) -> dict[str, Role]:
    """These roles of the bundle in `out`; raises BuildError if one is not there, before anything is measured."""
    if not names:
        return {}
    bundle = Bundle(out)
    if missing := [name for name in names if not bundle.has(name)]:
        too = " ".join(f"--role {name}" for name in missing)
        raise BuildError(
            f"{out} has no role {', '.join(missing)}, which would be taken over from there: add {too}, or build all"
        )
    return {name: bundle.role(name) for name in names}


def _take_over(role: Role, out: Path, stage: Path) -> Role:
    for stored in role.files():
        target = stage / stored.file
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(out / stored.file, target)
    return role


def _built_with() -> dict[str, str]:
    return {"emvas-edge": importlib.metadata.version("emvas-edge"), **tools()}


def _prove(stage: Path, roles: Sequence[str]) -> list[GraphCheck]:
    """Verify every file, and run every variant of `roles` on its golden inputs."""
    bundle = Bundle(stage)
    checks = [
        check
        for role in roles
        for variant in bundle.role(role).variants
        for check in check_variant(bundle, role, variant)
    ]
    for check in checks:
        if not check.passed:
            raise BuildError(
                f"the new bundle fails its self-test: {check.role} {check.graph} {check.variant} has error "
                f"{check.error:.1e}, allowed {check.tolerance:.1e}; nothing was written"
            )
    return checks


def _put_in_place(stage: Path, out: Path) -> None:
    """Swap by renaming, so that `out` is either the old bundle or the new one."""
    retired = stage.with_name("retired")
    if out.exists():
        out.rename(retired)
    try:
        stage.rename(out)
    except OSError as error:
        if retired.exists():
            retired.rename(out)
        raise BuildError(f"the finished bundle cannot be put into {out}: {error}") from error
