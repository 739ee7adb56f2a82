"""Turns a script into the `Face` messages that the vision stage would give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.fatigue.drivers.frame_loss import Loss
from benchmarks.fatigue.drivers.people import MOUTH_NOISE, PITCH_NOISE_DEG, YAW_NOISE_DEG, Person, Rng
from benchmarks.fatigue.drivers.script import Floats, Script, added
from edge.messages import Face, Reason
from edge.vision.geometry import HeadPose
from edge.vision.usable_eyes import turned_away

WANDER_S = 1.5
MOUTH_AT_REST = 0.02
"""Inner-lip height over mouth width of a shut mouth: 0.018 in both cab clips."""
TURNED_ERROR = 0.2 / 50
"""The near eye's opening stays within 20 % of its frontal value up to 50 degrees of yaw (`edge.vision.usable_eyes`)."""
GAZE_NOISE_DEG = 2.5
"""Frame noise of the gaze: 0.4 to 2.8 degrees across and 0.8 to 3.4 down in clips (robust second difference)."""
STEP_S = 0.8
"""Between the small steps of eyes that watch the road (assumed, as is their size: 4 degrees across, 1.5 down)."""
LEAST_GAP = 0.15
"""Less open lids hide the iris (`edge.vision.geometry`)."""
TRACK = 1
_BOX = (200.0, 120.0, 180.0, 180.0)
_LOST = (Reason.BLURRED, Reason.EYES_HIDDEN, Reason.DARK, Reason.NO_FACE)


def faces(script: Script, person: Person, loss: Loss, fps: float, rng: Rng) -> Iterator[Face]:
    """Every frame of the drive."""
    count = round(script.length_s * fps)
    t_s = (np.arange(count) + np.concatenate([[0.0], rng.uniform(-0.1, 0.1, count - 1)])) / fps
    yaw = added(t_s, script.yaw_deg) + rng.normal(0, YAW_NOISE_DEG, count)
    pitch = added(t_s, script.pitch_deg) + rng.normal(0, PITCH_NOISE_DEG, count)
    mouth = np.maximum(MOUTH_AT_REST + added(t_s, script.mouth) + rng.normal(0, MOUTH_NOISE, count), 0)
    smile = added(t_s, script.smile)
    (eyes_rng,) = rng.spawn(1)
    across = yaw + eyes_rng.normal(0, GAZE_NOISE_DEG, count) + _glances(eyes_rng, t_s, 4.0)
    down = (
        pitch + added(t_s, script.eyes_deg) + eyes_rng.normal(0, GAZE_NOISE_DEG, count) + _glances(eyes_rng, t_s, 1.5)
    )
    opening = _opening(script, person, t_s, yaw, fps, rng)
    reasons = _reasons(script, t_s, yaw, pitch, loss.frames(rng, count, fps), rng)
    rows = zip(
        t_s.tolist(), opening.tolist(), mouth.tolist(), yaw.tolist(), pitch.tolist(), smile.tolist(),
        across.tolist(), down.tolist(), strict=True,
    )  # fmt: skip
    for (when_s, eye, lips, turned, bent, happy, aside, below), reason in zip(rows, reasons, strict=True):
        if reason is Reason.NO_FACE:
            yield Face(when_s, TRACK)
            continue
        yield Face(
            t_s=when_s,
            track=TRACK,
            box=_BOX,
            usable=reason is None,
            reason=reason,
            eye_opening=eye if reason is None else None,
            mouth=lips,
            yaw_deg=turned,
            pitch_deg=bent,
            roll_deg=0.0,
            gaze_yaw_deg=aside if reason is None and eye >= LEAST_GAP else None,
            gaze_pitch_deg=below if reason is None and eye >= LEAST_GAP else None,
            expression={"happy": happy, "neutral": 1 - happy},
        )


def _glances(rng: Rng, t_s: Floats, deviation_deg: float) -> Floats:
    """Eyes on the road rest nowhere for longer than `STEP_S`."""
    steps = rng.normal(0, deviation_deg, int(t_s[-1] / STEP_S) + 1)
    return steps[np.maximum(t_s / STEP_S, 0).astype(int)]


def _opening(script: Script, person: Person, t_s: Floats, yaw: Floats, fps: float, rng: Rng) -> Floats:
    true = person.shut + script.openness(t_s) * (person.open - person.shut)
    seen = true * (1 + rng.choice((-1, 1)) * TURNED_ERROR * np.abs(yaw))
    white = person.white * (1 + added(t_s, script.noise)) * rng.normal(0, 1, len(t_s))
    return np.maximum(seen + added(t_s, script.glare) + white + _wander(person.wander, len(t_s), fps, rng), 0.0)


def _wander(deviation: float, count: int, fps: float, rng: Rng) -> Floats:
    """Slow noise: white noise through a moving average of `WANDER_S`."""
    width = max(round(WANDER_S * fps), 1)
    total = np.cumsum(np.concatenate([[0.0], rng.normal(0, 1, count + width - 1)]))
    return deviation * (total[width:] - total[:-width]) / np.sqrt(width)


def _reasons(
    script: Script, t_s: Floats, yaw: Floats, pitch: Floats, lost: np.ndarray, rng: Rng
) -> list[Reason | None]:
    reasons: list[Reason | None] = [None] * len(t_s)
    for index in np.flatnonzero((np.abs(yaw) > 20) | (np.abs(pitch) > 20)):
        if turned_away(HeadPose(yaw[index], pitch[index], 0.0)):
            reasons[index] = Reason.TURNED_AWAY
    for spell in script.hidden:
        first, last = np.searchsorted(t_s, (spell.start_s, spell.end_s))
        reasons[first:last] = [spell.reason] * int(last - first)
    why = rng.integers(0, len(_LOST), len(t_s))
    for index in np.flatnonzero(lost):
        reasons[index] = reasons[index] or _LOST[why[index]]
    return reasons
