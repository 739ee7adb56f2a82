from __future__ import annotations

from scenes import research

from edge.dashboard.report.utterances import UtteranceLine, key_moments, utterance_lines
from edge.messages import Affect


def felt(*scores: float) -> list[UtteranceLine]:
    """A judgement every 10 s."""
    made = (Affect(t, t, t + 4.0, score, "tired", "neutral", {}, 0.8, 1) for t, score in enumerate_10(scores))
    return [UtteranceLine(affect.start_s, affect.end_s, True, None, affect) for affect in made]


def enumerate_10(scores: tuple[float, ...]) -> list[tuple[float, float]]:
    return [(10.0 * number, score) for number, score in enumerate(scores)]


def test_an_outburst_and_what_calmed_it_stand_out() -> None:
    """Calm, an outburst at 20 s, relief at 30 s; the peak and the fall are one moment, told once."""
    found = key_moments(felt(0.1, 0.0, -0.9, 0.2, 0.6, 0.5))
    told = [(moment.kind, moment.line.start_s, moment.score) for moment in found]
    assert told == [("lowest", 20.0, -0.9), ("rise", 30.0, 0.2), ("highest", 40.0, 0.6)]
    assert found[1].change == 1.1


def test_small_changes_are_no_turns_and_one_judgement_is_no_curve() -> None:
    assert [moment.kind for moment in key_moments(felt(0.0, 0.1, 0.2))] == ["lowest", "highest"]
    assert key_moments(felt(0.4)) == ()
    assert key_moments([]) == ()


def test_the_words_come_with_the_moment() -> None:
    found = key_moments(utterance_lines(research().messages))
    assert [moment.line.words.text for moment in found if moment.line.words and moment.kind == "lowest"] == [
        "This is unacceptable, I have asked three times!"
    ]
