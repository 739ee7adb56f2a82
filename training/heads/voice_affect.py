"""Writes the checkpoint of the role `voice_affect`: prosody and the states of Whisper's first layers, one linear head.

    python -m training.heads.voice_affect --bundle DIR --data DIR --out FILE.npz [--corpora emodb,ravdess,casia_zh]

BUNDLE has the role `asr` with Whisper; DATA holds the corpora. The licences of RAVDESS (CC BY-NC-SA) and CASIA (not
stated) forbid to give a head away that was trained on them: it is for research, and you build it yourself
(`configs/bundles/research.yaml`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
from onnx.utils import Extractor

from edge.bundle.bundle import Bundle
from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.prosody import SCORES
from edge.speech.voice import FEATURES, Floats, measure
from edge.speech.voice_states import VoiceStates
from training.heads.prosody import VoiceRecordings, fit, projected, relative_to_habit
from training.heads.voice_corpora import READERS, Transfer, joined, leave_one_speaker_out, transfer, trust_of

LAYERS = 3
"""Layers of Whisper-base's six; docs/evidence/tone.md shows their neighbours."""
_GOLDEN_ROWS = 8
_LICENCES = {"emodb": "free", "ravdess": "CC BY-NC-SA 4.0", "casia_zh": "not stated, for research"}


class SpokenFeatures:
    """Prosody and whole states of an utterance, before the projection: `FEATURES`, then the states."""

    def __init__(self, bundle: Bundle) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._states = VoiceStates(first_layers(bundle, [LAYERS], Path(folder) / "states.onnx"))

    def measure(self, samples: Float32) -> Floats | None:
        """One row, or None without a voice."""
        prosody = measure(samples)
        return None if prosody is None else np.concatenate([prosody, self._states.mean(samples)])


def first_layers(bundle: Bundle, layers: Sequence[int], path: Path) -> Session:
    """Whisper's encoder in `bundle` up to the last of `layers`, written to `path`.

    Its output `states` holds the states after each of `layers`, side by side.
    """
    graph = bundle.role("asr").variants["fp32"].graphs["encoder"]
    whole = onnx.shape_inference.infer_shapes(onnx.load(bundle.folder / graph.file))
    norms = [node for node in whole.graph.node if node.op_type == "LayerNormalization"]  # two a layer, before each part
    ends = [norms[2 * layer].input[0] for layer in layers]
    part = Extractor(whole).extract_model(["mel"], ends)
    part.graph.node.append(onnx.helper.make_node("Concat", ends, ["states"], axis=-1))
    del part.graph.output[:]
    part.graph.output.append(onnx.helper.make_tensor_value_info("states", onnx.TensorProto.FLOAT, None))
    onnx.save(part, path)
    return Session(path)


def checkpoint(corpora: Mapping[str, VoiceRecordings], others: Mapping[str, VoiceRecordings]) -> dict[str, Any]:
    """The arrays of the checkpoint; the head is trained on `corpora`, and `others` were left out."""
    recordings = joined(list(corpora.values()))
    head = fit(recordings)
    narrow = projected(recordings, head.projection)
    rows = np.linspace(0, len(narrow.features) - 1, _GOLDEN_ROWS).astype(int)
    own = {name: leave_one_speaker_out(corpora, name) for name in corpora}
    unseen = {name: transfer(recordings, other) for name, other in others.items()}
    about = {
        "features": list(FEATURES),
        "scores": list(SCORES),
        "layers": LAYERS,
        "corpora": {name: _LICENCES[name] for name in corpora},
        "utterances": len(recordings.emotion),
        "speakers": len(np.unique(recordings.speaker)),
        "speakers_left_out": {name: _figures(found) for name, found in own.items()},
        "corpora_left_out": {name: _figures(found) for name, found in unseen.items()},
        "valence_trust": _trust(corpora, own, unseen),
    }
    return {
        "projection": head.projection,
        "median": head.population.median,
        "spread": head.population.spread,
        "weights": head.weights,
        "golden_features": relative_to_habit(narrow, head.population, narrow)[rows],
        "about": json.dumps(about),
    }


def _trust(
    corpora: Mapping[str, VoiceRecordings], own: Mapping[str, Transfer], unseen: Mapping[str, Transfer]
) -> dict[str, float]:
    """The trust in the valence by language; `other` is the least of any language that was left out."""
    best = max(found.valence_r for found in own.values())
    trust = {READERS[name][0]: trust_of(found, best) for name, found in {**own, **unseen}.items()}
    left_out = list(unseen.values())
    if len(corpora) > 1:
        for name, recordings in corpora.items():
            left_out.append(transfer(joined([part for other, part in corpora.items() if other != name]), recordings))
    return {**trust, "other": min(trust_of(found, best) for found in left_out)}


def _figures(found: Transfer) -> dict[str, float]:
    return {
        "arousal_sign": found.arousal_sign,
        "arousal_auc": found.arousal_auc,
        "recall_4": found.recall_4,
        "valence_auc": found.valence_auc,
    }


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path, exists=True), required=True, help="Bundle with role asr.")
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the corpora.")
@click.option("--corpora", default="emodb,ravdess,casia_zh", show_default=True, help="What the head is trained on.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Checkpoint to write.")
def main(bundle: Path, data: Path, corpora: str, out: Path) -> None:
    """Train the head, and write its checkpoint."""
    names = corpora.split(",")
    if unknown := [name for name in names if name not in READERS]:
        raise click.BadParameter(
            f"no corpus {', '.join(unknown)}; there are {', '.join(READERS)}", param_hint="corpora"
        )
    spoken = SpokenFeatures(Bundle(bundle))
    read = {name: reader(data / name, spoken.measure) for name, (_, reader) in READERS.items()}
    content = checkpoint(
        {name: read[name] for name in names}, {name: part for name, part in read.items() if name not in names}
    )
    np.savez_compressed(out, **{name: np.float32(part) if name != "about" else part for name, part in content.items()})
    click.echo(content["about"])


if __name__ == "__main__":
    main()
