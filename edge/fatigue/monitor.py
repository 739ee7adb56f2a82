"""The fatigue stage: the driver among the faces, and from faces to openness, events and levels of each person.

The driver is chosen by place (largest, left or right) and kept while other faces appear and disappear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from edge.config.decision import AttentionConfig, FatigueConfig
from edge.fatigue.attention import LOST_AWAY_S, AttentionPolicy, StraightAhead
from edge.fatigue.drowsiness import DrowsinessModel
from edge.fatigue.eyelid_spans import GAP_S
from edge.fatigue.person import REPORT_S, AttentionReporter, Person
from edge.messages import Attention, Box, Face, Fatigue, Level, Message, Reason

FORGET_S = 60.0
"""A person out of the frame for this long is forgotten: the last minute has no data of that person."""
Place = Literal["largest", "left", "right"]
SWITCH_S = 5.0
"""A face that fits the place clearly better for this long becomes the driver ..."""
SETTLED_S = 60.0
"""... or for as long as the current driver has been seen, up to this: a person who leans in leans back."""
CLEARLY_LARGER = 1.5
"""Times the area; for left and right the distance is the width of one face."""
RETURN_WIDTHS = 1.0
RETURN_SIZE = 1.5
"""A new face this near to the last place of the driver, and of a similar size, is the driver again or the next one."""
TAKEN_S = 2.0
"""A face at another place that was never seen beside the driver becomes the driver after this time."""
FREE_S = 30.0
"""After this time without a driver any face may be the next one; before, faces that were seen beside the driver may
not."""


class FatigueMonitor:
    """Keeps one `Person` for each track."""

    def __init__(
        self,
        config: FatigueConfig,
        drowsiness: DrowsinessModel | None = None,
        attention: AttentionConfig | None = None,
        ahead: StraightAhead | None = None,
    ) -> None:
        """Without a `drowsiness` model there is no estimate from blinks; `attention` None means its defaults.

        `ahead` is straight ahead as the last run with this camera learned it.
        """
        self._config, self._drowsiness = config, drowsiness
        self._attention = attention or AttentionConfig()
        self._people: dict[int, Person] = {}
        self._driving = True
        self.ahead = ahead or StraightAhead()
        """Straight ahead of this camera, from the person last seen."""
        self._nobody_report_s = -math.inf

    def step(self, face: Face) -> list[Message]:
        """Return `face` with its openness first, then the events it completes, then levels that are due.

        A level is reported once a second, and at once when it or its causes change. While the frame is empty, the
        people seen last are reported as unknown, or track None if there are none.
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
        """Set whether the vehicle drives: time at a stop is rest."""
        self._driving = driving
        for person in self._people.values():
            person.driving = driving

    def retune(self, config: FatigueConfig) -> None:
        """Use other thresholds of PERCLOS from now on; the baselines of the people stay."""
        self._config = config
        for person in self._people.values():
            person.retune(config)

    def finish(self, t_s: float) -> list[Message]:
        """End all current events."""
        return [message for person in self._people.values() for message in person.leave(t_s)]

    def _meet(self, track: int, t_s: float) -> list[Message]:
        """A new track number: of the person who was lost a moment ago, or of another person before the same camera."""
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


class DriverChoice:
    """Follows the driver of one camera; `place` is the largest face, or the leftmost or rightmost of the frame."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._track: int | None = None
        self._box: Box | None = None
        self._since_s = 0.0
        self._seen_s = 0.0
        self._rival: tuple[int, float] | None = None
        self._passengers: set[int] = set()

    def choose(self, faces: Sequence[Face]) -> Face:
        """The driver among the faces of one frame (at least one); without a driver, a `Face` without a track."""
        t_s = faces[0].t_s
        visible = [face for face in faces if face.track is not None and face.box is not None]
        driver = next((face for face in faces if face.track is not None and face.track == self._track), None)
        if driver is None or driver.box is None:
            driver = self._next(t_s, visible) or driver
        else:
            driver = self._challenged(t_s, driver, visible)
        if driver is None:
            return next((face for face in faces if face.track is None), Face(t_s))
        if driver.track != self._track:
            self._track, self._since_s, self._rival = driver.track, t_s, None
        if driver.box is not None:
            self._box, self._seen_s = driver.box, t_s
            self._passengers |= {face.track for face in visible if face.track is not None and face is not driver}
            self._passengers.discard(driver.track or 0)
        return driver

    def _next(self, t_s: float, visible: list[Face]) -> Face | None:
        """The next driver: at once near the last place of the driver, after `TAKEN_S` at any other place."""
        last = self._box
        if last is None or t_s - self._seen_s >= FREE_S:
            return max(visible, key=self._fits, default=None)
        strangers = [face for face in visible if face.track not in self._passengers]
        near = [face for face in strangers if face.box is not None and _could_be(face.box, last)]
        best = max(near or strangers, key=self._fits, default=None)
        if best is None or near:
            self._rival = None
            return best
        return best if self._lasts(t_s, best, TAKEN_S) else None

    def _challenged(self, t_s: float, driver: Face, visible: list[Face]) -> Face:
        best = max(visible, key=self._fits)
        if best is driver or not self._clearly(best, driver):
            self._rival = None
            return driver
        came_s = self._rival[1] if self._rival is not None and self._rival[0] == best.track else t_s
        patience_s = min(max(came_s - self._since_s, SWITCH_S), SETTLED_S)
        return best if self._lasts(t_s, best, patience_s) else driver

    def _lasts(self, t_s: float, rival: Face, for_s: float) -> bool:
        if rival.track is None:
            return False
        if self._rival is None or self._rival[0] != rival.track:
            self._rival = rival.track, t_s
        return t_s - self._rival[1] >= for_s

    def _fits(self, face: Face) -> float:
        x, _, width, height = face.box or (0.0, 0.0, 0.0, 0.0)
        return {"largest": width * height, "left": -(x + width / 2), "right": x + width / 2}[self._place]

    def _clearly(self, best: Face, driver: Face) -> bool:
        if self._place == "largest":
            return self._fits(best) >= CLEARLY_LARGER * self._fits(driver)
        width = driver.box[2] if driver.box else 0.0
        return self._fits(best) - self._fits(driver) >= width


def _could_be(found: Box, last: Box) -> bool:
    across = abs(found[0] + found[2] / 2 - last[0] - last[2] / 2)
    down = abs(found[1] + found[3] / 2 - last[1] - last[3] / 2)
    near = max(across, down) <= RETURN_WIDTHS * last[2]
    return near and max(found[2] / last[2], last[2] / found[2]) <= RETURN_SIZE
