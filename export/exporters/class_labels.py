"""Maps the class names of a foreign classifier to the labels of the box."""

from __future__ import annotations

from collections.abc import Sequence

from edge.messages import EXPRESSIONS
from export.role_build import BuildError

LEFT_OUT = "-"
"""In a list of labels: the box knows nothing like this class, its probability goes to the others in proportion."""
_SYNONYMS = {
    "neutral": ("natural", "calm", "normal"),
    "happy": ("happiness", "joy", "smile"),
    "sad": ("sadness",),
    "angry": ("anger",),
    "fear": ("fearful", "afraid", "scared"),
    "disgust": ("disgusted",),
    "surprise": ("surprised",),
}
"""How data sets name the expressions of the box (FER2013, FER+, RAF-DB, AffectNet, CK+)."""
_NAMES = {name: label for label, others in _SYNONYMS.items() for name in (label, *others)}


def class_names(given: str | None, classes: Sequence[str]) -> list[str]:
    """The names of the classes in their order: those of `--labels`, else those that the checkpoint has.

    Raises:
        BuildError: another number of labels than classes.
    """
    if given is None:
        return list(classes)
    names = [name.strip() for name in given.split(",")]
    if len(names) != len(classes):
        raise BuildError(f"--labels names {len(names)} classes, the net has {len(classes)}: one name a class, in order")
    return names


def expressions_of(names: Sequence[str]) -> list[str]:
    """The box's expression for each class, `LEFT_OUT` for a class that says so.

    Raises:
        BuildError: a name that is no expression of the box, or none left.
    """
    found = [name if name == LEFT_OUT else _NAMES.get(name.lower(), "") for name in names]
    if strange := [name for name, label in zip(names, found, strict=True) if not label]:
        raise BuildError(
            f"the box knows no expression {', '.join(strange)}; it knows {', '.join(EXPRESSIONS)}. Say what each of "
            f"the {len(names)} classes is, in their order, {LEFT_OUT} for one that the box shall leave out: --labels "
            f"{','.join((*EXPRESSIONS, LEFT_OUT)[: len(names)])}"
        )
    if len(set(found) - {LEFT_OUT}) < 2:
        raise BuildError("--labels leaves fewer than two expressions: nothing can be told apart")
    return found
