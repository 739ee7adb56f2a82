"""A whole training run: lists and settings in, trained model and figures out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from training.asr.checkpoint import load_checkpoint
from training.asr.data import Corpus
from training.asr.manifest import LabelledUtterance, ManifestError, Skipped, UtteranceList, read_list
from training.asr.model import ConformerConfig, ConformerCtc
from training.asr.model_adapters import CtcLearner, Learner
from training.asr.settings import AsrSettings
from training.asr.trainer import AsrPosition, AsrTrainer, Watch
from training.asr.vocabulary import UnknownUnitError, Vocabulary
from training.processes import Place

Progress = Callable[[int, int], None]


def train(
    settings: AsrSettings,
    train_list: Path,
    valid_list: Path,
    out: Path,
    place: Place,
    model: str = "conformer",
    base: Path | None = None,
    resume: Path | None = None,
    watch: Watch = lambda _position, _batches: None,
    progress: Progress = lambda _done, _all: None,
) -> tuple[AsrPosition, int]:
    """Train; return the last position and the number of utterances that were left out.

    Raises:
        EmvasError: a list, a checkpoint or the state of the run cannot be used; the message names it and the reason.
    """
    out.mkdir(parents=True, exist_ok=True)
    longest_s = settings.training.longest_s
    manifest = read_list(train_list, longest_s, progress)
    valid = read_list(valid_list, longest_s, progress)
    torch.manual_seed(settings.training.seed)
    learner = make_learner(settings, manifest, model, base)
    corpus, skipped = make_corpus(settings, manifest, valid, learner, train_list)
    trainer = AsrTrainer(learner, corpus, settings, place, out)
    trainer.skipped = {item.where: item for item in skipped}
    position = trainer.run(resume, watch)
    return position, len(trainer.skipped)


def make_learner(settings: AsrSettings, manifest: UtteranceList, model: str, base: Path | None) -> Learner:
    """A new model for the texts of a list, or one from a checkpoint."""
    if model == "whisper":
        from training.asr.whisper import WhisperLearner

        if base is None:
            raise ManifestError("Whisper is not trained from nothing: give a Hugging Face folder with --from")
        if settings.training.language is None:
            raise ManifestError("training.language is missing: say what language Whisper is to write, zh or en")
        return WhisperLearner.read_folder(base, settings.training.language)
    if base is not None:
        return ctc_learner(base)
    vocabulary = Vocabulary.of((utterance.text for utterance in manifest.utterances), settings.training.units)
    config = ConformerConfig.of({"vocabulary": len(vocabulary.tokens), **settings.model.model_dump()})
    return CtcLearner(ConformerCtc(config), vocabulary)


def ctc_learner(path: Path) -> CtcLearner:
    """The model of an `emvas-asr-1` checkpoint with its vocabulary."""
    return CtcLearner(ConformerCtc.from_checkpoint(path), Vocabulary(load_checkpoint(path).vocabulary))


def make_corpus(
    settings: AsrSettings, manifest: UtteranceList, valid: UtteranceList, learner: Learner, train_list: Path
) -> tuple[Corpus, list[Skipped]]:
    """The usable utterances with their tokens, and the unusable lines.

    Raises: ManifestError: no utterance is left, or the list of noises is empty.
    """
    kept: list[LabelledUtterance] = []
    tokens: list[list[int]] = []
    skipped = [*manifest.skipped, *valid.skipped]
    speeds = settings.augment.speed if settings.augment else None
    fastest = max(speeds or (1.0,))
    for utterance in manifest.utterances:
        try:
            encoded = learner.encode(utterance.text)
        except UnknownUnitError as error:
            skipped.append(Skipped(utterance.where, str(error)))
            continue
        if learner.frames_needed(encoded) > learner.frames(utterance.duration_s) / fastest:
            reason = f"{utterance.path} lasts {utterance.duration_s:.2f} s, too short for {len(encoded)} tokens"
            skipped.append(Skipped(utterance.where, reason))
            continue
        kept.append(utterance)
        tokens.append(encoded)
    if not kept:
        raise ManifestError(f"{train_list}: nothing is left to learn; the first fault: {skipped[0]}")
    hours = sum(utterance.duration_s for utterance in kept) / 3600
    description = f"{train_list.name}: {len(kept)} utterances, {hours:.2f} h"
    return Corpus(kept, tokens, valid.utterances, _noises(settings), description), skipped


def _noises(settings: AsrSettings) -> list[Path]:
    noise = settings.augment.noise if settings.augment else None
    if noise is None or noise.files is None:
        return []
    try:
        lines = noise.files.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"augment.noise.files {noise.files}: cannot be read: {error}") from error
    paths = [noise.files.parent / line.strip() for line in lines if line.strip()]
    missing = [path for path in paths if not path.is_file()]
    if not paths or missing:
        raise ManifestError(
            f"augment.noise.files {noise.files}: {f'{missing[0]} does not exist' if missing else 'names no file'}"
        )
    return paths
