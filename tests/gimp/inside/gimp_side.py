"""What the halves of tests that run inside of GIMP use. Standard library and gi only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from gi.repository import Babl, Gegl, Gimp, Gio

WORK = Path(os.environ["GPEN_TEST_WORK"])
"""Folder that both halves see."""
CHECKOUT = Path(__file__).resolve().parents[3]
"""The product's sources, read-only."""


class Answer(NamedTuple):
    """What a procedure returned.

    Attributes:
        status: "success", "execution-error", "calling-error" or "cancel".
        values: the return values after the status.
        message: GIMP's text about an error; "success" otherwise.
    """

    status: str
    values: list[Any]
    message: str


def new_image(width: int, height: int, base: str = "RGB", precision: str = "U8_NON_LINEAR") -> Any:
    """An image without layers. Base and precision are the names of GIMP's constants."""
    kind = getattr(Gimp.ImageBaseType, base)
    return Gimp.Image.new_with_precision(width, height, kind, getattr(Gimp.Precision, precision))


def new_layer(
    image: Any,
    name: str,
    width: int,
    height: int,
    *,
    offsets: tuple[int, int] = (0, 0),
    **more: Any,
) -> Any:
    """A transparent layer at the top of an image, or where ``parent`` and ``position`` say.

    ``alpha=False`` makes one without alpha, filled with black.
    """
    kinds = Gimp.ImageType
    pairs = {
        Gimp.ImageBaseType.RGB: (kinds.RGB_IMAGE, kinds.RGBA_IMAGE),
        Gimp.ImageBaseType.GRAY: (kinds.GRAY_IMAGE, kinds.GRAYA_IMAGE),
        Gimp.ImageBaseType.INDEXED: (kinds.INDEXED_IMAGE, kinds.INDEXEDA_IMAGE),
    }
    kind = pairs[image.get_base_type()][more.get("alpha", True)]
    layer = Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
    layer.set_offsets(*offsets)
    image.insert_layer(layer, more.get("parent"), more.get("position", 0))
    return layer


def open_picture(path: str | Path) -> Any:
    """An image from a file; a relative path is one in the work folder."""
    file = Gio.File.new_for_path(str(WORK / path))
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)


def save_picture(image: Any, name: str) -> None:
    """Saves to the work folder, in the format that the name ends with."""
    file = Gio.File.new_for_path(str(WORK / name))
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None), name


def encoding_of(drawable: Any) -> str:
    """The name of a drawable's own format, without its colour space."""
    return str(Babl.format_get_encoding(drawable.get_format()))


def dump(drawable: Any, name: str, encoding: str | None = None) -> None:
    """Hands all pixels of a drawable to the other half, which reads them as ``pixels(name)``.

    Args:
        drawable: a layer, mask, channel or the selection.
        name: of the dump.
        encoding: a name of babl's such as "R'G'B'A float", which means sRGB; without one the
            numbers come as they are stored, in the image's own colour space.
    """
    own = drawable.get_format()
    width, height = drawable.get_width(), drawable.get_height()
    area = Gegl.Rectangle.new(0, 0, width, height)
    known = encoding or str(Babl.get_name(own))
    data = drawable.get_buffer().get(area, 1.0, known, Gegl.AbyssPolicy.NONE)
    (WORK / f"{name}.raw").write_bytes(data)
    facts = {"width": width, "height": height, "encoding": encoding or encoding_of(drawable)}
    (WORK / f"{name}.json").write_text(json.dumps(facts))


def pour(drawable: Any, name: str, encoding: str) -> None:
    """Fills a drawable with pixels that the other half put into the work folder."""
    data = (WORK / f"{name}.raw").read_bytes()
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    buffer = drawable.get_buffer()
    kept = buffer.get(area, 1.0, encoding, Gegl.AbyssPolicy.NONE)
    assert len(kept) == len(data), f"{name}: {len(data)} bytes, the drawable has {len(kept)}"
    buffer.set(area, encoding, data)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def call(procedure: str, **arguments: Any) -> Answer:
    """Calls a procedure of GIMP's database; a name's underscores stand for hyphens.

    Raises:
        LookupError: there is no such procedure.
        ValueError: GIMP did not take an argument (it ignores what is out of range).
    """
    found = Gimp.get_pdb().lookup_procedure(procedure)
    if found is None:
        raise LookupError(f"GIMP has no procedure {procedure}")
    config = found.create_config()
    for key, value in arguments.items():
        name = key.replace("_", "-")
        if isinstance(value, list):
            config.set_core_object_array(name, value)
            continue
        config.set_property(name, value)
        if isinstance(value, (bool, int, str)) and config.get_property(name) != value:
            raise ValueError(f"{procedure} did not take {value!r} for {name}")
    returned = found.run(config)
    values = [returned.index(i) for i in range(1, returned.length())]
    return Answer(returned.index(0).value_nick, values, str(Gimp.get_pdb().get_last_error()))


def close_images() -> None:
    """Closes all images, so that no test sees those of another."""
    for image in Gimp.get_images():
        image.delete()
