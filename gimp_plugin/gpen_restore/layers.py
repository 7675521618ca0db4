"""The result in GIMP: layers that are finished before the image gets to see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import image_note
from coverage_runs import covered_runs
from gi.repository import Gimp
from pixels import colour_writer, copy_pixels, coverage_writer
from record import PARASITE, Record
from rectangle import Rectangle
from target import Target, is_plain, readable
from translate import _

from gpen_engine.wire import SAMPLES, PatchRows, Reply


class Stack(NamedTuple):
    """What goes into the image."""

    top: Any
    """A layer, or a group."""
    inside: tuple[Any, ...] = ()
    """Layers of the group, uppermost first."""
    noted: bool = True
    """Whether the image's metadata shall tell of it."""


class Workbench:
    """Where layers are made; those that were not put into the image are deleted when it is left.

    Args:
        target: the source.
        sample: type of the patches.
        origin: of the picture that was sent, in pixels of the source.
    """

    def __init__(self, target: Target, sample: str, origin: tuple[int, int]) -> None:
        self.target = target
        self.sample = sample
        self.origin = origin
        self._loose: list[Any] = []

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        if self.target.image.is_valid():  # it took them along otherwise
            for layer in self._loose:
                layer.delete()

    def build(self, kind: str, reply: Reply, patches: Sequence[PatchRows], record: Record) -> Stack:
        """Makes the layers of a result.

        Args:
            kind: one of the wire's ``RESULTS``.
            reply: of the engine.
            patches: in the reply's order.
            record: what to keep on the result.
        """
        if kind == "merged":
            stack = Stack(self._merged(reply, patches))
        elif kind == "faces":
            stack = self._faces(reply, patches, record.settings.strength)
        else:
            stack = Stack(self._layer(reply, patches, record.settings.strength))
        data = record.written(reply, self.origin)
        _must(
            stack.top.attach_parasite(Gimp.Parasite.new(PARASITE, Gimp.PARASITE_PERSISTENT, data))
        )
        stack.top.set_visible(self.target.layer.get_visible())
        return stack._replace(noted=record.settings.note)

    def put(self, stack: Stack) -> bool:
        """Puts the result above the source as one step of undo, and selects it.

        Above an earlier result that was selected, too. That one is hidden, as the new one is
        there in its stead, unless a selection tells that the new one is only a part.

        Returns:
            False when the image's metadata should tell of it but cannot.
        """
        image, former = self.target.image, self.target.former
        earlier = former.layer if former and former.layer.is_valid() else None
        parent, position = _place(image, earlier or self.target.layer)
        image.undo_group_start()
        try:
            _must(image.insert_layer(stack.top, parent, position))
            self._loose.remove(stack.top)
            for place, layer in enumerate(stack.inside):
                _must(image.insert_layer(layer, stack.top, place))
                self._loose.remove(layer)
            if earlier and Gimp.Selection.is_empty(image):
                earlier.set_visible(False)
            image.set_selected_layers([stack.top])
            told = not stack.noted or image_note.note(image)
        except BaseException:
            if stack.top not in self._loose:
                image.remove_layer(stack.top)
            raise
        finally:
            image.undo_group_end()
        Gimp.displays_flush()
        return told

    def _layer(self, reply: Reply, patches: Sequence[PatchRows], strength: float) -> Any:
        size = Rectangle(0, 0, *self.target.size)
        layer = self._new_layer(_title(reply), size, strength)
        self._fill(layer, [(self._in_source(patch), patch) for patch in patches])
        return layer

    def _faces(self, reply: Reply, patches: Sequence[PatchRows], strength: float) -> Stack:
        group = Gimp.GroupLayer.new(self.target.image, _title(reply))
        self._loose.append(group)
        # The faces' masks add up where two of them meet, so they are faded together.
        _must(group.set_opacity(100 * strength))
        _blend_as_seen(group)
        layers = []
        for number, patch in enumerate(patches, 1):
            area = self._in_source(patch)
            face = reply.faces[patch.info.faces[0]]
            name = _("Face {number}").format(number=number)
            layer = self._new_layer(name, area, face.strength)
            self._fill(layer, [(Rectangle(0, 0, area.width, area.height), patch)])
            layers.append(layer)
        return Stack(group, tuple(layers))

    def _merged(self, reply: Reply, patches: Sequence[PatchRows]) -> Any:
        name = _("{layer} with restored faces ({model})").format(
            layer=self.target.layer.get_name(), model=reply.model
        )
        layer = self._copy(name)
        pixel = 4 * SAMPLES[self.sample]
        with colour_writer(layer, self.sample) as writer:
            for patch in patches:
                left, top, width = self._in_source(patch)[:3]
                # Only what is covered: the rest keeps its bits, of whatever precision they are.
                for y, x0, x1 in covered_runs(patch.coverage, width, SAMPLES[self.sample]):
                    first = (y * width + x0) * pixel
                    data = patch.pixels[first : first + (x1 - x0) * pixel]
                    writer.write(Rectangle(left + x0, top + y, x1 - x0, 1), bytes(data))
        return layer

    def _in_source(self, patch: PatchRows) -> Rectangle:
        info = patch.info
        x, y = self.origin
        return Rectangle(info.x + x, info.y + y, info.width, info.height)

    def _new_layer(self, name: str, area: Rectangle, strength: float = 1.0) -> Any:
        """A transparent one over a part of the source, with a mask that hides all of it."""
        image = self.target.image
        grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
        kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
        layer = Gimp.Layer.new(
            image, name, area.width, area.height, kind, 100 * strength, Gimp.LayerMode.NORMAL
        )
        self._loose.append(layer)
        x, y = self.target.offsets()
        _must(layer.set_offsets(x + area.x, y + area.y))
        _must(layer.add_mask(layer.create_mask(Gimp.AddMaskType.BLACK)))
        layer.set_edit_mask(False)  # the next filter is meant for the layer
        _blend_as_seen(layer)
        return layer

    def _fill(self, layer: Any, parts: Sequence[tuple[Rectangle, PatchRows]]) -> None:
        """Writes patches that do not overlap, and their coverages into the mask."""
        with colour_writer(layer, self.sample) as colours:
            for area, patch in parts:
                colours.write(area, bytes(patch.pixels))
        with coverage_writer(layer.get_mask(), self.sample) as mask:
            for area, patch in parts:
                mask.write(area, bytes(patch.coverage))

    def _copy(self, name: str) -> Any:
        """The source once more, as a layer of plain pixels that can be written to."""
        source = self.target.layer
        if is_plain(source):
            layer = source.copy()
            self._loose.append(layer)
            _must(layer.set_name(name))
            layer.set_lock_content(False)
            if layer.get_mask() is not None:
                layer.set_edit_mask(False)
            return layer
        layer = Gimp.Layer.new(
            self.target.image,
            name,
            *self.target.size,
            source.type_with_alpha(),
            source.get_opacity(),
            Gimp.LayerMode.NORMAL if source.is_group() else source.get_mode(),
        )
        self._loose.append(layer)
        _must(layer.set_offsets(*self.target.offsets()))
        with readable(self.target, as_seen=True) as drawable:
            copy_pixels(drawable, layer)
        return layer


def _title(reply: Reply) -> str:
    return _("Restored faces ({model})").format(model=reply.model)


def _blend_as_seen(layer: Any) -> None:
    """Blends as the engine does, in sRGB's own steps; GIMP's usual blending is linear in light."""
    space = Gimp.LayerColorSpace.RGB_PERCEPTUAL
    _must(layer.set_blend_space(space) and layer.set_composite_space(space))


def _place(image: Any, layer: Any) -> tuple[Any, int]:
    """Parent and position for a layer just above another; above groups whose content is
    locked, since GIMP puts nothing into these."""
    above, item = layer, layer.get_parent()
    while item is not None:
        if item.get_lock_content():
            above = item
        item = item.get_parent()
    return above.get_parent(), image.get_item_position(above)


def _must(done: bool) -> None:
    if not done:
        raise RuntimeError(f"GIMP refused: {Gimp.get_pdb().get_last_error()}")
