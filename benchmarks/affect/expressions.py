"""How well the box reads expressions, and of how small faces.

    python -m benchmarks.affect.expressions --bundle build/bundle --bundle build/research --data DIR

Pictures of FER+'s validation part and of a set that students labelled, found by the mesh and cut as on the box; then
some of the second set, shrunk to faces of a few px. Each bundle's network reads them. Into `expressions.md` and
`expressions.json`; two minutes of one core a bundle.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from benchmarks.evidence import write_page
from edge.affect.face_memory import expression_valence
from edge.bundle.bundle import Bundle
from edge.vision.crop import Crop, Image
from edge.vision.mesh import FaceMesh, Mesh
from edge.vision.perception import ExpressionModel

_LABEL = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprise",
}
"""The sets' words in ours; their eighth, contempt, we do not have: always wrong in FER+, left out of the other."""
_SIGN = {"angry": -1, "disgust": -1, "fear": -1, "sad": -1, "happy": 1}
_VOTED = (*_LABEL, "contempt")
_NEAR_PX = 192
"""Side to which a picture is enlarged, so that the mesh sees it as it sees a near face."""
_BEGIN = 1.28
"""Side of the mesh's first crop over that of the picture, which the face fills."""
WIDTHS_PX = (64, 48, 40, 32, 28, 24, 20, 16)
_SHRUNK, _NOISE = 250, 2.0
"""Faces of each width; grey levels of a camera's noise."""

Reading = dict[str, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """One set."""

    faces: int
    not_found: int
    accuracy: float
    accuracy_95: tuple[float, float]
    """Interval by picture: who the people are is unknown."""
    mean_recall: float
    neutral_as_sad: float
    neutral_as_angry: float
    valence_sign: float
    """Of the faces with a sign, the share whose valence has it."""


@dataclass(frozen=True, slots=True)
class Network:
    """One bundle's network."""

    name: str
    """Where its weights are from, and their licence."""
    sets: dict[str, Figures]
    sizes: list[Size]


@dataclass(frozen=True, slots=True)
class Size:
    """Faces of one width."""

    width_px: int
    faces: int
    accuracy: float
    as_before: float
    """Share that is read as before they were shrunk."""
    neutral_as_negative: float


class Reader:
    """Reads the one face of a picture as the box does that follows it."""

    def __init__(self, bundle: Bundle) -> None:
        self._mesh, self._model = FaceMesh(bundle), ExpressionModel(bundle)

    def find(self, image: Image) -> Mesh | None:
        """The mesh in the second picture of two alike."""
        crop = Crop(image.shape[1] / 2, image.shape[0] / 2, _BEGIN * image.shape[0])
        for _ in range(2):
            (mesh,) = self._mesh.locate(image, [crop])
            if not mesh.present:
                return None
            crop = mesh.next_crop()
        return mesh

    def read(self, image: Image, mesh: Mesh) -> Reading:
        """Its expression."""
        return self._model.read(image, [mesh.next_crop()])[0]


def enlarged(grey: Image) -> Image:
    """As colour, 192 px on a side."""
    large = cv2.resize(grey, (_NEAR_PX, _NEAR_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8)


def ferplus(folder: Path) -> Iterator[tuple[Image, str]]:
    """The validation part: pictures, and what most of ten people saw; those that they could not name are left out."""
    stored = (folder / "pictures.bin").read_bytes()
    with (folder / "votes.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "valid"]
    for row in rows:
        seen = max((*_VOTED, "unknown", "NF"), key=lambda name: int(row[name]))
        if seen in _VOTED:
            code = np.frombuffer(stored, np.uint8, int(row["bytes"]), int(row["offset"]))
            yield np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8), _LABEL.get(seen, seen)


def students(file: Path) -> Iterator[tuple[Image, str]]:
    """The set labelled by students."""
    with np.load(file) as stored:
        for image, label in zip(stored["image"], stored["label"].tolist(), strict=True):
            if label in _LABEL:
                yield image, _LABEL[label]


def judge(reader: Reader, pictures: Iterator[tuple[Image, str]]) -> Figures:
    """All of a set."""
    wanted, read, not_found = [], [], 0
    for grey, label in pictures:
        image = enlarged(grey)
        mesh = reader.find(image)
        if mesh is None:
            not_found += 1
            continue
        wanted.append(label)
        read.append(reader.read(image, mesh))
    truth, said = np.array(wanted), np.array([_most(reading) for reading in read])
    neutral = said[truth == "neutral"]
    sign = np.array([_SIGN.get(label, 0) for label in wanted])
    valence = np.sign([expression_valence(reading) for reading in read])
    return Figures(
        len(read),
        not_found,
        _share(said == truth),
        _interval(said == truth),
        round(float(np.mean([(said == truth)[truth == label].mean() for label in _LABEL.values()])), 3),
        _share(neutral == "sad"),
        _share(neutral == "angry"),
        _share(valence[sign != 0] == sign[sign != 0]),
    )


def shrink(reader: Reader, pictures: Sequence[tuple[Image, str]]) -> list[Size]:
    """The same faces, smaller and smaller."""
    random, rows = np.random.default_rng(0), []
    near = [(enlarged(grey), label) for grey, label in pictures]
    known = [(image, label, mesh, reader.read(image, mesh)) for image, label in near if (mesh := reader.find(image))]
    for width in WIDTHS_PX:
        wanted, said, before = [], [], []
        for image, label, mesh, reading in known:
            factor = width / mesh.box()[2]
            far = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            noisy = np.clip(far + random.normal(0, _NOISE, far.shape), 0, 255).astype(np.uint8)
            found = reader.find(noisy)
            if found is not None:
                wanted.append(label)
                said.append(_most(reader.read(noisy, found)))
                before.append(_most(reading))
        truth, now = np.array(wanted), np.array(said)
        negative = np.isin(now[truth == "neutral"], ("sad", "angry"))
        rows.append(Size(width, len(now), _share(now == truth), _share(now == np.array(before)), _share(negative)))
    return rows


def _most(reading: Reading) -> str:
    return max(reading, key=reading.__getitem__)


def _share(true: npt.NDArray[np.bool_]) -> float:
    return round(float(true.mean()), 3)


def _interval(true: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Wilson's 95 % interval."""
    found = binomtest(int(true.sum()), len(true)).proportion_ci(0.95, "wilson")
    return round(float(found.low), 3), round(float(found.high), 3)


def name_of(bundle: Bundle) -> str:
    """The network of role `expression` in words."""
    (source, *_) = bundle.role("expression").sources
    return f"{source.archive} ({source.licence})"


def page(networks: Sequence[Network]) -> str:
    """The figures as a page."""
    lines = [
        "# Expressions: what was measured",
        "",
        "Made by `python -m benchmarks.affect.expressions --bundle DIR [--bundle DIR] --data DIR`; figures:",
        "`expressions.json`. Each picture is found by the mesh and cut as on the box. FER+ is its validation part, by",
        "the most votes of ten people; the other set's labels are students' and noisy. The interval is by picture,",
        "because the people are not known. These are people on the web, many of them posing: nothing here shows what",
        "people feel. On the box a face is read against its own resting face.",
    ]
    for network in networks:
        lines += [
            "",
            f"## {network.name}",
            "",
            "| set | faces | not found | right | 95 % | mean recall | neutral as sad | as angry | sign of valence |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_row((name, *asdict(row).values())) for name, row in network.sets.items()),
            "",
            f"{_SHRUNK} faces of the second set, shrunk to a width (of the mesh's box), with a camera's noise:",
            "",
            "| width px | faces found | right | read as before | neutral read as sad or angry |",
            "|---|---|---|---|---|",
            *(_row(asdict(row).values()) for row in network.sizes),
        ]
    return "\n".join(lines) + "\n"


def _row(values: Iterable[object]) -> str:
    cells = (f"{value[0]} to {value[1]}" if isinstance(value, tuple) else str(value) for value in values)
    return "| " + " | ".join(cells) + " |"


def measure(bundle: Bundle, data: Path) -> Network:
    """Both sets and the shrunk faces, read by the network of `bundle`."""
    reader, labelled = Reader(bundle), list(students(data / "faces_expression.npz"))
    chosen = np.random.default_rng(0).permutation(len(labelled))[:_SHRUNK]
    sets = {
        "FER+": judge(reader, ferplus(data / "faces_ferplus")),
        "students' labels": judge(reader, iter(labelled)),
    }
    return Network(name_of(bundle), sets, shrink(reader, [labelled[place] for place in chosen]))


@click.command()
@click.option(
    "--bundle",
    "folders",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    multiple=True,
    help="Give it again for each bundle whose network is to be compared.",
)
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/evidence"))
def main(folders: tuple[Path, ...], data: Path, out: Path) -> None:
    """Measure both sets and the shrunk faces, and write `expressions.md` and `expressions.json`."""
    cv2.setNumThreads(1)
    networks = [measure(Bundle(folder), data) for folder in folders]
    write_page(out, "expressions", [asdict(network) for network in networks], page(networks))
    click.echo(page(networks))


if __name__ == "__main__":
    main()
