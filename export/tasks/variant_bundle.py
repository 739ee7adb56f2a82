"""A variant's sessions in a bundle's place, so that the box's own code can be judged on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Role, VariantName
from edge.bundle.session import Session


class VariantBundle(Bundle):
    """Hands out the given sessions of one role; nothing is read from a folder."""

    def __init__(self, sessions: Mapping[str, Session], labels: Sequence[str] = ()) -> None:
        """`sessions` by graph; `labels` are the role's."""
        self._sessions = sessions
        self._labels = list(labels)

    def has(self, name: str) -> bool:
        """No other role: what is judged is judged alone."""
        del name
        return False

    def session(self, role: str, graph: str = "model", variant: VariantName | None = None) -> Session:
        """The session of `graph`."""
        del role, variant
        return self._sessions[graph]

    def role(self, name: str) -> Role:
        """What is known of the role: its labels."""
        return Role.model_construct(description=name, labels=self._labels)
