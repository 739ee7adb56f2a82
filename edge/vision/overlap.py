"""How much boxes overlap: the one measure of whether two boxes are the same face."""

from __future__ import annotations

import numpy as np

from edge.messages import Box, Float32

SAME_FACE_OVERLAP = 0.3
"""Intersection over union from which two boxes are one face (MediaPipe's suppression threshold)."""


def overlap_with(box: Float32, boxes: Float32) -> Float32:
    """Intersection over union of one box (4,) with each of `boxes` (n, 4), all x, y, width, height."""
    lower = np.maximum(box[:2], boxes[:, :2])
    upper = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    shared = np.prod(np.clip(upper - lower, 0.0, None), axis=1)
    union = np.prod(box[2:]) + np.prod(boxes[:, 2:], axis=1) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def is_same_face(first: Box, second: Box) -> bool:
    """Whether two boxes of one frame hold the same face."""
    overlap = overlap_with(np.array(first, np.float32), np.array([second], np.float32))
    return float(overlap[0]) >= SAME_FACE_OVERLAP
