"""Trains the small network for the openness of an eye, from images with a clear licence.

    python -m training.heads.eye_state --data DIR --bundle build/bundle --out configs/bundles/eye_state.npz

The output is relative: 1 is the eye as it was found open, 0 is shut. Eyes whose lids the iris model sees neither
clearly open nor clearly shut are left out. No infra-red picture is used: light, noise, glare and glasses are drawn. The
figures in the checkpoint are of people it was not trained on (`HELD_OUT`), as filmed and with the drawn changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track
from sklearn.metrics import roc_auc_score

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from training.heads.eye_net import EyeNet, write_eye_net
from training.heads.eye_pictures import (
    CLIPS,
    FACES,
    LICENCES,
    MARGIN_PX,
    EyePictures,
    clip_pictures,
    collect,
    face_pictures,
)
from training.heads.eye_views import lids_lowered, view

OPEN_FROM, SHUT_BELOW = 0.21, 0.085
"""`lid_gap` of eyes that are clearly open or clearly shut (checked by eye on contact sheets of 288 eyes each)."""
HELD_OUT = ("blink", "cab")
"""Clips of other people, for the figures only."""
_SHUT_SHARE, _LOWERED_SHARE, _WHOLLY_SHARE, _MOST_LOWERED = 0.12, 0.43, 0.65, 0.85
"""Shares of the views: really shut eyes; open ones with lowered lids; of these fully lowered, the others at most to
`_MOST`."""
_CLIP_WEIGHT = 2.0
"""How many times more often an open eye of a clip is used than one of the larger set of faces."""
_BATCH, _RATE, _DECAY, _SHIFT_PX = 128, 3e-3, 0.02, 4


@dataclass(frozen=True, slots=True)
class Views:
    """`image` (n, 64, 64) grey and how far each eye is `open`, 0..1."""

    image: npt.NDArray[np.uint8]
    open: Float32


def make_views(eyes: EyePictures, count: int, random: np.random.Generator) -> Views:
    """`count` views of `eyes`, open, shut and between."""
    opened, shut = np.flatnonzero(eyes.gap >= OPEN_FROM), np.flatnonzero(eyes.gap < SHUT_BELOW)
    weight = np.where(eyes.source[opened] == FACES, 1.0, _CLIP_WEIGHT)
    chosen = random.choice(opened, count, p=weight / weight.sum())
    images, shares = [], np.ones(count, np.float32)
    for place, eye in enumerate(chosen):
        kind = random.random()
        patch = eyes.patch[eye]
        if kind < _SHUT_SHARE and shut.size:
            patch, shares[place] = eyes.patch[random.choice(shut)], 0.0
        elif kind < _SHUT_SHARE + _LOWERED_SHARE:
            shares[place] = 0.0 if random.random() < _WHOLLY_SHARE else random.uniform(0, _MOST_LOWERED)
            patch = lids_lowered(patch, eyes.lids[eye], float(shares[place]), random)
        images.append(view(patch, random))
    return Views(np.stack(images), shares)


def fit(views: Views, epochs: int, seed: int = 0, tell: Callable[[int, float], None] = lambda *_: None) -> EyeNet:
    """A net trained on `views`; `tell` is called with each epoch's number and mean loss."""
    torch.manual_seed(seed)
    images, shares = torch.from_numpy(views.image), torch.from_numpy(views.open)
    net, loss_of = EyeNet(), torch.nn.BCEWithLogitsLoss()
    rounds = max(1, len(images) // _BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=rounds * epochs)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in torch.randperm(len(images)).split(_BATCH)[:rounds]:
            grey = images[batch].float().div(255).unsqueeze(1)
            if torch.rand(()) < 0.5:
                grey = grey.flip(3)
            grey = torch.roll(grey, torch.randint(-_SHIFT_PX, _SHIFT_PX + 1, (2,)).tolist(), (2, 3))
            loss = loss_of(net.read(grey)[:, 0], shares[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        tell(epoch, total / rounds)
    return net.eval()


def judge(net: EyeNet, eyes: EyePictures, random: np.random.Generator) -> dict[str, Any]:
    """The areas under the ROC curve of clearly open against clearly shut eyes, as filmed and with the drawn changes."""
    clear = (eyes.gap >= OPEN_FROM) | (eyes.gap < SHUT_BELOW)
    patches, opened = eyes.patch[clear], eyes.gap[clear] >= OPEN_FROM
    middle = slice(MARGIN_PX, -MARGIN_PX)
    filmed, drawn = patches[:, middle, middle], np.stack([view(patch, random) for patch in patches])
    areas = {
        name: float(roc_auc_score(opened, openness_of(net, side)))
        for name, side in (("filmed", filmed), ("drawn", drawn))
    }
    counts = {"open": int(opened.sum()), "shut": int((~opened).sum())}
    return {**counts, **{f"auc_{name}": round(area, 4) for name, area in areas.items()}}


def openness_of(net: EyeNet, greys: npt.NDArray[np.uint8]) -> Float32:
    """The net's openness of each of `greys` (n, 64, 64)."""
    with torch.no_grad():
        parts = torch.from_numpy(np.ascontiguousarray(greys)).split(256)
        return torch.cat([torch.sigmoid(net.read(part.float().div(255).unsqueeze(1))) for part in parts])[:, 0].numpy()


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--bundle", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--views", "count", default=58_000, show_default=True, help="views to draw")
@click.option("--epochs", default=7, show_default=True)
def main(data: Path, folder: Path, out: Path, count: int, epochs: int) -> None:
    """Cut the eyes out of DATA with the models of the bundle, train, and write the checkpoint of the recipe."""
    bundle, random = Bundle(folder), np.random.default_rng(1)
    faces = track(face_pictures(data), "faces", total=None)
    eyes = collect(bundle, [*faces, *clip_pictures(data, CLIPS)])
    net = fit(make_views(eyes, count, random), epochs, tell=lambda epoch, loss: click.echo(f"{epoch}: {loss:.4f}"))
    held_out = collect(bundle, clip_pictures(data, HELD_OUT))
    about = {
        "measured": {"unseen_people": judge(net, held_out, random), "clips": list(HELD_OUT)},
        "eyes": {"open": int((eyes.gap >= OPEN_FROM).sum()), "shut": int((eyes.gap < SHUT_BELOW).sum())},
        "training_data": "; ".join(f"{name}: {licence}" for name, licence in LICENCES.items()),
    }
    write_eye_net(net, about, out)
    click.echo(f"{out}: {out.stat().st_size} bytes; {about}; next: emvas bundle build configs/bundles/default.yaml")


if __name__ == "__main__":
    main()
