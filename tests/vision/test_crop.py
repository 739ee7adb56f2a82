import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.crop import Crop, angle_between, halved, halvings, unit_rgb

CROPS = st.builds(
    Crop,
    x_px=st.floats(-50, 700),
    y_px=st.floats(-50, 500),
    side_px=st.floats(5, 900),
    angle_rad=st.floats(-3.1, 3.1),
    mirrored=st.booleans(),
)


@given(CROPS)
def test_the_middle_of_a_crop_is_its_centre(crop: Crop) -> None:
    placed = crop.to_frame(np.array([[32.0, 32.0]], np.float32), 64)
    assert placed[0] == pytest.approx([crop.x_px, crop.y_px], abs=1e-2)


@given(CROPS)
def test_a_crop_keeps_distances_in_scale(crop: Crop) -> None:
    placed = crop.to_frame(np.array([[0, 0, 0], [64, 0, 64]], np.float32), 64)
    assert np.hypot(*(placed[1] - placed[0])[:2]) == pytest.approx(crop.side_px, rel=1e-3)
    assert placed[1, 2] == pytest.approx(crop.side_px, rel=1e-3)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("angle_rad", "side_px"), [(0.0, 64.0), (0.4, 50.0), (-0.9, 90.0), (0.3, 300.0)])
def test_what_the_crop_shows_lies_where_to_frame_says(angle_rad: float, side_px: float, mirrored: bool) -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    dot = (np.array([200.0, 200.0]) + side_px * np.array([0.2, -0.15])).astype(int)
    radius = max(2, round(side_px / 32))
    image[dot[1] - radius : dot[1] + radius, dot[0] - radius : dot[0] + radius] = 255
    crop = Crop(200.0, 200.0, side_px, angle_rad, mirrored)
    cut = crop.cut(image, 64)[..., 0].astype(float)
    rows, columns = np.mgrid[:64, :64] + 0.5
    seen = np.array([[(columns * cut).sum(), (rows * cut).sum()]], np.float32) / cut.sum()
    assert crop.to_frame(seen, 64)[0] == pytest.approx(dot, abs=side_px / 64)


def test_a_large_crop_is_averaged_and_does_not_alias() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    image[::2] = 255  # lines that sampling one pixel in eight would turn all white or all black
    cut = Crop(256.0, 256.0, 512.0).cut(image, 64)
    assert 100 < cut.mean() < 155
    assert cut.std() < 20


def test_angles_run_clockwise_on_the_screen() -> None:
    assert angle_between(np.array([0.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(np.pi / 4)


def test_a_batch_is_rgb_from_0_to_1() -> None:
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[..., 0] = 255
    batch = unit_rgb([blue, blue])
    assert batch.shape == (2, 3, 4, 4)
    assert batch.dtype == np.float32
    assert batch[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(("ratio", "factor"), [(0.3, 1), (1.99, 1), (2.0, 2), (3.9, 2), (4.0, 4), (15.0, 8)])
def test_a_picture_is_halved_as_often_as_the_ratio_holds_it(ratio: float, factor: int) -> None:
    assert halvings(ratio) == factor


@pytest.mark.parametrize("factor", [1, 2, 8])
def test_halving_is_the_mean_of_each_square(factor: int) -> None:
    image = np.random.default_rng(factor).integers(0, 256, (8 * factor + 1, 6 * factor, 3), np.uint8)
    squares = image[: 8 * factor].reshape(8, factor, 6, factor, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(halved(image, factor)[:8], squares, atol=1.5)  # every step rounds
