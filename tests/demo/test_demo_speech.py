import subprocess
import sys

import numpy as np

from demo.speech import say
from edge.messages import SAMPLE_RATE_HZ


def test_a_sentence_lasts_as_long_as_its_words_need() -> None:
    voice = say("We will arrive at the school in twenty minutes.", words_per_minute=160)
    assert voice.dtype == np.float32
    assert 2.0 < len(voice) / SAMPLE_RATE_HZ < 5.0
    assert 0.2 < np.abs(voice).max() <= 1.0


def test_tired_speech_is_slower() -> None:
    text = "I am so tired today."
    assert len(say(text, words_per_minute=110)) > 1.3 * len(say(text, words_per_minute=170))


def test_fresh_processes_say_the_same_samples() -> None:
    program = "import sys; from demo.speech import say; sys.stdout.buffer.write(say('Good morning.').tobytes())"
    voices = {subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout for _ in range(2)}
    assert len(voices) == 1
    assert len(voices.pop()) > SAMPLE_RATE_HZ
