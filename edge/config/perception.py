"""Sections `vision` and `speech`: what counts as a usable face, and how speech is cut."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.config.section import Section


class VisionConfig(Section):
    """Faces."""

    max_faces: int = Field(
        2,
        ge=1,
        le=32,
        description="faces followed at once; each costs a mesh and two iris runs; from 5 on a room. With 1 a passenger "
        "who leans in takes the driver's place; with 2 it is seen beside the driver and is not taken for one",
    )
    driver: Literal["largest", "left", "right"] = Field(
        "largest", description="purpose driver-safety: which of several faces is the driver's, as the picture shows it"
    )
    expression_every_n_frames: int = Field(
        6, ge=1, le=30, description="expression changes slower than lids; between runs the last one stands, 1 s at most"
    )


class SpeechConfig(Section):
    """Speech."""

    transcribe: bool = Field(
        True, description="false: no words are ever computed; nor are they where the purpose may not tell them"
    )
    languages: list[str] = Field(
        ["zh", "en"],
        min_length=1,
        description="whose words are recognized (ISO 639-1); of an utterance in another the language alone is told. "
        "Sentiment is read in zh and en only",
    )
    max_utterance_s: float = Field(20.0, ge=5.0, le=28.0, description="longer speech is cut at its quietest point")
