"""The bundle's manifest: the description of every model in `bundle.yaml`, validated when it is read.

A role (`face_detector`, `asr`, ...) has variants (`fp32`, `cpu-int8`, ...); a variant has one or more graphs
(`model`, or for ASR `encoder` and `decoder`). Tables (tokenizers, embedding rows) belong to the role.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.error import EmvasError

MANIFEST_FILE = "bundle.yaml"
VariantName = Literal["fp32", "fp16", "cpu-int8", "trt-int8"]


class BundleError(EmvasError):
    """A bundle that cannot be trusted or read; the message names the file and the remedy."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredFile(_Part):
    """One file of the bundle, its path relative to the bundle's folder."""

    file: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Tensor(_Part):
    """One input or output. A dimension is a number, or a name if it is free."""

    name: str
    dtype: str
    shape: list[int | str]
    meaning: str = ""
    range: tuple[float, float] | None = None


class Profile(_Part):
    """The shapes of one input that a TensorRT engine is built for; it is fastest at `opt`."""

    min: list[int]
    opt: list[int]
    max: list[int]


class Graph(StoredFile):
    """One ONNX file."""

    opset: int
    inputs: list[Tensor]
    outputs: list[Tensor]
    profile: dict[str, Profile] = Field(default_factory=dict)
    """For each input with a free dimension."""


class EngineBuild(_Part):
    """The result of a real TensorRT builder for a graph."""

    builder: str
    """Product, version and compute capability, as `tensorrt-rtx 1.7.1.116, SM86`."""
    seconds: float
    engine_bytes: int | None
    """None: there is no engine; `errors` give the reason."""
    errors: list[str] = Field(default_factory=list)


class GraphVerdict(_Part):
    """Whether TensorRT accepts one graph."""

    findings: list[str] = Field(default_factory=list)
    """The objections of the linter, one sentence each."""
    build: EngineBuild | None = None
    not_built: str = ""
    """Why there was no build, if `build` is None."""

    @property
    def ready(self) -> bool:
        """Whether there are no findings and a real builder made an engine."""
        return not self.findings and self.build is not None and self.build.engine_bytes is not None


class Tensorrt(_Part):
    """What is known about a variant on TensorRT."""

    graphs: dict[str, GraphVerdict]
    options: dict[str, str] = Field(default_factory=dict)
    """Options of onnxruntime's TensorRT provider, profile and cache apart."""

    @property
    def ready(self) -> bool:
        """Whether every graph is ready."""
        return all(verdict.ready for verdict in self.graphs.values())


class Variant(_Part):
    """One precision of a role's graphs, with what was measured when it was built."""

    graphs: dict[str, Graph]
    golden_tolerance: float
    """Largest allowed root-mean-square error of an output against its golden one, over the golden's own RMS."""
    measured: dict[str, Any] = Field(default_factory=dict)
    """Parity, task metric and latency, each with its unit in the key (`latency_ms_1_thread`)."""
    calibration: dict[str, Any] | None = None
    tensorrt: Tensorrt | None = None
    """None: made for the CPU, or built without a TensorRT check."""


class WeightSource(_Part):
    """Origin of the weights of a role."""

    archive: str
    file: str
    sha256: str
    licence: str
    origin: str = ""


class Role(_Part):
    """One task of a model in the appliance."""

    description: str
    sources: list[WeightSource]
    training_data: str
    not_checked: list[str] = Field(default_factory=list)
    preprocessing: dict[str, Any] = Field(default_factory=dict)
    labels: list[str] = Field(default_factory=list)
    variants: dict[VariantName, Variant]
    default: dict[str, VariantName]
    """The variant for each provider (`cpu`, `cuda`, `tensorrt`)."""
    tables: dict[str, StoredFile] = Field(default_factory=dict)
    golden: StoredFile
    """An .npz: `in.GRAPH.NAME` and `out.GRAPH.NAME` arrays, the outputs those of fp32 on the CPU."""

    @model_validator(mode="after")
    def _defaults_exist(self) -> Role:
        if "cpu" not in self.default:
            raise ValueError("default names no variant for cpu")
        for provider, variant in self.default.items():
            if variant not in self.variants:
                raise ValueError(f"default.{provider}: there is no variant {variant!r}")
        return self

    def graphs(self) -> list[Graph]:
        """Every graph of every variant."""
        return [graph for variant in self.variants.values() for graph in variant.graphs.values()]

    def files(self) -> list[StoredFile]:
        """Every file of this role."""
        return [self.golden, *self.tables.values(), *self.graphs()]


class Manifest(_Part):
    """The whole of `bundle.yaml`."""

    schema_version: Literal[2] = 2
    """2: the images of the face and eye networks have their channels first."""
    name: str
    version: str
    built_with: dict[str, str] = Field(default_factory=dict)
    roles: dict[str, Role]

    def files(self) -> list[StoredFile]:
        """Every file that the manifest covers."""
        return [stored for role in self.roles.values() for stored in role.files()]


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml, if PyYAML has it, as its wheels do: takes 0.07 s of a start instead of 0.53 s."""
LARGEST_MANIFEST_BYTES = 4 << 20
"""The default bundle's has 140 kB."""
_DEEPEST = 16
"""Levels of a manifest's YAML; ours has nine."""


def read_manifest(folder: Path) -> Manifest:
    """Read `folder`/bundle.yaml. BundleError says what is wrong with it."""
    path = folder / MANIFEST_FILE
    try:
        with path.open("rb") as stream:
            text = stream.read(LARGEST_MANIFEST_BYTES + 1)
        return Manifest.model_validate(_plain_yaml(text.decode("utf-8")))
    except FileNotFoundError:
        raise BundleError(
            f"{path} is missing: {folder} is not a bundle. Build one: emvas bundle build RECIPE --out {folder}"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(
            f"{path}: {where}: {first['msg']}. The bundle was made by another version or edited by hand; "
            "build or install it again."
        ) from error
    except (yaml.YAMLError, ValueError, OSError) as error:  # ValueError: invalid text, numbers and dates
        raise BundleError(f"{path} cannot be read: {error}. Build or install the bundle again.") from error


def _plain_yaml(text: str) -> Any:
    """The content of a YAML text without references. ValueError: it has references, is too deep or too long."""
    if len(text) > LARGEST_MANIFEST_BYTES:
        raise ValueError(f"it is longer than {LARGEST_MANIFEST_BYTES >> 20} MB")
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if event.__class__ is yaml.AliasEvent:
            raise ValueError("it refers to itself (`*name`), which no manifest does")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
        value = getattr(event, "value", "")
        if not value.isprintable() and not value.replace("\n", "").replace("\t", "").isprintable():
            raise ValueError(f"{value[:60]!r} has characters that cannot be printed")
    return yaml.load(text, Loader=_LOADER)


class _PlainDumper(yaml.SafeDumper):
    """Writes repeated values in full, without the references that `_plain_yaml` refuses."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `manifest` as `folder`/bundle.yaml, whole or not at all."""
    content = manifest.model_dump(mode="json")
    text = yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)
    unfinished = folder / f".{MANIFEST_FILE}"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / MANIFEST_FILE)
