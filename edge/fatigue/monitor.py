"""The fatigue stage: faces in; faces with openness, events of the lids, mouth and head, and levels out."""

from __future__ import annotations

import math

from edge.config.decision import AttentionConfig, FatigueConfig
from edge.fatigue.attention import LOST_AWAY_S, AttentionPolicy, StraightAhead
from edge.fatigue.drowsiness import DrowsinessModel
from edge.fatigue.lids import GAP_S
from edge.fatigue.person import REPORT_S, AttentionReporter, Person
from edge.messages import Attention, Face, Fatigue, Level, Message, Reason

FORGET_S = 60.0
"""A person out of the picture for this long is forgotten: the last minute holds nothing of him any more."""


class FatigueMonitor:
    """Keeps one `Person` for each track."""

    def __init__(
        self,
        config: FatigueConfig,
        drowsiness: DrowsinessModel | None = None,
        attention: AttentionConfig | None = None,
        ahead: StraightAhead | None = None,
    ) -> None:
        """Without a `drowsiness` model nothing is estimated from blinks; `attention` None means its defaults.

        `ahead` is straight ahead as this camera's last run had learned it.
        """
        self._config, self._drowsiness = config, drowsiness
        self._attention = attention or AttentionConfig()
        self._people: dict[int, Person] = {}
        self._driving = True
        self.ahead = ahead or StraightAhead()
        """Straight ahead of this camera, as the person last seen has it."""
        self._nobody_report_s = -math.inf

    def step(self, face: Face) -> list[Message]:
        """Return `face` with its openness first, then the events it completes, then levels that are due.

        A level is reported once a second and at once when it, or what causes it, changes. While nobody is in the
        picture the people seen last are reported as unknown, and track None where there are none.
        """
        messages: list[Message] = []
        if face.track is None:
            messages.append(face)
        else:
            if face.track not in self._people:
                messages += self._meet(face.track, face.t_s)
            person = self._people[face.track]
            messages += person.observe(face)
            self.ahead = person.looks.ahead if person.looks is not None else self.ahead
        for person in list(self._people.values()):
            messages += self._miss(person, face)
        if not self._people:
            messages += self._nobody(face)
        return messages

    def drive(self, driving: bool) -> None:
        """The vehicle drives from now on, or stands: what is seen at a stop is rest."""
        self._driving = driving
        for person in self._people.values():
            person.driving = driving

    def retune(self, config: FatigueConfig) -> None:
        """Judge by other thresholds of PERCLOS from now on; what was learned of the people stays."""
        self._config = config
        for person in self._people.values():
            person.retune(config)

    def finish(self, t_s: float) -> list[Message]:
        """End everything that goes on."""
        return [message for person in self._people.values() for message in person.leave(t_s)]

    def _meet(self, track: int, t_s: float) -> list[Message]:
        """A new number: of the one person who was lost a moment ago, or of somebody else before the same camera."""
        messages = [message for person in self._people.values() for message in person.succeed(t_s)]
        looks = None
        if self._attention.enabled:
            recent = [person for person in self._people.values() if t_s - person.visible_s <= LOST_AWAY_S]
            alone = all(person.visible_s < t_s for person in recent)
            before = recent[0].looks if alone and len(recent) == 1 else None
            if before is not None:
                messages += before.end(t_s)
                recent[0].looks = None
            known = self.ahead if alone else None
            looks = AttentionReporter(track, t_s, before.policy if before else AttentionPolicy(self._attention, known))
        person = Person(track, self._config, t_s, self._drowsiness, looks)
        person.driving = self._driving
        self._people[track] = person
        return messages

    def _miss(self, person: Person, face: Face) -> list[Message]:
        away_s = face.t_s - person.seen_s
        if away_s <= GAP_S:
            return []
        if away_s > FORGET_S:
            del self._people[person.track]
            return person.leave(face.t_s)
        return person.miss(face.t_s, quiet=face.track is not None)

    def _nobody(self, face: Face) -> list[Message]:
        t_s, reason = face.t_s, face.reason or Reason.NO_FACE
        if t_s < self._nobody_report_s + REPORT_S:
            return []
        self._nobody_report_s = t_s
        unseen = Fatigue(t_s, None, Level.NONE, None, None, 0.0, unknown=reason.value, judged_s=0.0)
        nothing: list[Message] = [unseen]
        return [*nothing, Attention(t_s, None, Level.NONE, ("unknown",))] if self._attention.enabled else nothing
