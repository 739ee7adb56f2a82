"""One eye in turn is enough while both are still; nothing that closes is seen later for it."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from demo.lids import Eyelid
from demo.portrait import load_portrait
from edge.bundle.bundle import Bundle
from edge.messages import Frame
from edge.vision import usable_eyes
from edge.vision.crop import Crop, Image
from edge.vision.geometry import opening_of
from edge.vision.iris import Eye, EyeModel
from edge.vision.mesh import Mesh
from edge.vision.tracker import head_of
from edge.vision.usable_eyes import EyeReader


class CountingModel(EyeModel):
    """The eye model, and which sides it read in each run: left crops are mirrored."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.read_sides: list[Counter[str]] = []

    def read_crops(self, pictures: list[Image], crops: list[Crop]) -> list[Eye]:
        self.read_sides.append(Counter("left" if crop.mirrored else "right" for crop in crops))
        return super().read_crops(pictures, crops)

    def taken(self) -> Counter[str]:
        """The eyes read since the last call."""
        total, self.read_sides = sum(self.read_sides, Counter[str]()), []
        return total


class Watched:
    """Eye turns on the portrait, at a frame rate."""

    def __init__(self, bundle: Bundle, fps: float) -> None:
        self.turns, self.model = EyeReader(bundle), CountingModel(bundle)
        self.turns._model = self.model
        self.portrait = load_portrait(bundle)
        self.mesh = Mesh(self.portrait.points, 1.0)
        self._step_s, self._t_s = 1 / fps, 0.0

    def see(self, image: Image | None = None, mesh: Mesh | None = None) -> tuple[Eye, Eye]:
        self._t_s += self._step_s
        picture = self.portrait.image if image is None else image
        self._head = head_of(mesh or self.mesh, self._t_s)
        return self._read(picture)

    def see_without_mesh(self, image: Image | None = None) -> tuple[Eye, Eye]:
        """The last mesh stands."""
        self._t_s += self._step_s
        return self._read(self.portrait.image if image is None else image)

    def _read(self, picture: Image) -> tuple[Eye, Eye]:
        frame = Frame(self._t_s, picture, 0)
        if self.turns.glance(frame, {1: self._head}):
            self.turns.stare(frame, {1: self._head})
        return self.turns.eyes(1)

    def turned(self) -> Mesh:
        """The left eye's outer corner goes far back: the eye is seen edge-on."""
        points = self.mesh.points.copy()
        points[263, 2] += 100.0
        return Mesh(points, 1.0)

    def mesh_with_lids_down(self, share: float) -> Mesh:
        """The upper lids' points half way to where they belong, as the mesh has it."""
        points = self.mesh.points.copy()
        for upper, lower in ((160, 144), (158, 153), (385, 380), (387, 373)):
            points[upper] += 0.5 * share * (points[lower] - points[upper])
        return Mesh(points, 1.0)

    def lids_down(self, share: float) -> Image:
        """The portrait with its lids lowered."""
        image = self.portrait.image.copy()
        for lids in self.portrait.lids:
            Eyelid(lids).draw(image, share)
        return image


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    return Bundle(bundle_dir)


@pytest.fixture
def pictures_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no picture of an eye were like the one before."""
    monkeypatch.setattr(usable_eyes, "_SAME_PICTURE", -1.0)


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_still_open_eyes_are_read_in_turn_in_every_second_picture(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    watched.see()
    assert watched.model.taken() == {"right": 1, "left": 1}, "both when a face is new"
    whole = watched.see()
    watched.model.taken()
    for _ in range(12):
        pair = watched.see()
        assert [opening_of(eye) for eye in pair] == pytest.approx([opening_of(eye) for eye in whole], abs=0.02)
    assert watched.model.taken() == {"right": 3, "left": 3}


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_a_picture_without_a_mesh_has_an_eye_read_however_calm_they_are(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    for _ in range(4):
        watched.see()
    watched.model.taken()
    for _ in range(6):
        watched.see_without_mesh()
        assert watched.model.taken().total() == 1
        watched.see()
        assert watched.model.taken().total() == 0


@pytest.mark.bundle
def test_lids_that_fall_in_a_picture_without_a_mesh_are_seen_in_it(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    for _ in range(4):
        watched.see()
    pair = watched.see_without_mesh(watched.lids_down(1.0))
    assert all(opening_of(eye) < 0.12 for eye in pair)


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_eyes_that_stay_shut_are_still_too_and_seen_to_open_at_once(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    shut, mesh = watched.lids_down(1.0), watched.mesh_with_lids_down(1.0)
    for _ in range(3):
        watched.see(shut, mesh)
    watched.model.taken()
    for _ in range(8):
        assert all(opening_of(eye) < 0.12 for eye in watched.see(shut, mesh))
    assert watched.model.taken().total() == 4
    assert all(opening_of(eye) > 0.2 for eye in watched.see())


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_at_fifteen_pictures_a_second_one_eye_is_read_in_each(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=15)
    watched.see()
    watched.model.taken()
    for _ in range(12):
        watched.see()
    assert watched.model.taken() == {"right": 6, "left": 6}


@pytest.mark.bundle
@pytest.mark.parametrize("pictures_before", [6, 7])
def test_lids_that_move_have_both_eyes_looked_at_in_the_same_picture(bundle: Bundle, pictures_before: int) -> None:
    """Whether the eyes' next picture would have been one to rest in or not."""
    watched = Watched(bundle, fps=30)
    for _ in range(pictures_before):
        watched.see()
    watched.model.taken()
    for share in (0.4, 0.8):
        pair = watched.see(watched.lids_down(share), watched.mesh_with_lids_down(share))
        assert watched.model.taken() == {"right": 1, "left": 1}
        alone = EyeModel(bundle).read(watched.lids_down(share), [watched.mesh])[0]
        assert [opening_of(eye) for eye in pair] == pytest.approx([opening_of(eye) for eye in alone], abs=0.01)


@pytest.mark.bundle
@pytest.mark.parametrize("pictures_before", [6, 7])
def test_where_the_mesh_does_not_see_the_lids_move_the_eyes_do_one_picture_later(
    bundle: Bundle, pictures_before: int
) -> None:
    watched = Watched(bundle, fps=30)
    for _ in range(pictures_before):
        watched.see()
    first, second = (watched.see(watched.lids_down(1.0)) for _ in range(2))
    assert all(opening_of(eye) < 0.12 for eye in second)
    assert pictures_before == 6 or all(opening_of(eye) < 0.12 for eye in first)


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_an_eye_that_comes_back_into_view_is_read_although_the_other_is_calm(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    watched.see()
    for _ in range(9):
        watched.see(mesh=watched.turned())
    watched.model.taken()
    watched.see()
    assert watched.model.taken()["left"] == 1


@pytest.mark.bundle
def test_open_eyes_whose_picture_stays_the_same_are_read_four_times_a_second(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=15)
    whole = watched.see()
    watched.model.taken()
    for _ in range(30):
        pair = watched.see()
        assert [opening_of(eye) for eye in pair] == pytest.approx([opening_of(eye) for eye in whole], abs=0.02)
    assert 12 <= watched.model.taken().total() <= 16


@pytest.mark.bundle
def test_shut_eyes_are_read_however_alike_their_pictures_are(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=15)
    image, mesh = watched.lids_down(1.0), watched.mesh_with_lids_down(1.0)
    watched.see(image, mesh)
    watched.model.taken()
    for _ in range(30):
        watched.see(image, mesh)
    assert watched.model.taken().total() == 30


@pytest.mark.bundle
@pytest.mark.parametrize("fps", [8, 15, 30])
def test_lids_that_sink_slowly_are_told_at_most_a_tenth_of_a_second_later_than_if_all_were_read(
    bundle: Bundle, fps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds from open to shut: each picture is much like the one before, not like the one that was read.

    From half way down on; the first drawn sliver of a lid alone moves a reading by a third.
    """
    told = _sinking(Watched(bundle, fps), 2 * fps)
    monkeypatch.setattr(usable_eyes, "_SAME_PICTURE", -1.0)
    read = _sinking(Watched(bundle, fps), 2 * fps)
    low = np.flatnonzero(read <= 0.15)
    assert low.size
    assert np.all(told[low] <= read[low - math.ceil(0.1 * fps)] + 0.01)


def _sinking(watched: Watched, pictures: int) -> npt.NDArray[np.float64]:
    """The mean opening while the lids fall in so many pictures."""
    openings = []
    for share in np.linspace(0.0, 1.0, pictures):
        pair = watched.see(watched.lids_down(share), watched.mesh_with_lids_down(share))
        openings.append(np.mean([opening_of(eye) for eye in pair]))
    return np.array(openings)


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_at_a_low_frame_rate_both_are_read_always(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=10)
    for _ in range(5):
        watched.see()
    assert watched.model.taken() == {"right": 5, "left": 5}


@pytest.mark.bundle
@pytest.mark.usefixtures("pictures_differ")
def test_an_eye_turned_away_is_not_read_until_it_is_back(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    watched.see()
    watched.model.taken()
    for _ in range(8):
        watched.see(mesh=watched.turned())
    taken = watched.model.taken()
    assert set(taken) == {"right"}
    assert taken["right"] >= 4


@pytest.mark.bundle
def test_what_is_known_of_a_face_goes_with_it(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    watched.see()
    assert watched.turns.glance(Frame(0.1, watched.portrait.image, 0), {}) == []
    watched.model.taken()
    watched.see()
    assert watched.model.taken() == {"right": 1, "left": 1}
