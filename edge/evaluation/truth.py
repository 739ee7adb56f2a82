"""The labels of recordings: persons, times of closed eyes, yawns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.error import EmvasError

Interval = tuple[float, float, float]
"""Start and end in seconds of the recording, and the annotator's certainty, 0..1."""


class TruthError(EmvasError):
    """The truth file cannot be used; the message names the place and the reason."""


class ClipTruth(BaseModel):
    """The truth about one recording. A missing list is empty, except `away`: looks are then not scored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    path: str
    """Relative to the folder of recordings."""
    person: str
    """Code of the person; 95 % intervals resample people."""
    condition: str = ""
    closed: list[Interval] = []
    """Eyelids closed."""
    looking_down: list[Interval] = []
    """Eyelids lowered over an eye that looks down."""
    unknown: list[Interval] = []
    """Not decidable, so not scored."""
    yawns: list[Interval] = []
    away: list[Interval] | None = None
    """Looks away from the road; None: not noted."""

    @model_validator(mode="after")
    def _forward(self) -> ClipTruth:
        for name in ("closed", "looking_down", "unknown", "yawns", "away"):
            if wrong := [item for item in getattr(self, name) or [] if item[1] <= item[0]]:
                raise ValueError(f"`{name}` has an interval that ends before it begins: {list(wrong[0])}")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")

    clips: dict[str, ClipTruth] = Field(min_length=1)
    stretched: list[tuple[str, float]] = []


@dataclass(frozen=True, slots=True)
class Truth:
    """A folder of recordings with their truth."""

    folder: Path
    clips: dict[str, ClipTruth]
    stretched: dict[str, list[float]] = field(default_factory=dict)
    """By clip: moments with closed eyelids, each held for a stretched closure."""

    def path(self, name: str) -> Path:
        """The file of a clip."""
        return self.folder / self.clips[name].path


def load_truth(path: Path, folder: Path) -> Truth:
    """Read the truth about the recordings in `folder`.

    Raises:
        TruthError: it cannot be read, has a value that is not allowed, or names a recording that is missing.
    """
    try:
        found = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f"{path}: cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise TruthError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise TruthError(f"{path}: {where}: {fault['msg']}") from error
    if strange := sorted({name for name, _ in found.stretched} - set(found.clips)):
        raise TruthError(f"{path}: `stretched` names {strange[0]}, which is none of the clips")
    held: dict[str, list[float]] = {}
    for name, t_s in found.stretched:
        held.setdefault(name, []).append(t_s)
    truth = Truth(folder, found.clips, held)
    if missing := [name for name in truth.clips if not truth.path(name).is_file()]:
        raise TruthError(f"{truth.path(missing[0])}: clip {missing[0]} of {path} is not in the folder")
    return truth
