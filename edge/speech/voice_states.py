"""The sound of an utterance as the first layers of a speech recognizer hold it: graph `states` of role `voice_affect`.

A recognizer's first layers still hold how something is said; its last ones hold the words. The layers are those of
Whisper's encoder, and the graph ends with a projection on the few directions in which one voice varies.
"""

from __future__ import annotations

import math

import numpy as np

from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import log_mel
from edge.speech.voice import Floats

ROLE = "voice_affect"
GRAPH = "states"
STATE_SAMPLES = 320
"""Samples (20 ms) of one state: two frames of the spectrogram."""
LONGEST_S = 30
"""Positions that Whisper was trained with."""


class VoiceStates:
    """Utterances in, the mean of their states out; stateless."""

    def __init__(self, session: Session) -> None:
        """`session` makes of `mel` [1, bands, frames] the output `states` [1, frames / 2, size]."""
        self._session = session
        self._bands = int(session.input_shapes["mel"][1])

    def mean(self, samples: Float32) -> Floats:
        """The mean state (size,) over the utterance, without the silence up to the next whole second.

        Whole seconds keep the number of shapes small for an engine. Of more than `LONGEST_S` the beginning counts.
        """
        used = samples[: LONGEST_S * SAMPLE_RATE_HZ]
        window_s = max(math.ceil(len(used) / SAMPLE_RATE_HZ), 1)
        states = self._session.run({"mel": log_mel(used, window_s, self._bands)[None]}, ["states"])["states"]
        return np.asarray(states[0, : max(len(used) // STATE_SAMPLES, 1)].mean(axis=0), np.float64)
