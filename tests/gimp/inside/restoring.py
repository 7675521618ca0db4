"""Calls the plug-in and tells everything that a test may want to know about it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from gi.repository import Babl, Gegl, Gimp
from gimp_side import call, dump, open_picture

PROCEDURE = "plug-in-gpen-restore-faces"
SRGB = "R'G'B'A float"
_PICTURES: dict[str, Any] = {}
_NUMBERS = count(time.monotonic_ns())  # others, should GIMP be started once more


def fresh(name: str) -> Any:
    """The layer of a picture in the work folder, in an image of its own.

    The file is read once for each half inside; the others get a duplicate, which is quicker.
    """
    known = _PICTURES.get(name)
    if not (known and known.is_valid()):
        known = _PICTURES[name] = open_picture(name)
    (layer,) = known.duplicate().get_layers()
    return layer


def restore(
    source: Any,
    drawables: list[Any] | None = None,
    *,
    procedure: str = PROCEDURE,
    **arguments: Any,
) -> dict[str, Any]:
    """Restores a layer, or does another task to it; dumps what is compared outside and returns
    what ``Outcome`` reads there.

    Args:
        source: the layer that is meant.
        drawables: what is selected, if that is something else.
        procedure: of the task.
        arguments: of the procedure.
    """
    image, dumps = source.get_image(), f"call-{next(_NUMBERS)}"
    dump(source, f"{dumps}-source")
    dump(source, f"{dumps}-source-srgb", SRGB)
    dump(image.get_selection(), f"{dumps}-selection", "Y float")
    _dump_seen(image, f"{dumps}-seen-before")
    before = state(image)
    image.clean_all()
    chosen = [source] if drawables is None else drawables
    answer = call(procedure, image=image, drawables=chosen, **arguments)
    told = {
        "dumps": dumps,
        "status": answer.status,
        "message": answer.message,
        "dirty": image.is_dirty(),
        "before": before,
        "after": state(image),
        "source": source.get_id(),
        "new": None,
        "parasite": None,
    }
    _dump_seen(image, f"{dumps}-seen-after")
    if answer.status == "success":
        (new,) = answer.values
        told["new"] = new.get_id()
        told["parasite"] = bytes(new.get_parasite("gpen-restoration").get_data()).decode()
        dump(new, f"{dumps}-new")
        dump(new, f"{dumps}-new-srgb", SRGB)
        if new.get_mask() is not None:
            dump(new.get_mask(), f"{dumps}-mask", "Y float")
    return told


def state(image: Any) -> dict[str, Any]:
    """Everything about an image and its layers, as JSON knows it; pixels as their checksums."""
    profile = image.get_color_profile()
    return {
        "layers": [_facts(layer) for layer in _walk(image.get_layers())],
        "selected": [layer.get_id() for layer in image.get_selected_layers()],
        "selection": _checksum(image.get_selection()),
        "channels": [_checksum(channel) for channel in image.get_channels()],
        "size": [image.get_width(), image.get_height()],
        "precision": image.get_precision().value_nick,
        "profile": profile and hashlib.sha256(bytes(profile.get_icc_profile())).hexdigest(),
        # GIMP keeps the values of a dialog there.
        "parasites": sorted(
            name
            for name in image.get_parasite_list()
            if not ("plug-in-gpen-" in name and name.endswith("-last"))
        ),
        "images": sorted(other.get_id() for other in Gimp.get_images()),
    }


def _walk(layers: list[Any]) -> Iterator[Any]:
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from _walk(layer.get_children())


def _facts(layer: Any) -> dict[str, Any]:
    parent, mask = layer.get_parent(), layer.get_mask()
    locks = ("content", "position", "visibility")
    return {
        "id": layer.get_id(),
        "name": layer.get_name(),
        "kind": type(layer).__name__,
        "parent": parent and parent.get_id(),
        "offsets": list(layer.get_offsets())[1:],
        "size": [layer.get_width(), layer.get_height()],
        "visible": layer.get_visible(),
        "opacity": layer.get_opacity(),
        "mode": layer.get_mode().value_nick,
        "locks": [getattr(layer, f"get_lock_{lock}")() for lock in locks]
        + [layer.get_lock_alpha()],
        "has alpha": layer.has_alpha(),
        "mask": mask
        and [_checksum(mask), layer.get_apply_mask(), layer.get_edit_mask(), layer.get_show_mask()],
        # A group's own are those of its layers.
        "pixels": None if layer.is_group() else _checksum(layer),
        "filters": [each.get_operation_name() for each in layer.get_filters()],
        "tattoo": layer.get_tattoo(),
        "parasites": sorted(layer.get_parasite_list()),
    }


def _checksum(drawable: Any) -> str:
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    name = Babl.get_name(drawable.get_format())
    data = drawable.get_buffer().get(area, 1.0, name, Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(data).hexdigest()


def _dump_seen(image: Any, name: str) -> None:
    seen = Gimp.Layer.new_from_visible(image, image, "seen")
    dump(seen, name, SRGB)
    seen.delete()
