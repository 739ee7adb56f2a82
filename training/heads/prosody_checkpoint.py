"""Writes the checkpoint of the bundle's role `prosody`: trained on EmoDB, ten German actors.

    python -m training.heads.prosody_checkpoint --data DIR --out configs/bundles/prosody_head.yaml

DIR holds emodb/, ravdess/ and casia_zh/. The last two are not trained on, since their licences forbid it or are
unknown: they measure the head in languages outside its training.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import yaml

from edge.speech.prosody import SCORES
from edge.speech.voice import FEATURES
from training.heads.prosody import Floats, VoiceRecordings, evaluate, fit, relative_to_habit
from training.heads.voice_corpora import READERS, valence_trust

_GOLDEN_ROWS = 8


def checkpoint(recordings: VoiceRecordings, others: Mapping[str, VoiceRecordings]) -> dict[str, Any]:
    """The checkpoint of role `prosody` as plain data; `others` are unseen recordings by language."""
    head, unseen = fit(recordings), evaluate(recordings)
    rows = np.linspace(0, len(recordings.features) - 1, _GOLDEN_ROWS).astype(int)
    relative = relative_to_habit(recordings, head.population, recordings)[rows]
    return {
        "features": list(FEATURES),
        "scores": list(SCORES),
        "median": _numbers(head.population.median),
        "spread": _numbers(head.population.spread),
        "weights": [_numbers(row) for row in head.weights],
        "golden_features": [_numbers(row) for row in relative],
        "measured_on_left_out_speakers": unseen,
        "valence_trust": valence_trust(recordings, "de", unseen["valence_correlation"], others),
        "training_data": (
            f"EmoDB (Burkhardt et al., Interspeech 2005): {len(recordings.features)} utterances acted in German by "
            f"{len(np.unique(recordings.speaker))} speakers, four of the seven emotions"
        ),
    }


def _numbers(values: Floats) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="folder with emodb/, ravdess/ and casia_zh/"
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Checkpoint to write.")
def main(data: Path, out: Path) -> None:
    """Train the prosody head and write its checkpoint."""
    corpora = {language: reader(data / name) for name, (language, reader) in READERS.items()}
    content = checkpoint(corpora.pop("de"), corpora)
    text = yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=120)
    out.write_text(f"# Made by training/heads/prosody_checkpoint.py; do not edit.\n{text}", encoding="utf-8")
    for name, value in content["measured_on_left_out_speakers"].items():
        click.echo(f"{name}: {value}")


if __name__ == "__main__":
    main()
