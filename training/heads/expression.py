"""Trains a network for role `expression` on the votes of FER+, for research only: the images are not free.

    python -m training.heads.expression --data DIR --bundle build/bundle --out runs/expression.npz
    emvas export encoder runs/expression.npz --into build/bundle --out build/research

DIR holds `faces_ferplus`. The net learns the shares of ten people's votes, not one label. The figures in the checkpoint
are of FER+'s validation part, on the faces that the box finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from training.heads.expression_net import LABELS, ExpressionNet, write_expression_net
from training.heads.expression_pictures import VotedFaces, read_faces, view
from training.heads.net_file import NetFileError

_BATCH, _RATE, _DECAY, _WARM_UP = 128, 3e-3, 0.05, 0.2
ABOUT = {
    "training_data": "FER+ (votes: MIT, Microsoft) on the pictures of FER2013, which are from the web and for research",
    "licence": "for research: not for a product",
}


class ExpressionTraining:
    """A training that gives the same weights with and without an interruption: each epoch has its own seed."""

    def __init__(self, faces: VotedFaces, epochs: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self._faces, self._seed, self.epochs, self.epoch = faces, seed, epochs, 0
        self._chosen, self._shares = np.flatnonzero(faces.train & faces.clear()), torch.from_numpy(faces.shares())
        self._rounds = max(1, len(self._chosen) // _BATCH)
        self.net = ExpressionNet().eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.AdamW(self.net.parameters(), _RATE, weight_decay=_DECAY)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, _RATE, total_steps=self._rounds * epochs, pct_start=_WARM_UP
        )

    def run_epoch(self) -> float:
        """Learn from every face once; the mean loss."""
        torch.manual_seed(self._seed + self.epoch)
        random, total = np.random.default_rng((self._seed, self.epoch)), 0.0
        self.net.train()
        for batch in np.array_split(random.permutation(self._chosen), self._rounds):
            images = np.stack([view(self._faces.image[place], random) for place in batch])[:, None]
            total += self._step(torch.from_numpy(images), self._shares[torch.from_numpy(batch)])
        self.net.eval()
        self.epoch += 1
        return total / self._rounds

    def _step(self, images: Tensor, shares: Tensor) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=_fast_bfloat16()):
            logits = self.net.read(images)
        loss = -(shares * torch.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write all that the next epoch needs, whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        torch.save({"epochs": self.epochs, "epoch": self.epoch, **{k: v.state_dict() for k, v in self._parts()}}, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from the state in `path`.

        Raises:
            NetFileError: a state of another number of epochs, whose learning rates are others.
        """
        stored = torch.load(path, weights_only=True)
        if stored["epochs"] != self.epochs:
            raise NetFileError(
                f"{path} belongs to a training of {stored['epochs']} epochs, not {self.epochs}: give --epochs "
                f"{stored['epochs']} to go on with it, or remove it to begin anew"
            )
        self.epoch = stored["epoch"]
        for name, part in self._parts():
            part.load_state_dict(stored[name])

    def _parts(self) -> Sequence[tuple[str, Any]]:
        return ("net", self.net), ("optimizer", self._optimizer), ("schedule", self._schedule)


def _fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in one instruction; others would be slower with it."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def judge(net: ExpressionNet, faces: VotedFaces) -> dict[str, Any]:
    """The accuracy, and the classes given to neutral faces: validation part, faces that the mesh finds."""
    held_out = ~faces.train & faces.clear()
    asked = held_out & faces.found
    guessed, wanted = probabilities_of(net, faces.image[asked]).argmax(axis=1), faces.votes[asked].argmax(axis=1)
    neutral = guessed[wanted == LABELS.index("neutral")]
    return {
        "faces": int(asked.sum()),
        "without_a_face": int(held_out.sum() - asked.sum()),
        "accuracy": round(float((guessed == wanted).mean()), 4),
        **{f"neutral_as_{name}": round(float((neutral == LABELS.index(name)).mean()), 4) for name in ("sad", "angry")},
    }


def probabilities_of(net: ExpressionNet, images: Any) -> Float32:
    """The probabilities (n, 7) of `images` (n, 64, 64) grey."""
    with torch.no_grad():
        parts = torch.from_numpy(np.ascontiguousarray(images)).split(256)
        return torch.cat([net(part.float().div(127.5).sub(1).unsqueeze(3)) for part in parts]).numpy()


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--bundle", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--epochs", default=15, show_default=True)
def main(data: Path, folder: Path, out: Path, epochs: int) -> None:
    """Cut the faces of DATA/faces_ferplus with the bundle's mesh, train, and write the checkpoint.

    After an interruption the same command goes on after the last whole epoch.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    faces, state = read_faces(data / "faces_ferplus", Bundle(folder)), out.with_suffix(".state.pt")
    training = ExpressionTraining(faces, epochs)
    if state.exists():
        training.resume(state)
    while training.epoch < epochs:
        loss = training.run_epoch()
        training.save(state)
        click.echo(f"{training.epoch} of {epochs}: {loss:.4f}")
    measured = judge(training.net, faces)
    write_expression_net(training.net, {**ABOUT, "measured": measured}, out)
    state.unlink(missing_ok=True)
    click.echo(f"{out}: {measured}; next: emvas export encoder {out} --into {folder} --out build/research")


if __name__ == "__main__":
    main()
