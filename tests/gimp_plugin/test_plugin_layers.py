from __future__ import annotations

import json
from typing import Any

import fake_gi
import pytest
from layers import Workbench
from record import PARASITE, Record
from settings import Settings
from target import Target, find_target

from gpen_engine.wire import FaceInfo, PatchInfo, PatchRows, Reply

FACES = tuple(FaceInfo((0, 0, 1, 1), (0.0,) * 10, 0.9, strength=s) for s in (1.0, 0.5))
REPLY = Reply("tiny", None, "cpu", "0", FACES, ())


def patch(
    x: int, y: int, width: int, height: int, letter: bytes, coverage: bytes, face: int = 0
) -> PatchRows:
    return PatchRows(
        PatchInfo(x, y, width, height, (face,)),
        bytearray(letter * 4 * width * height),
        bytearray(coverage),
    )


TWO = [patch(1, 0, 2, 2, b"a", b"\x80\xff\0\x01"), patch(4, 3, 1, 1, b"b", b"\xff", 1)]


def restored(target: Target, kind: str, *, origin: tuple[int, int] = (0, 0), **chosen: Any) -> Any:
    record = Record(Settings(result=kind, **chosen), target.layer.tattoo, target.size)
    with Workbench(target, "u8", origin) as bench:
        stack = bench.build(kind, REPLY, TWO, record)
        before = list(target.image.steps)
        bench.put(stack)
    assert before == []  # built before the image sees anything of it
    return stack.top


def photo(**features: Any) -> Target:
    image = fake_gi.Image(6, 5)
    layer = image.layer(**features)
    layer.plane[:] = bytes(n % 251 for n in range(len(layer.plane)))
    return find_target(image, [layer])


def pixel(drawable: fake_gi.Drawable, x: int, y: int) -> bytes:
    first = (y * drawable.width + x) * drawable.bpp
    return bytes(drawable.plane[first : first + drawable.bpp])


@pytest.mark.parametrize("kind", ["layer", "faces", "merged"])
def test_the_source_keeps_its_pixels_and_the_result_lies_above_it(kind: str) -> None:
    target = photo()
    before = bytes(target.layer.plane)
    top = restored(target, kind)
    image = target.image
    assert target.layer.plane == before
    assert [item for item in image.stack if item.parent is None] == [top, target.layer]
    assert image.selected == [top]
    assert image.steps[0] == "begin"
    assert image.steps[-1] == "end"
    assert image.steps.count("begin") == 1
    known = json.loads(top.get_parasite(PARASITE).get_data())
    assert known["source"]["tattoo"] == target.layer.tattoo
    assert known["settings"]["result"] == kind


def test_a_layer_with_a_mask() -> None:
    top = restored(photo(offsets=(-3, 4)), "layer", strength=0.25)
    assert top.name == "Restored faces (tiny)"
    assert (top.width, top.height, top.offsets) == (6, 5, (-3, 4))
    assert top.opacity == 25
    assert not top.edit_mask
    assert top.spaces == ["perceptual", "perceptual"]
    assert pixel(top, 1, 0) == pixel(top, 2, 1) == b"aaaa"
    assert pixel(top, 4, 3) == b"bbbb"
    assert pixel(top, 0, 0) == bytes(4)
    mask = bytearray(30)
    mask[1], mask[2], mask[8], mask[22] = 0x80, 0xFF, 0x01, 0xFF
    assert top.mask.plane == mask


def test_patches_lie_where_the_part_that_was_sent_does() -> None:
    top = restored(photo(), "layer", origin=(1, 1))
    assert pixel(top, 2, 1) == b"aaaa"
    assert pixel(top, 5, 4) == b"bbbb"
    assert pixel(top, 1, 0) == bytes(4)


def test_a_layer_for_each_face() -> None:
    target = photo(offsets=(10, 20))
    group = restored(target, "faces", origin=(1, 1), strength=0.5)
    assert group.is_group()
    first, second = (item for item in target.image.stack if item.parent is group)
    assert (first.name, second.name) == ("Face 1", "Face 2")
    assert (first.width, first.height, first.offsets) == (2, 2, (12, 21))
    assert (second.width, second.height, second.offsets) == (1, 1, (15, 24))
    assert first.plane == b"a" * 16
    assert first.mask.plane == b"\x80\xff\0\x01"
    assert (first.opacity, second.opacity, group.opacity) == (100, 50, 50)


def test_a_merged_copy_changes_in_covered_pixels_only() -> None:
    target = photo(name="portrait", locked=True)
    top = restored(target, "merged", strength=0.5)
    assert top.name == "portrait with restored faces (tiny)"
    assert top.opacity == 100
    assert not top.locked
    assert target.layer.locked
    changed = [
        (x, y) for y in range(5) for x in range(6) if pixel(top, x, y) != pixel(target.layer, x, y)
    ]
    assert changed == [(1, 0), (2, 0), (2, 1), (4, 3)]


def test_a_merged_copy_of_a_generated_layer_is_a_plain_one() -> None:
    target = photo(generated=True, offsets=(2, 2))
    top = restored(target, "merged")
    assert not top.generated
    assert top.offsets == (2, 2)
    assert pixel(top, 5, 4) == pixel(target.layer, 5, 4)
    assert pixel(top, 4, 3) == b"bbbb"


def test_the_result_of_a_hidden_layer_is_hidden() -> None:
    assert not restored(photo(visible=False), "layer").visible


def test_the_result_stays_in_the_group_of_the_source() -> None:
    target = photo()
    group = fake_gi.GroupLayer(target.image, "group")
    target.image.stack.insert(0, group)
    target.layer.parent = group
    assert restored(target, "layer").parent is group


def test_nothing_is_put_into_a_locked_group() -> None:
    target = photo()
    group = fake_gi.GroupLayer(target.image, "group")
    group.locked = True
    target.image.stack.insert(0, group)
    target.layer.parent = group
    top = restored(target, "layer")
    assert top.parent is None
    assert target.image.stack[:2] == [top, group]


def test_a_former_result_is_hidden_beneath_the_new_one() -> None:
    target = photo()
    former = restored(target, "layer")
    target.image.steps.clear()
    again = find_target(target.image, [former])
    top = restored(again, "layer")
    assert target.image.stack == [top, former, target.layer]
    assert top.visible
    assert not former.visible


def test_a_former_result_stays_when_a_selection_adds_a_part() -> None:
    target = photo()
    former = restored(target, "layer")
    target.image.steps.clear()
    target.image.select(1, 1, 3, 3)
    top = restored(find_target(target.image, [former]), "layer")
    assert target.image.stack == [top, former, target.layer]
    assert former.visible


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("layer", "Restored faces (tiny)"),
        ("faces", "Restored faces (tiny)"),
        ("faces", "Face 2"),
        ("merged", "photo with restored faces (tiny)"),
    ],
)
def test_nothing_is_left_when_gimp_refuses(kind: str, refused: str) -> None:
    target = photo(name="photo")
    target.image.refuses = refused
    with pytest.raises(RuntimeError, match="refused"):
        restored(target, kind)
    assert target.image.stack == [target.layer]
    in_image = {id(target.layer), id(target.image.selection)}
    removed = [step.removeprefix("remove ") for step in target.image.steps if "remove" in step]
    left = [
        item.name
        for item in target.image.known
        if item.valid and id(item) not in in_image and item.kind == "layer"
    ]
    assert [name for name in left if name not in removed and name != "Face 1"] == []
    assert target.image.steps.count("begin") == target.image.steps.count("end")


def test_nothing_is_left_when_a_patch_makes_no_sense() -> None:
    target = photo()
    bad = PatchRows(PatchInfo(0, 0, 2, 2, (0,)), bytearray(3), bytearray(4))
    with pytest.raises(ValueError, match="3 bytes"), Workbench(target, "u8", (0, 0)) as bench:
        bench.build("layer", REPLY, [bad], Record(Settings(), 1, (6, 5)))
    assert target.image.steps == []
    assert [i for i in target.image.known if i.valid and i.kind == "layer"] == [target.layer]


def test_an_image_that_is_gone_takes_its_layers_along() -> None:
    target = photo()
    with Workbench(target, "u8", (0, 0)) as bench:
        stack = bench.build("layer", REPLY, TWO, Record(Settings(), 1, (6, 5)))
        target.image.valid = False
    assert stack.top.valid  # was not deleted a second time
