from __future__ import annotations

import struct
from pathlib import Path

import pytest
from ctranslate2.converters.transformers import WhisperLoader
from small_whisper import VOCABULARY, make_small_whisper

from export.role_build import BuildError
from export.sources.ctranslate2 import Ct2Model, read_ctranslate2
from export.sources.whisper_ctranslate2 import whisper_from_ctranslate2


@pytest.fixture(scope="module")
def model():
    return make_small_whisper()


@pytest.fixture(scope="module")
def converted(model, tmp_path_factory) -> Path:
    """The model as CTranslate2's own converter writes it."""
    return _convert(model, tmp_path_factory.mktemp("ct2") / "model.bin", "float32")


def _convert(model, path: Path, quantization: str) -> Path:
    spec = WhisperLoader().get_model_spec(model)
    spec.register_vocabulary([str(token) for token in range(VOCABULARY)])
    spec.validate()
    spec.optimize(quantization=quantization)
    spec._serialize(str(path))
    return path


def test_every_weight_comes_back(model, converted):
    source = read_ctranslate2(converted)
    assert source.specification == "WhisperSpec"
    expected = model.state_dict()
    actual = whisper_from_ctranslate2(source).state_dict()
    assert actual.keys() == expected.keys()
    assert all(actual[name].equal(expected[name]) for name in expected)


def test_half_precision_is_read_as_float(model, tmp_path):
    read = whisper_from_ctranslate2(read_ctranslate2(_convert(model, tmp_path / "half.bin", "float16")))
    for name, weight in read.state_dict().items():
        assert weight.equal(model.state_dict()[name].half().float())


def test_quantized_weights_are_refused(model, tmp_path):
    with pytest.raises(BuildError, match="take the float16 or float32 conversion"):
        whisper_from_ctranslate2(read_ctranslate2(_convert(model, tmp_path / "int8.bin", "int8")))


def test_a_file_cut_anywhere_is_refused_with_the_place(converted, tmp_path):
    content = converted.read_bytes()
    cut = tmp_path / "cut.bin"
    ends = {0, 3, 4, 5, 17, 30, len(content) - 1, *range(40, len(content), len(content) // 60)}
    for end in sorted(ends):
        cut.write_bytes(content[:end])
        with pytest.raises(BuildError, match=rf"cut\.bin is not a whole CTranslate2 model.*byte {end}"):
            read_ctranslate2(cut)


def _file(path: Path, *, version: int = 6, rest: bytes) -> Path:
    path.write_bytes(struct.pack("<I", version) + b"\x02\0X\0" + struct.pack("<I", 1) + rest)
    return path


_ONE = struct.pack("<I", 1) + b"\x02\0a\0"


@pytest.mark.parametrize(
    ("rest", "complaint"),
    [
        (_ONE + b"\x01" + struct.pack("<IBI", 2, 0, 4) + b"1234", "needs another number"),
        (_ONE + b"\x01" + struct.pack("<IBI", 1, 9, 4) + b"1234", "has type 9"),
        (struct.pack("<I", 1) + b"\x02\0ab", "not a closed string"),
        (struct.pack("<I", 1) + b"\x02\0\xff\0", "is not text"),
        (struct.pack("<II", 0, 1) + b"\x02\0a\0\x02\0b\0", "alias 'a' stands for 'b'"),
        (struct.pack("<II", 0, 0) + b"more", "4 bytes follow"),
    ],
)
def test_nonsense_is_refused_with_its_reason(tmp_path, rest, complaint):
    with pytest.raises(BuildError, match=complaint):
        read_ctranslate2(_file(tmp_path / "model.bin", rest=rest))


def test_another_version_is_refused(tmp_path):
    with pytest.raises(BuildError, match="its version is 5, this reader knows 6"):
        read_ctranslate2(_file(tmp_path / "model.bin", version=5, rest=b""))


def test_another_net_is_refused(converted):
    source = read_ctranslate2(converted)
    with pytest.raises(BuildError, match="is a TransformerSpec"):
        whisper_from_ctranslate2(Ct2Model("TransformerSpec", 7, source.tensors))
    lacking = {name: tensor for name, tensor in source.tensors.items() if name != "encoder/conv2/bias"}
    with pytest.raises(BuildError, match="no tensor 'encoder/conv2/bias'"):
        whisper_from_ctranslate2(Ct2Model("WhisperSpec", 3, lacking))
