"""That parts of an image were invented is noted in its metadata, and in the files exported from
it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from console import Setting
from engine_outside import EngineOutside
from halves import Result, in_gimp

from gpen_engine.pictures.reading import read_xmp
from gpen_engine.provenance import COMPOSITE, GENERATED, SOURCE_TYPES, source_type

if TYPE_CHECKING:
    from gi.repository import Gimp, Gio
    from gimp_side import WORK, call
    from restoring import fresh, restore

FORMATS = ("jpeg", "png", "tiff", "webp")
TAG = "Xmp.iptcExt.DigitalSourceType"
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
EARLIER = {"generated": "trainedAlgorithmicMedia", "camera": "digitalCapture"}


@pytest.fixture(scope="module")
def setting(running_engine: EngineOutside, shared: Path) -> Setting:
    photo = (shared / "photos" / "old_oval.jpg").read_bytes()
    return running_engine.setting(files={"photo.jpg": photo})


@in_gimp
def _metadata(image: object) -> str:
    known = image.get_metadata()
    return known.serialize() if known else ""


@in_gimp
def _export(image: object, kind: str, name: str) -> None:
    """With XMP, which a script has to ask for; the dialogs for exporting offer it."""
    file = Gio.File.new_for_path(str(WORK / name))
    answer = call(f"file-{kind}-export", image=image, file=file, include_xmp=True)
    assert answer.status == "success", answer.message


@in_gimp
def exported() -> object:
    layer = fresh("photo.jpg")
    before = _metadata(layer.get_image())
    told = restore(layer)
    for kind in FORMATS:
        _export(layer.get_image(), kind, f"noted.{kind}")
    return {"status": told["status"], "before": before, "after": _metadata(layer.get_image())}


@in_gimp
def unwanted() -> object:
    layer = fresh("photo.jpg")
    before = _metadata(layer.get_image())
    told = restore(layer, note=False)
    return {"status": told["status"], "before": before, "after": _metadata(layer.get_image())}


@in_gimp
def earlier() -> object:
    seen = {}
    for name, term in EARLIER.items():
        layer = fresh("photo.jpg")
        tag = f'<tag name="{TAG}">{TERMS}{term}</tag><tag name="Xmp.dc.source">a</tag>'
        known = Gimp.Metadata.deserialize(f"<?xml version='1.0'?><metadata>{tag}</metadata>")
        layer.get_image().set_metadata(known)
        told = restore(layer)
        _export(layer.get_image(), "png", f"{name}.png")
        seen[name] = [told["status"], _metadata(layer.get_image())]
    return seen


@pytest.mark.parametrize("kind", FORMATS)
def test_exported_files_say_it(exported: Result, kind: str) -> None:
    assert exported["status"] == "success"
    assert source_type(read_xmp(exported.work / f"noted.{kind}")) == COMPOSITE


def test_nothing_else_of_the_metadata_changes(exported: Result) -> None:
    line = f'  <tag name="{TAG}">{SOURCE_TYPES}{COMPOSITE}</tag>\n'
    assert line.strip() in exported["after"]
    ours = (TAG, '<namespace prefix="iptcExt"')  # GIMP adds the second one itself
    left = [row for row in exported["after"].splitlines() if not any(o in row for o in ours)]
    assert left == exported["before"].splitlines()


def test_who_does_not_want_the_note_gets_none(unwanted: Result) -> None:
    assert unwanted["status"] == "success"
    assert unwanted["after"] == unwanted["before"]
    assert TAG not in unwanted["before"]


@pytest.mark.parametrize(("name", "term"), [("generated", GENERATED), ("camera", COMPOSITE)])
def test_what_said_more_before_goes_on_saying_so(earlier: Result, name: str, term: str) -> None:
    status, metadata = earlier[name]
    assert status == "success"
    assert metadata.count(TAG) == 1
    assert "Xmp.dc.source" in metadata
    assert source_type(read_xmp(earlier.work / f"{name}.png")) == term
