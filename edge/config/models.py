"""Section `models`: the bundle and how it runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.config.section import Section


class ModelsConfig(Section):
    """The bundle and how it runs."""

    bundle: str | None = Field(
        None,
        description="folder of the bundle; `--bundle` on the command line wins; null: the one that the package carries",
    )
    provider: Literal["cpu", "cuda", "tensorrt"] = Field(
        "cpu", description="the box refuses to start when this one does not run; it never falls back silently"
    )
    threads: int = Field(1, ge=1, le=16, description="threads of each model's session")
    signed_by: str | None = Field(
        None, description="file of an Ed25519 public key (PEM): only a bundle that its owner signed is taken"
    )
