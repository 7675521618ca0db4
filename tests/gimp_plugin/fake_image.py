"""GIMP's images and layers, with the behaviour that the plug-in's logic relies on.

Pixels have no colour here: a drawable is a plane of bytes, whatever format is asked for.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar


class Buffer:
    """The pixels of a drawable."""

    def __init__(self, drawable: Drawable) -> None:
        self.drawable = drawable
        self.waiting: list[tuple[Any, bytes]] = []

    def get(self, area: Any, _scale: float, _form: str, _abyss: object) -> bytes:
        known, size = self.drawable, self.drawable.bpp
        rows = bytearray()
        for y in range(area[1], area[1] + area[3]):
            for x in range(area[0], area[0] + area[2]):
                inside = 0 <= x < known.width and 0 <= y < known.height
                first = (y * known.width + x) * size
                rows += known.plane[first : first + size] if inside else bytes(size)
        return bytes(rows)

    def set(self, area: Any, _form: str, data: bytes) -> None:
        self.waiting.append((area, data))

    def flush(self) -> None:
        if self.waiting and not self.drawable.is_valid():
            raise AssertionError("GIMP would have killed the plug-in")
        for (x, y, width, height), data in self.waiting:
            size = self.drawable.bpp
            row = width * size
            for line in range(height):
                first = ((y + line) * self.drawable.width + x) * size
                self.drawable.plane[first : first + row] = data[line * row : (line + 1) * row]
        self.waiting.clear()


class Drawable:
    """A layer, mask or channel."""

    kind = "layer"
    bpp = 4

    def __init__(self, image: Image, name: str, width: int, height: int, *_: object) -> None:
        self.image, self.name, self.width, self.height = image, name, width, height
        self.plane = bytearray(width * height * self.bpp)
        self.offsets = (0, 0)
        self.parent = self.mask = None
        self.parasites: dict[str, Any] = {}
        self.edit_mask = self.valid = self.visible = True
        self.locked = self.generated = False
        self.opacity = 100.0
        self.mode = "normal"
        self.spaces: list[Any] = []
        self.tattoo = image.next_tattoo()
        image.known.append(self)

    def is_valid(self) -> bool:
        return self.valid and self.image.valid

    def get_image(self) -> Image:
        return self.image

    def is_layer(self) -> bool:
        return self.kind == "layer"

    def is_layer_mask(self) -> bool:
        return self.kind == "mask"

    def is_group(self) -> bool:
        return False

    def is_text_layer(self) -> bool:
        return self.generated

    def get_name(self) -> str:
        return self.name

    def set_name(self, name: str) -> bool:
        self.name = name
        return True

    def get_width(self) -> int:
        return self.width

    def get_height(self) -> int:
        return self.height

    def get_bpp(self) -> int:
        return self.bpp

    def get_format(self) -> str:
        return "R'G'B'A u8"

    def get_buffer(self) -> Buffer:
        return Buffer(self)

    def get_offsets(self) -> tuple[bool, int, int]:
        return (True, *self.offsets)

    def set_offsets(self, x: int, y: int) -> bool:
        self.offsets = (x, y)
        return True

    def mask_intersect(self) -> tuple[bool, int, int, int, int]:
        x0, y0, x1, y1 = self.image.bounds
        left, top = max(0, x0 - self.offsets[0]), max(0, y0 - self.offsets[1])
        right = min(self.width, x1 - self.offsets[0])
        bottom = min(self.height, y1 - self.offsets[1])
        return (right > left and bottom > top, left, top, right - left, bottom - top)

    def get_parent(self) -> Any:
        return self.parent

    def get_tattoo(self) -> int:
        return self.tattoo

    def get_parasite(self, name: str) -> Any:
        return self.parasites.get(name)

    def attach_parasite(self, parasite: Any) -> bool:
        self.parasites[parasite.name] = parasite
        return True

    def get_visible(self) -> bool:
        return self.visible

    def set_visible(self, visible: bool) -> bool:
        self.visible = visible
        return True

    def get_lock_content(self) -> bool:
        return self.locked

    def set_lock_content(self, locked: bool) -> bool:
        self.locked = locked
        return True

    def get_opacity(self) -> float:
        return self.opacity

    def set_opacity(self, opacity: float) -> bool:
        self.opacity = opacity
        return True

    def get_mode(self) -> str:
        return self.mode

    def set_mode(self, mode: str) -> None:
        self.mode = mode

    def has_alpha(self) -> bool:
        return True

    def type_with_alpha(self) -> str:
        return "RGBA"

    def create_mask(self, _kind: object) -> Mask:
        return Mask(self.image, "mask", self.width, self.height)

    def add_mask(self, mask: Mask) -> bool:
        self.mask = mask
        mask.layer = self
        return True

    def get_mask(self) -> Any:
        return self.mask

    def get_apply_mask(self) -> bool:
        return True

    def get_filters(self) -> list[Any]:
        return []

    def set_edit_mask(self, edit: bool) -> bool:
        self.edit_mask = edit
        return True

    def set_blend_space(self, space: object) -> bool:
        self.spaces.append(space)
        return True

    set_composite_space = set_blend_space

    def copy(self) -> Drawable:
        copy = type(self)(self.image, f"{self.name} copy", self.width, self.height)
        copy.plane[:] = self.plane
        copy.offsets, copy.locked, copy.mask = self.offsets, self.locked, self.mask
        return copy

    def delete(self) -> bool:
        self.valid = False
        return True


class Layer(Drawable):
    __gtype__ = "GimpLayer"

    @classmethod
    def new(cls, image: Image, name: str, width: int, height: int, *more: Any) -> Layer:
        layer = cls(image, name, width, height)
        layer.opacity = more[1]
        return layer

    @staticmethod
    def from_mask(mask: Mask) -> Any:
        return mask.layer


class GroupLayer(Layer):
    def __init__(self, image: Image, name: str, width: int = 8, height: int = 8) -> None:
        super().__init__(image, name, width, height)

    @classmethod
    def new(cls, image: Image, name: str, *_: object) -> GroupLayer:
        return cls(image, name)

    def is_group(self) -> bool:
        return True


class Mask(Drawable):
    kind = "mask"
    bpp = 1
    layer: Any = None


class Channel(Drawable):
    kind = "channel"
    bpp = 1


class Image:
    """An image with a stack of layers in it and a list of the steps that were done to it."""

    __gtype__ = "GimpImage"
    deleted: ClassVar[list[Image]] = []

    def __init__(self, width: int = 8, height: int = 8) -> None:
        self.width, self.height = width, height
        self.valid = True
        self.base_type = "RGB"
        self.known: list[Drawable] = []
        self.stack: list[Drawable] = []
        self.steps: list[str] = []
        self.refuses = ""
        self.floating: Any = None
        self.bounds: Any = None
        self.selection = Channel(self, "selection", width, height)
        self.selected: list[Drawable] = []
        self.profile: Any = None
        self.resolution = (72.0, 72.0)
        self.unit = "inch"
        self.metadata: Any = None
        self.parasites: dict[str, Any] = {}

    def next_tattoo(self) -> int:
        return len(self.known) + 1

    def layer(self, name: str = "photo", **features: Any) -> Layer:
        """Puts one in, above the others."""
        layer = Layer(self, name, self.width, self.height)
        for feature, value in features.items():
            setattr(layer, feature, value)
        self.stack.insert(0, layer)
        return layer

    def select(self, x0: int, y0: int, x1: int, y1: int) -> None:
        self.bounds = (x0, y0, x1, y1)
        for y in range(y0, y1):
            self.selection.plane[y * self.width + x0 : y * self.width + x1] = b"\xff" * (x1 - x0)

    def is_valid(self) -> bool:
        return self.valid

    def get_id(self) -> int:
        return 12

    def get_precision(self) -> Any:
        return SimpleNamespace(value_nick="u8-non-linear")

    def get_effective_color_profile(self) -> Any:
        return SimpleNamespace(get_label=lambda: "GIMP built-in sRGB")

    def get_base_type(self) -> str:
        return self.base_type

    def get_floating_sel(self) -> Any:
        return self.floating

    def get_selection(self) -> Channel:
        return self.selection

    def get_layer_by_tattoo(self, tattoo: int) -> Any:
        return next((item for item in self.stack if item.tattoo == tattoo), None)

    def get_item_position(self, item: Drawable) -> int:
        return self._siblings(item.parent).index(item)

    def _siblings(self, parent: Any) -> list[Drawable]:
        return [item for item in self.stack if item.parent is parent]

    def insert_layer(self, layer: Drawable, parent: Any, position: int) -> bool:
        if self.refuses == layer.name:
            return False
        siblings = self._siblings(parent)
        last = len(self.stack)
        place = self.stack.index(siblings[position]) if position < len(siblings) else last
        layer.parent = parent
        self.stack.insert(place, layer)
        self.steps.append(f"insert {layer.name}")
        return True

    def remove_layer(self, layer: Drawable) -> None:
        self.stack = [i for i in self.stack if i is not layer and i.parent is not layer]
        self.steps.append(f"remove {layer.name}")

    def set_selected_layers(self, layers: list[Drawable]) -> bool:
        self.selected = layers
        return True

    def undo_group_start(self) -> None:
        self.steps.append("begin")

    def undo_group_end(self) -> None:
        self.steps.append("end")

    @classmethod
    def new_with_precision(cls, width: int, height: int, base: str, _precision: Any) -> Image:
        image = cls(width, height)
        image.base_type = base
        return image

    def undo_disable(self) -> bool:
        return True

    undo_enable = undo_disable

    def get_color_profile(self) -> Any:
        return self.profile

    def set_color_profile(self, profile: Any) -> bool:
        self.profile = profile
        return True

    def get_resolution(self) -> tuple[bool, float, float]:
        return (True, *self.resolution)

    def set_resolution(self, x: float, y: float) -> bool:
        self.resolution = (x, y)
        return True

    def get_unit(self) -> str:
        return self.unit

    def set_unit(self, unit: str) -> bool:
        self.unit = unit
        return True

    def get_metadata(self) -> Any:
        return self.metadata

    def set_metadata(self, metadata: Any) -> bool:
        self.metadata = metadata
        self.steps.append("metadata")
        return True

    def get_parasite(self, name: str) -> Any:
        return self.parasites.get(name)

    def attach_parasite(self, parasite: Any) -> bool:
        self.parasites[parasite.name] = parasite
        return True

    def delete(self) -> bool:
        self.valid = False
        self.deleted.append(self)
        return True
