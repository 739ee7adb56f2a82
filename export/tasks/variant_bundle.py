"""A variant's sessions with the interface of a bundle, so that the box's own code runs on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Role, VariantName
from edge.bundle.session import Session


class VariantBundle(Bundle):
    """Returns the given sessions of one role; reads no folder."""

    def __init__(self, sessions: Mapping[str, Session], labels: Sequence[str] = ()) -> None:
        """`sessions` by graph; `labels` are the role's."""
        self._sessions = sessions
        self._labels = list(labels)

    def has(self, name: str) -> bool:
        """No other role: the variant is judged alone."""
        del name
        return False

    def session(self, role: str, graph: str = "model", variant: VariantName | None = None) -> Session:
        """The session of `graph`."""
        del role, variant
        return self._sessions[graph]

    def role(self, name: str) -> Role:
        """The description of the role: its labels."""
        return Role.model_construct(description=name, labels=self._labels)
