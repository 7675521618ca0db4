"""Which layer is meant, and which part of it is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gi.repository import Gimp
from record import PARASITE, Record
from rectangle import Rectangle, surroundings
from tasks import RESTORE, GpenTask
from translate import _

from gpen_engine.errors import GpenError


class Former(NamedTuple):
    """The result of an earlier run."""

    layer: Any
    """Or group."""
    record: Record

    @property
    def is_part(self) -> bool:
        """Whether it is no picture by itself, but shows its source where nothing was done."""
        made = self.record.settings
        return made.result != "merged" and made.task in ("restore", "colorize", "inpaint")


@dataclass(frozen=True)
class Target:
    """A layer of an image, to which a task is to be done."""

    image: Any
    layer: Any
    """The source: read, never written."""
    size: tuple[int, int]
    task: GpenTask = RESTORE
    former: Former | None = None
    """The earlier result of the same task that was selected, when it was one of this source."""
    above: Any = None
    """What the result comes above, where that is not the source."""

    def check_source(self) -> None:
        """Users go on working meanwhile. Raises GpenError when the layer is not there any more."""
        if not self.image.is_valid():
            raise GpenError("image_gone", _("The image was closed before the result was ready."))
        if not self.layer.is_valid():
            raise GpenError(
                "layer_gone",
                _("The layer was deleted before the result was ready."),
                _("Select a layer and try again."),
            )
        if (self.layer.get_width(), self.layer.get_height()) != self.size:
            raise GpenError(
                "layer_changed",
                _("The layer was changed before the result was ready."),
                _("Try again."),
            )

    def check(self) -> None:
        """Raises GpenError when the task cannot be done to the layer, or when no result can be put
        above it."""
        self.check_source()
        width, height = self.size
        if self.task.name == "seg2face" and width != height:
            raise GpenError(
                "not_square",
                _("A face map is square, and this layer has {width} by {height} pixels.").format(
                    width=width, height=height
                ),
                _(
                    "Make it square (Layer > Layer Boundary Size…), with the face framed as in a"
                    " portrait."
                ),
            )
        if self.task.makes_an_image:
            return
        kind = self.image.get_base_type()
        if self.task.gives_colours and kind == Gimp.ImageBaseType.GRAY:
            raise GpenError(
                "grey_image",
                _("The image is in the mode Grayscale, which has no room for colours."),
                _("Change its mode first (Image > Mode > RGB), then try again."),
            )
        if kind == Gimp.ImageBaseType.INDEXED:
            raise GpenError(
                "indexed",
                _("The image has a palette of a few colours, in which faces cannot be restored."),
                _("Give it all colours first (Image > Mode > RGB), then try again."),
            )
        if self.image.get_floating_sel() is not None:
            raise GpenError(
                "floating_selection",
                _("There is a floating selection, which GIMP allows no new layer beside."),
                _("Anchor it (Layer > Anchor Layer) or make a layer of it, then try again."),
            )

    def offsets(self) -> tuple[int, int]:
        """Where the layer lies in its image."""
        x, y = self.layer.get_offsets()[1:]
        return x, y

    def area(self) -> tuple[Rectangle, bool]:
        """What is sent, in pixels of the layer, and whether a selection limits the result.

        Raises:
            GpenError: ``empty_selection`` when the selection does not touch the layer, ``no_hole``
                when the task needs one and there is none.
        """
        whole = Rectangle(0, 0, *self.size)
        if Gimp.Selection.is_empty(self.image):
            if self.task.name == "inpaint":
                raise GpenError(
                    "no_hole",
                    _("Nothing is selected, so there is no hole to fill."),
                    _("Select the part of a face that is to be filled, then try again."),
                )
            return whole, False
        hit, *bounds = self.layer.mask_intersect()
        if not hit:
            raise GpenError(
                "empty_selection",
                _("The selection does not touch the selected layer."),
                _("Select a part of the layer, or nothing at all (Select > None)."),
            )
        if self.task.takes_it_whole:
            return whole, True
        return surroundings(Rectangle(*bounds), *self.size), True


def find_target(image: Any, drawables: Sequence[Any], task: GpenTask = RESTORE) -> Target:
    """The layer that is meant by what is selected in GIMP.

    That is the layer itself; the layer of a mask that is being edited; and for the result of a
    former run, which is selected afterwards, the source of that run: if the task is the same, to
    do it again, and if it is another, where that result is no picture by itself.

    Raises:
        GpenError: ``no_layer``, ``several_layers``, ``foreign_layer`` and what
            :meth:`Target.check` raises.
    """
    if len(drawables) > 1:
        raise GpenError(
            "several_layers",
            _("{n} layers are selected.").format(n=len(drawables)),
            _("Select one layer, then try again."),
        )
    selected = drawables[0] if drawables else None
    if selected is not None and selected.is_layer_mask():
        selected = Gimp.Layer.from_mask(selected)
    if selected is None or not selected.is_layer():
        raise GpenError(
            "no_layer",
            _("No layer is selected.")
            if selected is None
            else _("A channel is selected, not a layer."),
            _("Select one layer in the Layers dialog, then try again."),
        )
    if selected.get_image() != image:  # only a script can ask for that
        raise GpenError(
            "foreign_layer",
            _("The selected layer belongs to another image."),
            _("Give the image that it lies in."),
        )
    layer, former, above = selected, None, None
    made = _former(selected)
    source = made and _source(image, made.record)
    if made and source:
        if made.record.settings.task == task.name:
            layer, former, above = source, made, made.layer
        elif made.is_part:
            layer = source
            # Colours lie above everything that has light.
            above = None if made.record.settings.task == "colorize" else made.layer
    target = Target(image, layer, (layer.get_width(), layer.get_height()), task, former, above)
    target.check()
    return target


@contextlib.contextmanager
def readable(target: Target, *, as_seen: bool) -> Iterator[Any]:
    """A drawable with the layer's pixels.

    Args:
        target: the layer.
        as_seen: with the layer's own filters and its mask, what that hides being transparent.
            A layer's pixels have neither, so GIMP renders a copy in an image of its own.
    """
    image, layer = target.image, target.layer
    if not as_seen or not _is_rendered(layer):
        yield layer
        return
    kind = image.get_base_type()
    if kind == Gimp.ImageBaseType.INDEXED:  # a new image would have no palette
        kind = Gimp.ImageBaseType.RGB
    aside = Gimp.Image.new_with_precision(*target.size, kind, image.get_precision())
    try:
        aside.undo_disable()
        profile = image.get_color_profile()
        if profile is not None:
            aside.set_color_profile(profile)
        copy = Gimp.Layer.new_from_drawable(layer, aside)
        if not aside.insert_layer(copy, None, 0):
            raise RuntimeError(f"GIMP copied no layer: {Gimp.get_pdb().get_last_error()}")
        x, y = copy.get_offsets()[1:]
        aside.resize(*target.size, -x, -y)  # moving the layer would fail where that is locked
        copy.set_mode(Gimp.LayerMode.NORMAL)
        copy.set_opacity(100)
        copy.set_lock_visibility(False)
        copy.set_visible(True)
        yield Gimp.Layer.new_from_visible(aside, aside, layer.get_name())
    finally:
        aside.delete()


def _is_rendered(layer: Any) -> bool:
    """Whether a layer looks otherwise than its pixels say."""
    masked = layer.get_mask() is not None and layer.get_apply_mask()
    return masked or bool(layer.get_filters())


def is_plain(layer: Any) -> bool:
    """False for layers whose pixels GIMP makes itself: groups, texts, links, vector layers."""
    kinds = ("is_group", "is_text_layer", "is_link_layer", "is_vector_layer")  # two since 3.2
    return not any(hasattr(layer, kind) and getattr(layer, kind)() for kind in kinds)


def _former(layer: Any) -> Former | None:
    """The layer, or the group that holds it: a face's layer lies in such a group."""
    while layer is not None:
        parasite = layer.get_parasite(PARASITE)
        record = parasite and Record.parse(bytes(parasite.get_data()))
        if record:
            return Former(layer, record)
        layer = layer.get_parent()
    return None


def _source(image: Any, record: Record) -> Any:
    """None when it is not in this image any more, as that of an enlarged one never was."""
    if record.settings.task == "enlarge":
        return None
    layer = image.get_layer_by_tattoo(record.tattoo)
    fits = layer and (layer.get_width(), layer.get_height()) == record.size
    return layer if fits else None
