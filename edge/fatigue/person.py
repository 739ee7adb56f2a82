"""One person in the frame: fatigue and attention, from faces to messages."""

from __future__ import annotations

import dataclasses
import math
from collections import deque

from edge.config.decision import FatigueConfig
from edge.fatigue.attention import AttentionPolicy, AttentionState, StraightAhead
from edge.fatigue.closures import ClosureTracker, ClosureUpdate
from edge.fatigue.drowsiness import BlinkHistory, DrowsinessModel, Estimate
from edge.fatigue.eye_baseline import EyePair
from edge.fatigue.eyelid_spans import LidClosure, LidCurve, Lids, closure_message
from edge.fatigue.gestures import HeadFall, Nods, Yawns
from edge.fatigue.policy import LONG_S, SHORT_S, FatigueEvidence, FatiguePolicy, FatigueState, Perclos
from edge.messages import Attention, Blink, Face, Fatigue, Level, Message, Nod, Reason, Yawn

REPORT_S = 1.0
"""Time between reports of attention and of fatigue while their state does not change."""
UNCLEAR_S = 1.0
"""Contour, irises and eye net may disagree about the lids for this long, as in a blink; then the lids are unknown."""
JUDGED_S = 5.0
"""Eyes that could not be judged for this long are unknown. Our value: the longest time of a blink, a glance over the
shoulder or a hand at the face."""


class AttentionReporter:
    """Gives one person's faces to the attention policy; reports once a second, and at once when something changes."""

    def __init__(self, track: int, t_s: float, policy: AttentionPolicy) -> None:
        """`policy` is a new one, or that of the same person under the previous track number."""
        self.policy = policy
        self._track = track
        self._reported = AttentionState()
        self._report_s = t_s

    @property
    def ahead(self) -> StraightAhead:
        """Straight ahead of this person, as far as it is learned."""
        return self.policy.ahead

    def follow(self, face: Face, closed: bool, lowered: bool, driving: bool) -> list[Message]:
        """Add one frame; `closed` and `lowered` describe the lids: shut, or down with the gaze."""
        if face.yaw_deg is None or face.pitch_deg is None or closed:
            return self.miss(face.t_s, driving, quiet=False)
        if not driving:
            return self._report(face.t_s, self.policy.rest(), quiet=False)
        gaze = None
        if face.gaze_yaw_deg is not None and face.gaze_pitch_deg is not None:
            gaze = face.gaze_yaw_deg, face.gaze_pitch_deg
        state = self.policy.step(face.t_s, (face.yaw_deg, face.pitch_deg), gaze, lowered)
        return self._report(face.t_s, state, quiet=False)

    def miss(self, t_s: float, driving: bool, quiet: bool) -> list[Message]:
        """Let time pass without a pose; `quiet` reports only what changes."""
        return self._report(t_s, self.policy.miss(t_s) if driving else self.policy.rest(), quiet)

    def end(self, t_s: float) -> list[Message]:
        """End what is raised."""
        if self._reported.level is Level.NONE:
            return []
        self._reported = AttentionState()
        return [Attention(t_s, self._track, **dataclasses.asdict(self._reported))]

    def _report(self, t_s: float, state: AttentionState, quiet: bool) -> list[Message]:
        due = t_s >= self._report_s
        if due:
            self._report_s += REPORT_S * (math.floor((t_s - self._report_s) / REPORT_S) + 1)
        if _reported_at_once(state) == _reported_at_once(self._reported) and (quiet or not due):
            return []
        self._reported = state
        return [Attention(t_s, self._track, **dataclasses.asdict(state))]


def _reported_at_once(state: AttentionState) -> tuple[Level, tuple[str, ...], bool]:
    """What is reported at once; turns of the head are, while an alert level is raised."""
    return state.level, state.causes, state.away and state.level is not Level.NONE


class Person:
    """One track: its baselines, its measures, its level."""

    def __init__(
        self,
        track: int,
        config: FatigueConfig,
        t_s: float,
        drowsiness: DrowsinessModel | None,
        looks: AttentionReporter | None,
    ) -> None:
        """`looks` None: attention is not followed."""
        self.track = track
        self.driving = True
        """Whether the vehicle drives: rest at a stop counts for neither PERCLOS nor attention."""
        self.seen_s = t_s
        """When this person was last followed, seen or not."""
        self.visible_s = t_s
        """When this person was last in the frame."""
        self._config = config
        self._eyes = EyePair(config.baseline_s)
        self._lids = Lids(config.closed_below, config.open_above)
        self._curve = LidCurve()
        self._closures = ClosureTracker(config.sleep_s, config.unresponsive_s, config.closed_below)
        self._head = HeadFall()
        self._perclos = Perclos(t_s, config.least_valid_ratio)
        self._judged_reported_s = 0.0
        self._yawns = Yawns()
        self._yawned_s: deque[float] = deque()
        self._nods = Nods()
        self._drowsiness = drowsiness
        self._blinks = BlinkHistory(t_s)
        self._estimate: Estimate | None = None
        self._estimated_s = t_s
        self._drowsy_from_s: float | None = None
        self.looks = looks
        self._policy = FatiguePolicy(config)
        self._judgement = FatigueState()
        self._judged_s = -math.inf
        self._reason = Reason.NO_FACE.value
        """Why the eyes could not be judged when they last could not."""
        self._report_s = t_s
        self._run: LidClosure | None = None
        self._ended_s = 0.0

    @property
    def level(self) -> Level:
        """The level now."""
        return self._judgement.level

    def observe(self, face: Face) -> list[Message]:
        """Add one frame of this person; return the Face with its openness, then the events."""
        self.seen_s, self._ended_s = face.t_s, 0.0
        self.visible_s = self.visible_s if face.reason is Reason.NO_FACE else face.t_s
        seen = self._eyes.look(face)
        if seen is not None:
            face = dataclasses.replace(face, openness=seen.openness)
            self._closures.iris_check.observe(face.t_s, seen.iris, seen.contour)
        if face.openness is None:
            blind = face.reason or Reason.EYES_HIDDEN
            learning = face.usable and face.eye_opening is not None
            self._reason = "baseline" if learning else blind.value
        unclear = self._closures.contradicted_s >= UNCLEAR_S
        reported = (
            dataclasses.replace(face, usable=False, reason=Reason.LIDS_UNCLEAR, openness=None) if unclear else face
        )
        messages: list[Message] = [reported, *self._lapsed(face.t_s)]
        if face.pitch_deg is not None:
            self._closures.guard.observe(face.t_s, face.pitch_deg)
        self._head.observe(face, self._closures.down)
        if face.openness is not None:
            messages += self._judge_lids(face.t_s, face.openness)
        elif self._head.hides(face):
            messages += self._fall(face.t_s)
        if face.pitch_deg is not None and (nod := self._nods.step(face.t_s, face.pitch_deg)):
            messages.append(Nod(face.t_s, self.track, *nod))
        messages += self._yawn(face.t_s, self._yawns.step(face, self._eyes.open))
        messages += self._report(face.t_s, seen=reported.openness is not None, quiet=False)
        if self.looks is not None:
            lowered = self._closures.looks_down or (seen is not None and seen.lowered and face.gaze_yaw_deg is None)
            messages += self.looks.follow(face, self._closures.run is not None, lowered, self.driving)
        return messages

    def miss(self, t_s: float, quiet: bool) -> list[Message]:
        """Let time pass without a frame of this person; `quiet` reports only changes and raised levels."""
        self._ended_s, self._reason = 0.0, Reason.NO_FACE.value
        messages = [*self._lapsed(t_s), *self._yawn(t_s, self._yawns.lapse(t_s))]
        if self._head.hides(Face(t_s)):
            messages += self._fall(t_s)
        messages += self._report(t_s, seen=False, quiet=quiet)
        return messages + (self.looks.miss(t_s, self.driving, quiet) if self.looks is not None else [])

    def succeed(self, t_s: float) -> list[Message]:
        """A new face may be this person: a closure that was continued out of sight ends."""
        return self._settled(t_s, self._closures.lapse()) if self._closures.fallen_s else []

    def retune(self, config: FatigueConfig) -> None:
        """Use other thresholds of PERCLOS from now on."""
        self._policy.retune(config)

    def leave(self, t_s: float) -> list[Message]:
        """End current events; a raised level ends with a last report."""
        messages = [*self._settled(t_s, self._closures.lapse()), *self._yawn(t_s, self._yawns.finish())]
        if self.level is not Level.NONE:
            before, self._judgement = self._judgement, FatigueState()
            messages.append(self._fatigue(t_s, before))
        return messages + (self.looks.end(t_s) if self.looks is not None else [])

    def _judge_lids(self, t_s: float, openness: float) -> list[Message]:
        self._judged_s = t_s
        self._curve.observe(t_s, openness)
        messages: list[Message] = []
        spans = self._lids.step(t_s, openness)
        if self._lids.open and not spans and self._closures.down:
            messages += self._settled(t_s, self._closures.lapse())
        for span in spans:
            settled = self._closures.step(span)
            self._ended_s = settled.ended.duration_s if settled.ended else self._ended_s
            messages += self._settled(t_s, settled)
        return messages

    def _fall(self, t_s: float) -> list[Message]:
        """A fallen head hides the lids; after `out_of_sight_s` they are unknown."""
        self._closures.fall(t_s)
        if self._closures.fallen_s >= self._config.out_of_sight_s:
            return self._settled(t_s, self._closures.lapse())
        self._judged_s = t_s if self._closures.fallen_s else self._judged_s
        return []

    def _lapsed(self, t_s: float) -> list[Message]:
        return self._settled(t_s, self._closures.unseen(t_s - self._judged_s))

    def _settled(self, t_s: float, settled: ClosureUpdate) -> list[Message]:
        for span in settled.spans:
            self._perclos.add(span, self.driving)
            if span.closed:
                self._nods.lids_closed(span)
        if settled.ended is None:
            return []
        self._run = settled.ended
        blink = self._curve.blink(settled.ended, self.track)
        if blink is not None and self._drowsiness is not None:
            self._judge_blinks(blink, self._drowsiness)
        found = [blink, closure_message(t_s, settled.ended, self.track, self._config)]
        return [message for message in found if message is not None]

    def _judge_blinks(self, blink: Blink, model: DrowsinessModel) -> None:
        self._blinks.add(blink)
        sequence = self._blinks.sequence()
        if sequence is None:
            return
        self._estimate = model.estimate(sequence)
        if self._estimate.drowsiness < self._config.drowsy_blinks:
            self._drowsy_from_s = None
        elif self._drowsy_from_s is None:
            self._drowsy_from_s = blink.t_s
        self._estimated_s = blink.t_s

    def _yawn(self, t_s: float, yawn: tuple[float, float] | None) -> list[Message]:
        if yawn is None:
            return []
        self._yawned_s.append(yawn[1])
        return [Yawn(t_s, self.track, *yawn)]

    def _report(self, t_s: float, seen: bool, quiet: bool) -> list[Message]:
        while self._yawned_s and self._yawned_s[0] < t_s - self._config.yawns_within_s:
            self._yawned_s.popleft()
        if t_s - self._estimated_s > self._config.drowsy_blinks_s:
            self._estimate = self._drowsy_from_s = None
        run, before = self._closures.run, self._judgement
        self._run = run or self._run
        self._judgement = self._policy.step(
            FatigueEvidence(
                t_s=t_s,
                seen=seen,
                closed_s=run.duration_s if run else self._ended_s,
                open_s=self._closures.open_s,
                perclos_60=self._perclos.share(t_s, SHORT_S),
                perclos_180=self._perclos.share(t_s, LONG_S),
                yawns=len(self._yawned_s),
                drowsy_blinks_s=0.0 if self._drowsy_from_s is None else t_s - self._drowsy_from_s,
            )
        )
        due = t_s >= self._report_s
        if due:
            self._report_s += REPORT_S * (math.floor((t_s - self._report_s) / REPORT_S) + 1)
        wanted = due and not (quiet and self.level is Level.NONE)
        return [self._fatigue(t_s, before)] if wanted or self._judgement != before else []

    def _fatigue(self, t_s: float, before: FatigueState) -> Fatigue:
        evidence: dict[str, float] = {"baseline": self._eyes.open, "yawns": len(self._yawned_s)}
        if self._estimate is not None:
            evidence |= self._estimate.as_evidence()
        if self._run is not None and (self._judgement.asleep or before.asleep):
            evidence |= {"closed_s": self._run.duration_s, "closed_from_s": self._run.start_s}
            evidence |= {"fallen_s": self._run.fallen_s} if self._run.fallen_s else {}
        judged_s, self._judged_reported_s = self._perclos.judged_s - self._judged_reported_s, self._perclos.judged_s
        return Fatigue(
            t_s=t_s,
            track=self.track,
            level=self._judgement.level,
            perclos_60=self._perclos.share(t_s, SHORT_S),
            perclos_180=self._perclos.share(t_s, LONG_S),
            valid_ratio=self._perclos.valid_ratio(t_s),
            causes=self._judgement.causes,
            evidence=evidence,
            unknown=None if t_s - self._judged_s <= JUDGED_S else self._reason,
            judged_s=judged_s,
        )
