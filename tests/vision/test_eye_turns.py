"""One eye in turn is enough while both are still; nothing that closes is seen later for it."""

from collections import Counter
from pathlib import Path

import pytest

from demo.lids import Eyelid
from demo.portrait import load_portrait
from edge.bundle.bundle import Bundle
from edge.messages import Frame
from edge.vision.crop import Crop, Image
from edge.vision.eye_turns import EyeTurns
from edge.vision.geometry import opening_of
from edge.vision.iris import Eye, EyeModel
from edge.vision.mesh import Mesh


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
        self.turns, self.model = EyeTurns(bundle), CountingModel(bundle)
        self.turns._model = self.model
        self.portrait = load_portrait(bundle)
        self.mesh = Mesh(self.portrait.points, 1.0)
        self._step_s, self._t_s = 1 / fps, 0.0

    def see(self, image: Image | None = None, mesh: Mesh | None = None) -> tuple[Eye, Eye]:
        self._t_s += self._step_s
        picture = self.portrait.image if image is None else image
        return self.turns.read(Frame(self._t_s, picture, 0), {1: mesh or self.mesh})[1]

    def lids_down(self, share: float) -> Image:
        """The portrait with its lids lowered."""
        image = self.portrait.image.copy()
        for lids in self.portrait.lids:
            Eyelid(lids).draw(image, share)
        return image


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    return Bundle(bundle_dir)


@pytest.mark.bundle
def test_still_open_eyes_are_read_in_turn(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    watched.see()
    assert watched.model.taken() == {"right": 1, "left": 1}, "both when a face is new"
    whole = watched.see()
    watched.model.taken()
    for _ in range(10):
        pair = watched.see()
        assert [opening_of(eye) for eye in pair] == pytest.approx([opening_of(eye) for eye in whole], abs=0.02)
    assert watched.model.taken() == {"right": 5, "left": 5}


@pytest.mark.bundle
def test_an_eye_that_changes_has_the_other_looked_at_in_the_same_picture(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    for _ in range(6):
        watched.see()
    watched.model.taken()
    for share in (0.4, 0.8, 1.0, 1.0):
        pair = watched.see(watched.lids_down(share))
        assert watched.model.taken() == {"right": 1, "left": 1}
        alone = EyeModel(bundle).read(watched.lids_down(share), [watched.mesh])[0]
        assert [opening_of(eye) for eye in pair] == pytest.approx([opening_of(eye) for eye in alone], abs=1e-3)


@pytest.mark.bundle
def test_at_a_low_frame_rate_both_are_read_always(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=10)
    for _ in range(5):
        watched.see()
    assert watched.model.taken() == {"right": 5, "left": 5}


@pytest.mark.bundle
def test_an_eye_turned_away_is_not_read_until_it_is_back(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    points = watched.mesh.points.copy()
    points[263, 2] += 100.0  # the left eye's outer corner goes far back: the eye is seen edge-on
    turned = Mesh(points, 1.0)
    watched.see()
    watched.model.taken()
    for _ in range(6):
        watched.see(mesh=turned)
    assert watched.model.taken() == {"right": 6}
    watched.see()
    assert watched.model.taken() == {"right": 1, "left": 1}


@pytest.mark.bundle
def test_what_is_known_of_a_face_goes_with_it(bundle: Bundle) -> None:
    watched = Watched(bundle, fps=30)
    watched.see()
    assert watched.turns.read(Frame(0.1, watched.portrait.image, 0), {}) == {}
    watched.model.taken()
    watched.see()
    assert watched.model.taken() == {"right": 1, "left": 1}
