from __future__ import annotations

import json

import choices
import fake_gi
import pytest
from target import find_target

from gpen_engine.errors import GpenError
from gpen_engine.wire import FaceInfo

ONE = FaceInfo((10.25, 20.5, 30.0, 44.0), tuple(n / 3 for n in range(10)), 0.98, strength=0.5)
OTHER = FaceInfo((50.0, 20.0, 70.0, 40.0), tuple(float(n) for n in range(10)), 0.0)


def test_what_is_written_comes_back_to_the_bit() -> None:
    image = fake_gi.Image()
    target = find_target(image, [image.layer()])
    text = choices.written((ONE, OTHER), target)
    assert choices.read(text, target) == (ONE, OTHER)
    assert choices.read(text, None) == (ONE, OTHER)
    assert choices.written(None, target) == ""
    assert choices.read("", target) is None
    assert choices.read(choices.written((), target), target) == ()


def test_what_was_chosen_for_one_layer_is_not_taken_for_another() -> None:
    image = fake_gi.Image()
    first, second = (find_target(image, [image.layer()]) for _ in range(2))
    assert choices.read(choices.written((ONE,), first), second) is None


def test_a_script_says_no_more_than_where_the_faces_are() -> None:
    image = fake_gi.Image()
    target = find_target(image, [image.layer()])
    face = {"box": [1, 2, 3, 4], "landmarks": list(range(10))}
    (known,) = choices.read(json.dumps({"faces": [face]}), target) or ()
    assert (known.box, known.strength) == ((1, 2, 3, 4), 1.0)
    (weak,) = choices.read(json.dumps({"faces": [{**face, "strength": 0.25}]}), target) or ()
    assert weak.strength == 0.25


@pytest.mark.parametrize(
    "text", ["x", "[]", "3", "{}", '{"faces": 3}', '{"faces": [[]]}', '{"faces": [{"box": [1]}]}']
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(GpenError) as refused:
        choices.read(text, None)
    assert refused.value.code == "bad_faces"


def test_moved_and_back_is_the_same_from_then_on() -> None:
    (there,) = choices.moved([ONE], 1003, 77)
    assert there.box == (1013.25, 97.5, 1033.0, 121.0)
    assert there.landmarks[3] == pytest.approx(78.0)
    (back,) = choices.moved([there], -1003, -77)
    (again,) = choices.moved([choices.moved([back], 1003, 77)[0]], -1003, -77)
    assert again == back


def test_overlap() -> None:
    assert choices.overlap(ONE, ONE) == 1
    assert choices.overlap(ONE, OTHER) == 0
    left, right = (FaceInfo((x, 0, x + 2, 2), (0.0,) * 10, 1) for x in (0, 1))
    assert choices.overlap(left, right) == pytest.approx(1 / 3)
