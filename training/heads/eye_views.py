"""Views of an eye as cameras give them: eyelids lowered, moved, blurred, dim, noisy, with glasses and glare.

Shut eyes are rare in images of faces, so open ones are shut artificially: the skin of the upper lid, with its lashes,
is drawn down over the eye along the contour of the iris model. The visible rest of the eye stays unchanged.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.messages import Float32
from edge.vision.iris import INPUT_PX

Grey = npt.NDArray[np.uint8]

SHUT_GAP = 0.05
"""Gap of the iris model's lids when they meet, as a share of the eye's width: 0.03 to 0.09."""
_FOLD = 0.30
"""Height above the open upper lid, in eye widths, from which skin is drawn down."""
_MEETING = (0.0, 0.3)
"""Height at which shut lids meet, as a share of the distance from the lower to the upper lid."""
_SCALE, _SHIFT_PX, _ANGLE_DEG = (0.75, 1.3), 5.0, 15.0


def lids_lowered(patch: Grey, lids: Float32, share: float, random: np.random.Generator) -> Grey:
    """`patch` with the eye open to `share` of its opening; `lids` (16, 2) as `Eye.lids`, in px of the patch."""
    height, width = patch.shape
    axis = lids[8] - lids[0]
    length = float(np.hypot(*axis))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.degrees(np.arctan2(axis[1], axis[0]))), 1.0)
    level = cv2.warpAffine(patch, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    points = lids @ turn[:, :2].T + turn[:, 2]
    x = np.arange(width, dtype=np.float32)
    lower, upper = _curve(x, points[:9]), _curve(x, np.vstack([points[:1], points[9:16], points[8:9]]))
    upper = np.minimum(upper, lower)
    meeting = lower - random.uniform(*_MEETING) * (lower - upper)
    lid = meeting - share * (meeting - upper)
    sill = lower - (1 - share) * (lower - meeting)
    y = np.arange(height, dtype=np.float32)[:, None]
    fold = upper - _FOLD * length
    lash = random.uniform(0.5, 2.0)
    skin = fold + (y - fold) * (upper + lash - fold) / np.maximum(lid + lash - fold, 1e-3)
    cheek_end = lower + 0.15 * length
    cheek = cheek_end - (cheek_end - y) * (cheek_end - lower) / np.maximum(cheek_end - sill, 1e-3)
    rows = np.where(y < fold, y, np.where(y < lid + lash, skin, np.where(y < sill, y, cheek)))
    rows = np.where(y > cheek_end, y, rows).astype(np.float32)
    columns = np.broadcast_to(x, rows.shape).astype(np.float32)
    closed = cv2.remap(level, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    _draw_lashes(closed, x, lid + lash / 2, points, share, random)
    return np.asarray(
        cv2.warpAffine(closed, turn, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                       borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )  # fmt: skip


def _curve(x: Float32, points: npt.NDArray[np.floating]) -> Float32:
    order = np.argsort(points[:, 0])
    return np.interp(x, points[order, 0], points[order, 1]).astype(np.float32)


def _draw_lashes(
    patch: Grey, x: Float32, line: Float32, points: npt.NDArray[np.floating], share: float, random: np.random.Generator
) -> None:
    """Darken the edge of the lid, and let some lashes hang from it."""
    left, right = sorted((points[0, 0], points[8, 0]))
    inside = np.flatnonzero((x > left) & (x < right))
    if inside.size < 4 or random.random() < 0.3:
        return
    shade = patch.copy()
    dark = int(np.percentile(patch, 5) * random.uniform(0.6, 1.2))
    path = np.stack([x[inside], line[inside]], axis=1)
    cv2.polylines(shade, [np.rint(path * 16).astype(np.int32)], False, dark, int(random.integers(1, 3)), cv2.LINE_AA, 4)
    if share < 0.4 and random.random() < 0.5:
        for start in path[:: int(random.integers(2, 5))]:
            end = (start[0] + random.uniform(-2, 2), start[1] + random.uniform(1.5, 7))
            ends = [tuple(int(16 * value) for value in point) for point in (start, end)]
            cv2.line(shade, ends[0], ends[1], dark, 1, cv2.LINE_AA, 4)
    weight = random.uniform(0.2, 0.8)
    cv2.addWeighted(shade, weight, patch, 1 - weight, 0, dst=patch)


def view(patch: Grey, random: np.random.Generator) -> Grey:
    """The middle (64, 64) of `patch` as some camera might see it."""
    side = patch.shape[0]
    matrix = cv2.getRotationMatrix2D(
        (side / 2, side / 2), random.uniform(-_ANGLE_DEG, _ANGLE_DEG), random.uniform(*_SCALE)
    )
    matrix[:, 2] += (INPUT_PX - side) / 2 + random.uniform(-_SHIFT_PX, _SHIFT_PX, 2)
    if random.random() < 0.5:
        matrix[0] = (0, 0, INPUT_PX - 1) - matrix[0]
    seen = cv2.warpAffine(patch, matrix, (INPUT_PX, INPUT_PX), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    seen = _lit(seen, random)
    if random.random() < 0.25:
        _draw_glasses(seen, random)
    seen = _optics(seen, random)
    if random.random() < 0.3:
        _draw_glare(seen, random)
    seen = seen + random.normal(0, random.uniform(0, 0.06) * max(float(np.ptp(seen)), 10.0), seen.shape)
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8)


def _lit(seen: Float32, random: np.random.Generator) -> Float32:
    """Another exposure, a slope of light, and often the low contrast of an infra-red lamp."""
    seen = 255 * (seen / 255) ** random.uniform(0.5, 2.0)
    if random.random() < 0.5:
        gain = random.uniform(0.2, 0.7)
        seen = random.uniform(20, 200) + gain * (seen - seen.mean())
    if random.random() < 0.4:
        slope = random.normal(0, 0.3, 2)
        y, x = np.mgrid[-0.5 : 0.5 : INPUT_PX * 1j, -0.5 : 0.5 : INPUT_PX * 1j]
        seen = seen * (1 + slope[0] * x + slope[1] * y)
    return np.asarray(seen, np.float32)


def _optics(seen: Float32, random: np.random.Generator) -> Float32:
    """Fewer pixels, a lens out of focus, a moving head."""
    if random.random() < 0.5:
        small = int(random.integers(16, 56))
        seen = cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA)
        seen = cv2.resize(seen, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.5:
        seen = cv2.GaussianBlur(seen, (0, 0), random.uniform(0.4, 2.2))
    if random.random() < 0.15:
        length = int(random.integers(3, 8))
        shape = (length, 1) if random.random() < 0.5 else (1, length)
        seen = cv2.blur(seen, shape)
    return np.asarray(seen, np.float32)


def _draw_glasses(seen: Float32, random: np.random.Generator) -> None:
    """The rim of one glass, dark or bright."""
    centre = (int(32 + random.uniform(-8, 8)), int(34 + random.uniform(-6, 8)))
    axes = (int(random.uniform(24, 38)), int(random.uniform(15, 26)))
    shade = float(seen.mean() * random.choice([random.uniform(0.1, 0.8), random.uniform(1.1, 1.8)]))
    start, end = (0, 360) if random.random() < 0.6 else (180, 360)
    cv2.ellipse(seen, centre, axes, random.uniform(-10, 10), start, end, shade, int(random.integers(1, 4)), cv2.LINE_AA)


def _draw_glare(seen: Float32, random: np.random.Generator) -> None:
    """Lamps mirrored in the glass or in the eye: saturated spots with a halo."""
    halo = np.zeros_like(seen)
    for _ in range(int(random.integers(1, 4))):
        centre = (int(random.uniform(4, 60)), int(random.uniform(8, 56)))
        cv2.circle(halo, centre, int(random.choice([1, 1, 2, 3, 4, 5])), 255.0, -1, cv2.LINE_AA)
    halo = cv2.GaussianBlur(halo, (0, 0), random.uniform(0.5, 1.5))
    np.maximum(seen, np.minimum(255, seen + 1.2 * halo), out=seen)
