import pytest

from edge.speech.decoding import simplify


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("請在下一個路口轉彎", "请在下一个路口转弯"),
        ("新一輪新股發行體制改革啟動以來", "新一轮新股发行体制改革启动以来"),
        ("已经是简体", "已经是简体"),
        ("Turn left, 30 m.", "Turn left, 30 m."),
        ("", ""),
    ],
)
def test_everything_becomes_simplified(heard, written):
    assert simplify(heard) == written
