"""Tone of voice on people and languages left out: `python -m benchmarks.affect.voice_tone --bundle DIR --data DIR`.

Prosody alone, as the role `prosody` reads it, beside prosody with what the box's networks hold of the utterance; into
`tone.json` and `tone.md`. 15 minutes of one core.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.affect.voice_features import CHOSEN, PROSODY, YAMNET, CandidateFeatures, candidates
from benchmarks.evidence import markdown_table, write_page
from edge.bundle.bundle import Bundle
from training.heads.prosody import DIRECTIONS, VoiceRecordings
from training.heads.voice_corpora import (
    FIGURES,
    READERS,
    Transfer,
    interval,
    leave_one_corpus_out,
    leave_one_speaker_out,
    transfer,
    trust_of,
)

_FREE = "emodb"
"""The corpus that the default bundle's heads are trained on."""
_SHOWN = FIGURES[:4]
_HEADS = ("arousal's sign", "arousal AUC", "four emotions, recall", "valence AUC")
_KEPT = (DIRECTIONS // 2, DIRECTIONS * 2)
FREE, CORPUS, SPEAKER = "EmoDB", "the two other corpora", "all other speakers"


@dataclass(frozen=True, slots=True)
class ToneRow:
    """Figures of the speakers of one corpus, none of whom the head was trained on."""

    trained_on: str
    features: str
    read: str
    speakers: int
    mean: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]
    gain: Mapping[str, tuple[float, float, float]]
    """Mean and interval of the difference from prosody alone, speaker by speaker."""


def measure(corpora: Mapping[str, VoiceRecordings]) -> dict[str, Any]:
    """The rows of all three ways to leave people out, and the trust in the valence by language."""
    by_features: dict[str, dict[str, VoiceRecordings]] = {}
    for name, recordings in corpora.items():
        for features, part in candidates(recordings).items():
            by_features.setdefault(features, {})[name] = part
    found = dict(_figures(by_features))
    trust = {}
    for features in (PROSODY, CHOSEN):
        own_r = found[FREE, features, _FREE].valence_r
        trust[features] = {READERS[name][0]: trust_of(found[FREE, features, name], own_r) for name in corpora}
    rows = [_row(key, part, found[key[0], PROSODY, key[2]]) for key, part in found.items()]
    return {"rows": [asdict(row) for row in rows], "valence_trust": trust}


def _figures(
    by_features: Mapping[str, Mapping[str, VoiceRecordings]],
) -> Iterator[tuple[tuple[str, str, str], Transfer]]:
    for features, corpora in by_features.items():
        kept = {features: DIRECTIONS} | (
            {f"{features}, {n} directions": n for n in _KEPT} if features == CHOSEN else {}
        )
        free = corpora[_FREE]
        for name, directions in kept.items():
            yield (FREE, name, _FREE), leave_one_speaker_out({_FREE: free}, _FREE, directions)
            for read, part in corpora.items():
                if read != _FREE:
                    yield (FREE, name, read), transfer(free, part, directions)
            for read, found in leave_one_corpus_out(corpora, directions).items():
                yield (CORPUS, name, read), found
        for read in corpora if features in (PROSODY, YAMNET, CHOSEN) else ():
            yield (SPEAKER, features, read), leave_one_speaker_out(corpora, read)


def _row(key: tuple[str, str, str], found: Transfer, before: Transfer) -> ToneRow:
    own, old = (np.array(list(part.by_speaker.values())) for part in (found, before))
    spans = {name: interval(own[:, place]) for place, name in enumerate(_SHOWN)}
    gains = {name: (own - old)[:, place] for place, name in enumerate(_SHOWN)}
    gain = {name: (round(float(values.mean()), 3), *interval(values)) for name, values in gains.items()}
    return ToneRow(*key, found.speakers, {name: getattr(found, name) for name in _SHOWN}, spans, gain)


def page(found: dict[str, Any]) -> str:
    """Markdown."""
    trust = {
        features: ", ".join(f"{language} {value:.2f}" for language, value in by_language.items())
        for features, by_language in found["valence_trust"].items()
    }
    return f"""# Tone of voice, of people and in languages that were left out

Made by `python -m benchmarks.affect.voice_tone`: EmoDB (German, 10 actors), RAVDESS (English, 16 actors), CASIA
(Mandarin, **2** actors); all acted, so real talk reads worse. A head was trained on no utterance of the speakers that
it reads. Each utterance is judged against the same voice's earlier ones, as on the box. A figure is the mean over
speakers; the interval is 95 %, over speakers drawn anew. With two speakers it only shows both of them. Recall is the
mean over angry, happy, neutral and sad; chance is .25. Valence is joy against anger and sadness; chance is .50.

*Prosody* is the head of the role `prosody`, as before; it still serves a bundle without `voice_affect`.
The other rows add the mean of inner values of networks that the box has: YAMNet (role `audio_events`), and Whisper's
encoder up to a layer. Of {DIRECTIONS} directions each, unless the row says otherwise.

## The default bundle: trained on EmoDB, whose licence is free
German: one speaker left out. English and Mandarin: the whole language left out.

{_table(found, FREE)}
Role `voice_affect` is **prosody {CHOSEN}**. Its gain over prosody, speaker by speaker:

{_gains(found, FREE)}
Weight of the valence in fusion by language, from the languages left out: **{trust[CHOSEN]}** (prosody alone:
{trust[PROSODY]}). A language that was not tested weighs as the worst of those that were.

## A corpus, and with it a language, left out
{_table(found, CORPUS)}
## One speaker left out, everybody else trained on
What `configs/bundles/research.yaml` builds. Its weights are not given away: RAVDESS is CC BY-NC-SA, CASIA states no
licence.

{_table(found, SPEAKER)}
Gain over prosody, speaker by speaker:

{_gains(found, SPEAKER)}
## What was tried and is not in the box
YAMNet's inner values add little: they were learned to tell sounds apart, not voices. Whisper's later layers hold words
more than voices. The layer and the number of directions were chosen on these tables, so their figures are slightly
optimistic; a layer before or after, and half or twice as many directions, gain over prosody too in most rows. With a
language left out and both others trained on, arousal's sign does not gain: two corpora disagree on what is calm.
"""


def _table(found: dict[str, Any], trained_on: str) -> str:
    rows = [row for row in found["rows"] if row["trained_on"] == trained_on]
    rows.sort(key=lambda row: list(READERS).index(row["read"]))
    return markdown_table(
        ("read", "speakers", "features", *_HEADS),
        (
            (
                *(row[key] for key in ("read", "speakers", "features")),
                *("{:.2f} ({:.2f} to {:.2f})".format(row["mean"][name], *row["interval"][name]) for name in _SHOWN),
            )
            for row in rows
        ),
    )


def _gains(found: dict[str, Any], trained_on: str) -> str:
    rows = [row for row in found["rows"] if (row["trained_on"], row["features"]) == (trained_on, CHOSEN)]
    return markdown_table(
        ("read", "speakers", *_HEADS),
        (
            (
                *(row[key] for key in ("read", "speakers")),
                *("{:+.2f} ({:+.2f} to {:+.2f})".format(*row["gain"][name]) for name in _SHOWN),
            )
            for row in rows
        ),
    )


@click.command()
@click.option(
    "--bundle", type=click.Path(path_type=Path, exists=True), required=True, help="With asr and audio_events."
)
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The shared data.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/evidence"), show_default=True)
def main(bundle: Path, data: Path, out: Path) -> None:
    """Measure, and write tone.json and .md."""
    features = CandidateFeatures(Bundle(bundle))
    corpora = {name: reader(data / name, features.measure) for name, (_, reader) in READERS.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(corpora)
    write_page(out, "tone", found, page(found))
    click.echo(page(found))


if __name__ == "__main__":
    main()
