"""Trains a network for role `expression` on the votes of FER+, for research only: the images are not free.

    python -m training.heads.expression --data DIR --bundle build/bundle --out runs/expression.npz
    emvas export encoder runs/expression.npz --into build/bundle --out build/research

DIR holds `faces_ferplus`. The net learns the shares of ten people's votes, not one label. The figures in the checkpoint
are of FER+'s validation part, on the faces that the box finds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from training.heads.expression_net import LABELS, ExpressionNet, write_expression_net
from training.heads.expression_pictures import VotedFaces, read_faces, view

_BATCH, _RATE, _DECAY, _WARM_UP = 128, 3e-3, 0.05, 0.2
ABOUT = {
    "training_data": "FER+ (votes: MIT, Microsoft) on the pictures of FER2013, which are from the web and for research",
    "licence": "for research: not for a product",
}


def fit(
    faces: VotedFaces, epochs: int, seed: int = 0, tell: Callable[[int, float], None] = lambda *_: None
) -> ExpressionNet:
    """A net trained on the training part; `tell` is called with each epoch's number and mean loss."""
    torch.manual_seed(seed)
    random, chosen, shares = np.random.default_rng(seed), np.flatnonzero(faces.train & faces.clear()), faces.shares()
    net, rounds = ExpressionNet(), max(1, len(chosen) // _BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=rounds * epochs, pct_start=_WARM_UP)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in np.array_split(random.permutation(chosen), rounds):
            images = torch.from_numpy(np.stack([view(faces.image[place], random) for place in batch])[:, None])
            told = torch.log_softmax(net.read(images).float(), dim=1)
            loss = -(torch.from_numpy(shares[batch]) * told).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        tell(epoch, total / rounds)
    return net.eval()


def judge(net: ExpressionNet, faces: VotedFaces) -> dict[str, Any]:
    """The accuracy, and the classes given to neutral faces: validation part, faces that the mesh finds."""
    held_out = ~faces.train & faces.clear()
    asked = held_out & faces.found
    said, wanted = said_of(net, faces.image[asked]).argmax(axis=1), faces.votes[asked].argmax(axis=1)
    neutral = said[wanted == LABELS.index("neutral")]
    return {
        "faces": int(asked.sum()),
        "without_a_face": int(held_out.sum() - asked.sum()),
        "accuracy": round(float((said == wanted).mean()), 4),
        **{f"neutral_as_{name}": round(float((neutral == LABELS.index(name)).mean()), 4) for name in ("sad", "angry")},
    }


def said_of(net: ExpressionNet, images: Any) -> Float32:
    """The probabilities (n, 7) of `images` (n, 64, 64) grey."""
    with torch.no_grad():
        parts = torch.from_numpy(np.ascontiguousarray(images)).split(256)
        return torch.cat([net(part.float().div(127.5).sub(1).unsqueeze(3)) for part in parts]).numpy()


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--bundle", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--epochs", default=8, show_default=True)
def main(data: Path, folder: Path, out: Path, epochs: int) -> None:
    """Cut the faces of DATA/faces_ferplus with the bundle's mesh, train, and write the checkpoint."""
    faces = read_faces(data / "faces_ferplus", Bundle(folder))
    net = fit(faces, epochs, tell=lambda epoch, loss: click.echo(f"{epoch}: {loss:.4f}"))
    measured = judge(net, faces)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_expression_net(net, {**ABOUT, "measured": measured}, out)
    click.echo(f"{out}: {measured}; next: emvas export encoder {out} --into {folder} --out build/research")


if __name__ == "__main__":
    main()
