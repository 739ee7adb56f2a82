"""A net of one's own: from votes to a checkpoint to a role of the bundle."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from edge.bundle.bundle import Bundle
from edge.bundle.session import Session
from export.exporters.detect import detect
from export.pipeline import run_job
from export.role_build import BuildError
from training.heads.expression import ABOUT, ExpressionTraining, judge, probabilities_of
from training.heads.expression_net import (
    INPUT_PX,
    LABELS,
    ExpressionNet,
    read_expression_net,
    write_expression_net,
)
from training.heads.expression_pictures import VOTED, VotedFaces, read_faces, view
from training.heads.net_file import NetFileError

NEUTRAL, HAPPY, SAD = (LABELS.index(name) for name in ("neutral", "happy", "sad"))
CURLS = {HAPPY: 1, SAD: -1, NEUTRAL: 0}
MEASURED = {**ABOUT, "measured": {"accuracy": 0.5, "neutral_as_sad": 0.04, "neutral_as_angry": 0.02}}


def drawn(curl: int, random: np.random.Generator) -> np.ndarray:
    """A face of three strokes whose mouth curls up, down, or not."""
    image = np.full((INPUT_PX, INPUT_PX), 150, np.uint8)
    for x in (22, 42):
        cv2.circle(image, (x, 24), 4, 30, -1)
    start, end = (20, 160) if curl > 0 else (200, 340)
    cv2.ellipse(image, (32, 45 - 5 * curl), (12, 8 * abs(curl)), 0, start, end, 30, 3)
    return np.clip(image + random.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def faces() -> VotedFaces:
    random, count = np.random.default_rng(1), 300
    wanted = np.array(list(CURLS))[np.arange(count) % 3]
    votes = np.zeros((count, len(VOTED)), np.int64)
    votes[np.arange(count), wanted] = 8
    votes[:, NEUTRAL] += 2
    images = np.stack([drawn(CURLS[label], random) for label in wanted])
    return VotedFaces(images, np.ones(count, bool), votes, np.arange(count) < 256)


def trained(training: ExpressionTraining, until: int | None = None) -> ExpressionTraining:
    """After epoch `until`, or after the last."""
    while training.epoch < (until or training.epochs):
        training.run_epoch()
    return training


def test_what_most_people_see_is_learned_and_kept(faces: VotedFaces, tmp_path: Path) -> None:
    net = trained(ExpressionTraining(faces, epochs=12)).net
    told = judge(net, faces)
    assert told["accuracy"] == 1.0 and told["neutral_as_sad"] == told["neutral_as_angry"] == 0.0
    path = tmp_path / "expression.npz"
    write_expression_net(net, MEASURED, path)
    again, about = read_expression_net(path)
    assert about["licence"] == ABOUT["licence"]
    assert probabilities_of(again, faces.image[:8]) == pytest.approx(probabilities_of(net, faces.image[:8]), abs=0.02)


def test_a_power_cut_after_any_epoch_changes_nothing(faces: VotedFaces, tmp_path: Path) -> None:
    state = tmp_path / "expression.state.pt"
    half = trained(ExpressionTraining(faces, epochs=2), until=1)
    half.save(state)
    torch.rand(7)  # another process has another history
    resumed = ExpressionTraining(faces, epochs=2)
    resumed.resume(state)
    assert resumed.epoch == 1 and not resumed.net.training, "between epochs the net is ready to be judged"
    whole, again = (trained(training).net.state_dict() for training in (half, resumed))
    assert all(torch.equal(value, again[name]) for name, value in whole.items())
    with pytest.raises(NetFileError, match=r"belongs to a training of 2 epochs, not 3: give --epochs 2"):
        ExpressionTraining(faces, epochs=3).resume(state)


def test_votes_are_shares_and_faces_that_nobody_can_name_are_left_out() -> None:
    votes = np.zeros((3, len(VOTED)), np.int64)
    votes[0, :2] = 6, 2
    votes[1, VOTED.index("contempt")], votes[1, 3] = 7, 3
    votes[2, VOTED.index("unknown")] = 9
    faces = VotedFaces(np.zeros((3, 64, 64), np.uint8), np.ones(3, bool), votes, np.ones(3, bool))
    assert faces.clear().tolist() == [True, True, False]
    assert faces.shares()[0, :2].tolist() == [0.75, 0.25]
    assert faces.shares()[1].tolist() == [0, 0, 0, 1, 0, 0, 0], "contempt is not among the seven"


def test_a_view_stays_a_picture() -> None:
    random = np.random.default_rng(2)
    seen = [view(drawn(1, random), random) for _ in range(200)]
    assert all(picture.shape == (48, 48) and np.isfinite(picture).all() for picture in seen)


@pytest.mark.bundle
def test_a_picture_without_a_face_is_cut_and_marked(bundle_dir: Path, tmp_path: Path) -> None:
    code = cv2.imencode(".webp", np.full((48, 48), 90, np.uint8))[1].tobytes()
    (tmp_path / "pictures.bin").write_bytes(code)
    with (tmp_path / "votes.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "split", "offset", "bytes", *VOTED])
        rows.writerow(["a.png", "train", 0, len(code), *([1] * len(VOTED))])
    faces = read_faces(tmp_path, Bundle(bundle_dir))
    assert faces.image.shape == (1, INPUT_PX, INPUT_PX)
    assert not faces.found[0] and faces.train[0]


def test_the_exported_graph_says_what_the_net_says(tmp_path: Path) -> None:
    torch.manual_seed(3)
    path = tmp_path / "expression.npz"
    write_expression_net(ExpressionNet().eval(), MEASURED, path)
    job = detect(path, "encoder").build(path, {}, tmp_path)
    assert job.role == "expression" and job.sources[0].licence == ABOUT["licence"]
    assert (
        "right on 50% of FER+'s validation faces; of neutral ones 4% are read as sad and 2% as angry" in job.description
    )
    built = run_job(job, (), tmp_path, lambda _: None)
    graph = Session(built.variants["fp32"].graphs["model"])
    images = np.stack([drawn(curl, np.random.default_rng(4)) for curl in (1, -1)])
    said = graph.run({"image": images[..., None].astype(np.float32) / 127.5 - 1})["probabilities"]
    assert said == pytest.approx(probabilities_of(read_expression_net(path)[0], images), abs=1e-4)


def test_any_other_file_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, about=np.array("{}"))
    with pytest.raises(NetFileError, match="no emvas-expression-1 checkpoint"):
        read_expression_net(path)
    with pytest.raises(BuildError, match="no checkpoint of this project"):
        detect(path, "encoder")
