from __future__ import annotations

import fake_gi
import pytest
from record import PARASITE, Record
from rectangle import Rectangle
from settings import Settings
from target import find_target, is_plain

from gpen_engine.errors import GpenError
from gpen_engine.wire import Reply


def mark(layer: fake_gi.Drawable, record: Record) -> None:
    data = record.written(Reply("m", None, "cpu", "0", (), ()), (0, 0))
    layer.parasites[PARASITE] = fake_gi.parasite(PARASITE, 1, data)


def code(*drawables: fake_gi.Drawable, image: fake_gi.Image) -> str:
    with pytest.raises(GpenError) as caught:
        find_target(image, drawables)
    assert caught.value.hint
    return caught.value.code


def test_the_selected_layer_is_meant() -> None:
    image = fake_gi.Image(9, 6)
    layer = image.layer()
    target = find_target(image, [layer])
    assert target.layer is layer
    assert target.size == (9, 6)
    assert target.former is None
    assert target.area() == (Rectangle(0, 0, 9, 6), False)


def test_a_mask_stands_for_its_layer() -> None:
    image = fake_gi.Image()
    layer = image.layer()
    layer.add_mask(layer.create_mask(None))
    assert find_target(image, [layer.get_mask()]).layer is layer


def test_one_layer_must_be_selected() -> None:
    image = fake_gi.Image()
    assert code(image=image) == "no_layer"
    assert code(image.get_selection(), image=image) == "no_layer"
    assert code(image.layer(), image.layer(), image=image) == "several_layers"


def test_nothing_goes_beside_a_floating_selection() -> None:
    image = fake_gi.Image()
    image.floating = object()
    assert code(image.layer(), image=image) == "floating_selection"


def test_a_layer_of_another_image_is_none_of_this() -> None:
    assert code(fake_gi.Image().layer(), image=fake_gi.Image()) == "foreign_layer"


def test_a_former_result_stands_for_its_source() -> None:
    image = fake_gi.Image()
    source, result = image.layer(), image.layer("Restored faces")
    record = Record(Settings(strength=0.3), source.tattoo, (8, 8))
    mark(result, record)
    target = find_target(image, [result])
    assert target.layer is source
    assert target.former == (result, record)


def test_so_does_a_layer_in_the_group_of_a_former_result() -> None:
    image = fake_gi.Image()
    source, face = image.layer(), image.layer("Face 1")
    face.parent = fake_gi.GroupLayer(image, "Restored faces")
    mark(face.parent, Record(Settings(), source.tattoo, (8, 8)))
    target = find_target(image, [face])
    assert target.layer is source
    assert target.former
    assert target.former.layer is face.parent


@pytest.mark.parametrize(("tattoo", "size"), [(99, (8, 8)), (None, (8, 9))])
def test_a_former_result_without_its_source_is_a_layer_like_others(
    tattoo: int | None, size: tuple[int, int]
) -> None:
    image = fake_gi.Image()
    source, result = image.layer(), image.layer("merged")
    mark(result, Record(Settings(), tattoo or source.tattoo, size))
    target = find_target(image, [result])
    assert target.layer is result
    assert target.former is None


def test_a_selection_is_sent_with_its_surroundings() -> None:
    image = fake_gi.Image(3000, 1)
    image.select(2500, 0, 2600, 1)
    assert find_target(image, [image.layer()]).area() == (
        Rectangle(2500 - 1024, 0, 1524, 1),
        True,
    )


def test_a_selection_is_counted_in_pixels_of_the_layer() -> None:
    image = fake_gi.Image(3000, 1)
    image.select(2500, 0, 2600, 1)
    area, _ = find_target(image, [image.layer(offsets=(1000, 0))]).area()
    assert area == Rectangle(1500 - 1024, 0, 1024 + 100 + 1024, 1)


def test_a_selection_beside_the_layer_is_an_error() -> None:
    image = fake_gi.Image()
    image.select(0, 0, 3, 3)
    with pytest.raises(GpenError) as caught:
        find_target(image, [image.layer(offsets=(4, 4))]).area()
    assert caught.value.code == "empty_selection"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda image, _: setattr(image, "valid", False), "image_gone"),
        (lambda _, layer: setattr(layer, "valid", False), "layer_gone"),
        (lambda _, layer: setattr(layer, "width", 7), "layer_changed"),
        (lambda image, _: setattr(image, "floating", 1), "floating_selection"),
        (lambda image, _: setattr(image, "base_type", "INDEXED"), "indexed"),
    ],
)
def test_what_the_user_did_meanwhile_is_noticed(change: object, expected: str) -> None:
    image = fake_gi.Image()
    layer = image.layer()
    target = find_target(image, [layer])
    change(image, layer)  # type: ignore[operator]
    with pytest.raises(GpenError) as caught:
        target.check()
    assert caught.value.code == expected


def test_which_layers_have_pixels_of_their_own() -> None:
    image = fake_gi.Image()
    assert is_plain(image.layer())
    assert not is_plain(image.layer(generated=True))
    assert not is_plain(fake_gi.GroupLayer(image, "group"))
