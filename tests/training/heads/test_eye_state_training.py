"""The net of open and shut eyes: lids are really brought down, a little training learns, what is committed is sound."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from edge.bundle.bundle import Bundle
from edge.vision.crop import Crop
from edge.vision.iris import INPUT_PX, EyeModel
from training.heads.eye_net import EyeNet, read_eye_net, write_eye_net
from training.heads.eye_pictures import LICENCES, MARGIN_PX, EyeCutter, EyePictures, collect
from training.heads.eye_state import fit, make_views, openness_of
from training.heads.eye_views import lids_lowered, view
from training.heads.net_file import NetFileError

CHECKPOINT = Path("configs/bundles/eye_state.npz")


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    return Bundle(bundle_dir)


@pytest.fixture(scope="module")
def eyes(bundle: Bundle) -> EyePictures:
    portrait = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    return collect(bundle, [("portrait", portrait), ("black", np.zeros((64, 64, 3), np.uint8))])


@pytest.mark.bundle
def test_both_eyes_of_a_portrait_are_cut_out(eyes: EyePictures, bundle: Bundle) -> None:
    assert list(eyes.source) == ["portrait", "portrait"]
    assert (eyes.gap > 0.2).all()
    assert ((eyes.lids > MARGIN_PX) & (eyes.lids < MARGIN_PX + INPUT_PX)).all()
    assert EyeCutter(bundle).cut(np.zeros((64, 64, 3), np.uint8)) == []


@pytest.mark.bundle
def test_lids_brought_down_are_lower_for_the_iris_model(eyes: EyePictures, bundle: Bundle) -> None:
    def gap(share: float) -> float:
        middle = slice(MARGIN_PX, -MARGIN_PX)
        greys = [
            lids_lowered(patch, lids, share, np.random.default_rng(seed))[middle, middle]
            for patch, lids in zip(eyes.patch, eyes.lids, strict=True)
            for seed in range(3)
        ]
        read = EyeModel(bundle).read_crops([np.dstack([grey] * 3) for grey in greys], [Crop(32, 32, 64)] * len(greys))
        return float(np.mean([eye.lid_gap for eye in read]))

    whole, half, shut = gap(1.0), gap(0.5), gap(0.0)
    assert whole == pytest.approx(eyes.gap.mean(), abs=0.05)
    assert shut < 0.7 * whole
    assert shut < half < whole


@pytest.mark.bundle
def test_a_view_is_the_same_for_the_same_seed_only(eyes: EyePictures) -> None:
    one, again, other = (view(eyes.patch[0], np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (INPUT_PX, INPUT_PX)
    assert one.dtype == np.uint8
    assert (one == again).all()
    assert (one != other).mean() > 0.5


@pytest.mark.bundle
def test_a_little_training_tells_open_from_shut(eyes: EyePictures) -> None:
    views = make_views(eyes, 512, np.random.default_rng(0))
    assert 0.2 < (views.open == 0).mean() < 0.5
    losses: list[float] = []
    fit(views, 4, tell=lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.9 * losses[0]


def test_a_net_is_stored_and_read_back(tmp_path: Path) -> None:
    torch.manual_seed(1)
    net, path = EyeNet().eval(), tmp_path / "net.npz"
    write_eye_net(net, {"measured": {"auc": 0.5}}, path)
    back, about = read_eye_net(path)
    greys = np.random.default_rng(0).integers(0, 255, (4, INPUT_PX, INPUT_PX), dtype=np.uint8)
    assert about["measured"] == {"auc": 0.5}
    assert openness_of(back, greys) == pytest.approx(openness_of(net, greys), abs=2e-3)
    assert [item.name for item in tmp_path.iterdir()] == ["net.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_checkpoint_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(NetFileError, match=r"broken\.npz is no emvas-eye-state-1 checkpoint"):
        read_eye_net(path)


def test_the_committed_net_knows_light_from_dark_alike_and_names_its_licences() -> None:
    net, about = read_eye_net(CHECKPOINT)
    assert all(f"{name}: {licence}" in about["training_data"] for name, licence in LICENCES.items())
    assert "unknown" not in about["training_data"]
    assert about["measured"]["unseen_people"]["auc_filmed"] >= 0.99
    portrait = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    eye = cv2.resize(portrait[80:125, 181:226], (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_LINEAR)
    dark = np.rint(0.2 * eye).astype(np.uint8)
    assert (openness_of(net, np.stack([eye, dark])) > 0.9).all()
