"""The result as an image of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import image_note
from gi.repository import Gimp
from layers import must, noted
from pixels import colour_writer
from record import Record
from rectangle import Rectangle
from target import Target

from gpen_engine.wire import SAMPLES, PatchRows, Reply
from gpen_engine.wire.channel import rows_per_strip

COMMENT = "gimp-comment"
"""A parasite of GIMP's."""


def new_image(
    target: Target,
    sample: str,
    size: tuple[int, int],
    reply: Reply,
    patches: Sequence[PatchRows],
    record: Record,
) -> tuple[Any, bool]:
    """Makes an image with one layer of its size, which has the source image's colour space,
    precision, resolution and metadata. No display shows it yet.

    Args:
        target: the source.
        sample: type of the patches.
        size: of the image, in pixels.
        reply: of the engine.
        patches: in the reply's order.
        record: what to keep on the layer.

    Returns:
        The image; False when its metadata should tell of what was invented but cannot.
    """
    old, source = target.image, target.layer
    grey = old.get_base_type() == Gimp.ImageBaseType.GRAY
    base = Gimp.ImageBaseType.GRAY if grey else Gimp.ImageBaseType.RGB
    image = Gimp.Image.new_with_precision(*size, base, old.get_precision())
    try:
        image.undo_disable()
        _describe(image, old)
        opaque, see_through = (
            (Gimp.ImageType.GRAY_IMAGE, Gimp.ImageType.GRAYA_IMAGE)
            if grey
            else (Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE)
        )
        has_alpha = source.has_alpha() or source.get_mask() is not None
        layer = Gimp.Layer.new(
            image,
            target.task.made.format(layer=source.get_name(), model=reply.model),
            *size,
            see_through if has_alpha else opaque,
            100.0,
            Gimp.LayerMode.NORMAL,
        )
        must(image.insert_layer(layer, None, 0))
        with colour_writer(layer, sample) as writer:
            for patch in patches:
                _write(writer, patch, 4 * SAMPLES[sample])
        noted(layer, record.written(reply, (0, 0)))
        # Interpolation invents nothing.
        invented = reply.upscaler or (reply.faces and record.settings.strength > 0)
        told = not (invented and record.settings.note) or image_note.note(image)
        image.undo_enable()
    except BaseException:
        image.delete()
        raise
    return image, told


def _describe(image: Any, old: Any) -> None:
    """Gives an image what belongs to another but its pixels."""
    profile = old.get_color_profile()
    if profile is not None:
        must(image.set_color_profile(profile))
    known, *resolution = old.get_resolution()
    if known:
        must(image.set_resolution(*resolution))
    must(image.set_unit(old.get_unit()))
    metadata = old.get_metadata()
    if metadata is not None:
        must(image.set_metadata(metadata))
    comment = old.get_parasite(COMMENT)
    if comment is not None:
        must(image.attach_parasite(comment))


def _write(writer: Any, patch: PatchRows, pixel: int) -> None:
    """Some rows at once: a picture can be large, and each write makes a copy."""
    info, row = patch.info, patch.info.width * pixel
    step = rows_per_strip(row)
    for top in range(0, info.height, step):
        rows = min(step, info.height - top)
        part = bytes(memoryview(patch.pixels)[top * row : (top + rows) * row])
        writer.write(Rectangle(info.x, info.y + top, info.width, rows), part)
