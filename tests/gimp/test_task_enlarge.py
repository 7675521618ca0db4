"""Enlarging through the PDB: a new image with all that belongs to the old one, which stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from console import HERE, Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp
from numpy.typing import NDArray
from painting_engine import place

if TYPE_CHECKING:
    from gi.repository import Gimp
    from gimp_side import call, dump, new_image, new_layer, open_picture, pour
    from restoring import state

ENLARGE = "plug-in-gpen-enlarge"
SIZE = (131, 152)  # width and height
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Credit="Hill, Adamson"/>'
    "</rdf:RDF></x:xmpmeta>"
)
NOTE = "Xmp.iptcExt.DigitalSourceType"
KINDS = ("RGB U8_NON_LINEAR", "RGB U16_LINEAR", "RGB FLOAT_PERCEPTUAL", "GRAY U8_NON_LINEAR")


@pytest.fixture(scope="module")
def painting_engine() -> Iterator[EngineOutside]:
    program = [str(HERE / "painting_engine.py")]
    engine = EngineOutside(starts_before_gimp=True, program=program)
    place(engine.home)
    try:
        yield engine
    finally:
        engine.remove()


def face(photo: Callable[[str], NDArray[Any]]) -> NDArray[np.float32]:
    """(H, W, 4) with a transparent corner."""
    rgb = photo("modern_colour_flags.jpg")[8:160, 58:189].astype(np.float32) / 255
    rgba = np.dstack([rgb, np.ones(rgb.shape[:2], np.float32)])
    rgba[:20, :30, 3] = 0
    return rgba.astype(np.float32)


@pytest.fixture(scope="module")
def setting(painting_engine: EngineOutside, photo: Callable[[str], NDArray[Any]]) -> Setting:
    rgba = face(photo)
    opaque = np.rint(rgba[:, :, 2::-1] * 255).astype(np.uint8)
    files = {"face.raw": rgba.tobytes(), "face.png": cv2.imencode(".png", opaque)[1].tobytes()}
    return painting_engine.setting(files=files)


@in_gimp
def _lasting(metadata: str) -> list[str]:
    """The tags that do not tell the size, which GIMP keeps up to date itself."""
    sized = ("Width", "Length", "Dimension")
    return [tag for tag in metadata.splitlines() if not any(word in tag for word in sized)]


@in_gimp
def _described(image: object) -> dict[str, object]:
    metadata = image.get_metadata()
    comment = image.get_parasite("gimp-comment")
    return {
        "resolution": list(image.get_resolution())[1:],
        "unit": image.get_unit().get_name(),
        "metadata": metadata and _lasting(metadata.serialize()),
        "comment": comment and bytes(comment.get_data()).decode(),
    }


@in_gimp
def _enlarged(layer: object, name: str, **chosen: object) -> dict[str, object]:
    """Calls it, and tells of the new image and of the old one before and after."""
    image = layer.get_image()
    before = state(image)
    answer = call(ENLARGE, image=image, drawables=[layer], model="identity", **chosen)
    told = {"status": answer.status, "message": answer.message, "unchanged": False}
    if answer.status == "success":
        (new,) = answer.values
        after = state(image)
        after["images"].remove(new.get_id())
        told.update(unchanged=after == before, before=before, after=state(new))
        told.update(old=_described(image), new=_described(new), base=str(new.get_base_type()))
        (made,) = new.get_layers()
        dump(layer, f"{name}-source", "R'G'B'A float")
        dump(made, f"{name}-new", "R'G'B'A float")
        told["undo"] = new.undo_is_enabled()
        new.delete()
    return told


@in_gimp
def _photo(kind: str) -> object:
    base, precision = kind.split()
    image = new_image(*SIZE, base, precision)
    layer = new_layer(image, "photo", *SIZE)
    pour(layer, "face", "R'G'B'A float")
    return layer


@in_gimp
def enlarged() -> object:
    told = {}
    for kind in KINDS:
        layer = _photo(kind)
        image = layer.get_image()
        image.set_resolution(300, 150)
        image.set_unit(Gimp.Unit.mm())
        if kind.startswith("RGB"):
            image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
        metadata = Gimp.Metadata.new()
        metadata.set_from_xmp(XMP.encode())
        image.set_metadata(metadata)
        flags = Gimp.PARASITE_PERSISTENT
        image.attach_parasite(Gimp.Parasite.new("gimp-comment", flags, b"a comment"))
        told[kind] = _enlarged(layer, kind, upscaler="none")
    (layer,) = open_picture("face.png").get_layers()
    told["four"] = _enlarged(layer, "four", scale="4", upscaler="none", strength=0.0)
    layer.get_image().convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 200, False, False, ""
    )
    told["palette"] = _enlarged(layer, "palette")
    sky = new_layer(new_image(40, 30), "sky", 40, 30)
    told["no face"] = _enlarged(sky, "sky")
    told["refused"] = _enlarged(layer, "refused", upscaler="nothing.pth")
    return told


def check_pixels(result: Result, name: str, scale: int) -> None:
    """Averaged back to the old size it is the old picture; the corner is transparent."""
    old, new = result.pixels(f"{name}-source"), result.pixels(f"{name}-new")
    height, width = old.shape[:2]
    assert new.shape == (scale * height, scale * width, 4)
    opaque = old[:, :, 3] > 0
    inner = cv2.erode(opaque.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    back = cv2.resize(new, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(back - old)[inner].mean() < 0.02
    assert (new[..., 3][: 10 * scale, : 10 * scale].max() == 0) == (not opaque.all())
    assert new[..., 3][-10 * scale :].min() > 1 - 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_image_has_what_belongs_to_the_old_one(enlarged: Result, kind: str) -> None:
    told = enlarged[kind]
    assert told["status"] == "success", told["message"]
    assert told["unchanged"]
    before, after = told["before"], told["after"]
    assert after["size"] == [2 * side for side in SIZE]
    assert [after[key] for key in ("precision", "profile")] == [
        before[key] for key in ("precision", "profile")
    ]
    tags, old_tags = told["new"].pop("metadata"), told["old"].pop("metadata")
    assert set(old_tags) <= set(tags)
    assert sum(NOTE in tag for tag in tags) == 1  # faces were invented
    assert told["new"] == told["old"]
    assert told["new"]["resolution"] == [300, 150]
    assert any("Hill, Adamson" in tag for tag in tags)
    assert told["new"]["comment"] == "a comment"
    (layer,) = after["layers"]
    assert (layer["name"], layer["mask"]) == ("photo, enlarged (identity)", None)
    assert (layer["size"], layer["offsets"], layer["has alpha"]) == (after["size"], [0, 0], True)
    assert layer["parasites"] == ["gpen-restoration"]
    assert told["undo"]
    check_pixels(enlarged, kind, 2)


def test_four_times_without_alpha(enlarged: Result) -> None:
    (layer,) = enlarged["four"]["after"]["layers"]
    assert not layer["has alpha"]
    check_pixels(enlarged, "four", 4)


@pytest.mark.parametrize("name", ["four", "no face"])
def test_what_is_interpolated_is_not_noted_as_invented(enlarged: Result, name: str) -> None:
    assert not any(NOTE in tag for tag in enlarged[name]["new"]["metadata"] or [])


def test_a_palette_becomes_all_colours(enlarged: Result) -> None:
    told = enlarged["palette"]
    assert told["unchanged"]
    assert "RGB" in told["base"].upper() or told["base"] == "0"
    check_pixels(enlarged, "palette", 2)


def test_a_picture_without_faces_is_enlarged_all_the_same(enlarged: Result) -> None:
    assert enlarged["no face"]["after"]["size"] == [80, 60]


def test_an_upscaler_that_is_not_there(enlarged: Result) -> None:
    told = enlarged["refused"]
    assert told["status"] == "execution-error"
    assert told["message"].startswith('There is no model and no file "nothing.pth".')
