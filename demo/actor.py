"""The portrait brought to life: one picture for each moment of a story."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from demo.head import Head, HeadMove
from demo.lids import Eyelid
from demo.mouth import Mouth
from demo.portrait import HEIGHT_PX, WIDTH_PX, Portrait
from demo.story import Story
from edge.vision.crop import Image

_STEPS = 40
"""Mouth positions are drawn once for each step of smile and jaw: drawing one takes longer than all the rest."""
_REST_PITCH_DEG = -5.0
"""The portrait looks slightly down; this lifts the head to what the box calls level."""
_NOISE_LEVELS = 2.0
_NOISE_PICTURES = 7
_TALK = 0.24
"""Opening of the loudest syllable, of a yawn's."""


class Actor:
    """Draws; the same story and loudness give the same pictures."""

    def __init__(self, portrait: Portrait, story: Story) -> None:
        self._story = story
        self._portrait, self._head = portrait, Head(portrait)
        self._mouth = Mouth(portrait)
        self._lids = [Eyelid(lids) for lids in portrait.lids]
        self._with_mouth = lru_cache(maxsize=2 * _STEPS)(self._draw_mouth)
        generator = np.random.default_rng(7)
        size = (_NOISE_PICTURES, HEIGHT_PX, WIDTH_PX, 3)
        self._noise = (_NOISE_LEVELS * generator.standard_normal(size, np.float32)).round().astype(np.int16)
        self._count = 0

    def picture(self, t_s: float, loudness: float) -> Image:
        """The picture at `t_s`, (HEIGHT_PX, WIDTH_PX, 3) BGR; `loudness` of the own voice goes from 0 to 1."""
        story = self._story
        jaw = max(story.yawn(t_s), _TALK * loudness)
        image = self._with_mouth(round(_STEPS * story.smile(t_s)), round(_STEPS * jaw)).copy()
        for lid in self._lids:
            lid.draw(image, story.lids(t_s))
        moved = self._head.draw(image, self._move(t_s)).astype(np.int16)
        self._count += 1
        moved += np.roll(self._noise[self._count % _NOISE_PICTURES], 13 * self._count, axis=1)
        return np.asarray(np.clip(moved, 0, 255), np.uint8)

    def _draw_mouth(self, smile_steps: int, jaw_steps: int) -> Image:
        image = self._portrait.image.copy()
        self._mouth.draw(image, smile_steps / _STEPS, jaw_steps / _STEPS)
        return image

    def _move(self, t_s: float) -> HeadMove:
        """Slow waves of unlike periods, so that the head is never quite still, and the story's nod."""

        def wave(period_s: float, phase: float) -> float:
            return math.sin(2 * math.pi * (t_s / period_s + phase))

        return HeadMove(
            yaw_deg=2.0 * wave(7.3, 0.1) + 0.7 * wave(2.9, 0.4),
            pitch_deg=_REST_PITCH_DEG + 0.5 * wave(5.1, 0.7) + 0.2 * wave(1.9, 0.2) + self._story.nod_deg(t_s),
            roll_deg=1.0 * wave(8.9, 0.3),
            x_px=2.5 * wave(6.1, 0.5),
            y_px=1.2 * wave(3.7, 0.9) + self._story.nod_px(t_s),
        )
