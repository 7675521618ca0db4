"""What a call of the plug-in did in GIMP, held against what the engine makes of the same pixels.

The half inside is ``inside/restoring.py``. All colours here are float sRGB, 0..1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import cv2
import numpy as np
from halves import Result
from numpy.typing import NDArray

from gpen_engine import RestoreOptions, Restorer
from gpen_engine.faces import Face
from gpen_engine.faces.patch import islands

Image = NDArray[np.float32]
LEVEL = 1 / 255
Measure = Callable[[Image], Image]
"""Of colours (…, 3 or 4), before they are compared."""
KNOWN_AFTERWARDS = ("layers", "selected")
"""What a success changes in the state of an image."""


def _as_it_is(pixels: Image) -> Image:
    return pixels


@dataclass(frozen=True, eq=False)
class Expected:
    """What the engine makes of a layer's pixels, outside of GIMP."""

    pixels: Image
    """(H, W, 4) the finished picture."""
    change: Image
    """(H, W) how much of it is restored, before strength; 0..1."""
    faces: int

    @property
    def untouched(self) -> NDArray[np.bool_]:
        """(H, W) where nothing may change. What is covered ends a pixel earlier or later when
        the landmarks differ in their last bit, so it is taken a pixel larger."""
        return ~cv2.dilate((self.change > 0).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(
            bool
        )


class Outcome:
    """One call.

    Args:
        result: of the half inside, which returned what ``restore`` told by name.
        name: what it is called there.
    """

    def __init__(self, result: Result, name: str) -> None:
        self.result = result
        self.told: dict[str, Any] = result.value[name]
        self.status: str = self.told["status"]
        self.message: str = self.told["message"]

    def pixels(self, which: str) -> NDArray[Any]:
        """Of ``source``, ``selection``, ``seen-before``, ``seen-after``, ``new`` or ``mask``; of
        layers as they are stored, or with ``-srgb`` after it."""
        return self.result.pixels(f"{self.told['dumps']}-{which}")

    def layer(self, name: str) -> dict[str, Any]:
        """What is known of the layer of this name afterwards."""
        (found,) = [layer for layer in self.told["after"]["layers"] if layer["name"] == name]
        return dict(found)

    @property
    def source(self) -> dict[str, Any]:
        return _layers(self.told["before"])[self.told["source"]]

    @property
    def new(self) -> dict[str, Any]:
        assert self.status == "success", self.message
        return _layers(self.told["after"])[self.told["new"]]

    @property
    def faces(self) -> list[dict[str, Any]]:
        """The layers of the new group, uppermost first."""
        return [each for each in self.told["after"]["layers"] if each["parent"] == self.new["id"]]

    @property
    def parasite(self) -> dict[str, Any]:
        return dict(json.loads(self.told["parasite"]))

    def check_added(self, *, above: str | None = None, hides: str | None = None) -> None:
        """One layer, or one group, lies just above the source and is selected; of the source's
        size and place; everything else is as it was, bit for bit.

        Args:
            above: name of what it lies above instead.
            hides: name of an earlier result that is hidden now.
        """
        assert self.status == "success", self.message
        before, after = self.told["before"], self.told["after"]
        kept = [each for each in after["layers"] if each["id"] in _layers(before)]
        hidden = [
            {**each, "visible": each["visible"] and each["name"] != hides}
            for each in before["layers"]
        ]
        assert kept == hidden
        assert _rest(after) == _rest(before)
        added = [each for each in after["layers"] if each["id"] not in _layers(before)]
        new = self.new
        assert [each for each in added if each["parent"] != new["id"]] == [new]
        assert after["selected"] == [new["id"]]
        beneath = self.layer(above or hides or self.source["name"])
        assert new["parent"] == beneath["parent"]
        siblings = [each for each in after["layers"] if each["parent"] == new["parent"]]
        assert siblings.index(new) + 1 == siblings.index(beneath)
        assert new["visible"] == self.source["visible"]
        if not self.faces:
            assert (new["offsets"], new["size"]) == (self.source["offsets"], self.source["size"])
        assert self.told["dirty"]

    def check_refused(self, message: str) -> None:
        """This message, and nothing has changed. Messages speak of GIMP, not of a terminal's
        options."""
        assert (self.status, self.message) == ("execution-error", message)
        self.check_nothing_changed()
        assert "--" not in message

    def check_nothing_changed(self) -> None:
        assert self.told["after"] == self.told["before"]
        assert not self.told["dirty"]
        assert np.array_equal(self.pixels("seen-before"), self.pixels("seen-after"))

    @cached_property
    def selection(self) -> Image:
        """(H, W) the selection where the source lies, 0 beyond the canvas."""
        whole = self.pixels("selection")[:, :, 0]
        return _window(whole, self.source["offsets"], self.source["size"])

    def expected(
        self,
        *,
        selected: bool = False,
        shown: NDArray[Any] | None = None,
        fallback: bool = False,
        columns: tuple[int, int] | None = None,
        as_seen: bool = False,
        faces: Sequence[Face] | None = None,
        **options: Any,
    ) -> Expected:
        """What the engine makes of the source.

        Args:
            selected: whether the selection counts.
            shown: (H, W) what the source's own mask shows of it, 0..1.
            fallback: where the selection has no face, it is one.
            columns: the first and the one after the last that are sent, if these are not all.
            as_seen: with its filters: what is seen of the image, which it covers alone.
            faces: those that were chosen.
            options: of ``RestoreOptions``.
        """
        source = _rgba(self.pixels("seen-before" if as_seen else "source-srgb"))
        if shown is not None:
            source[:, :, 3] *= shown
        begin, end = columns or (0, source.shape[1])
        limit = np.ascontiguousarray(self.selection[:, begin:end]) if selected else None
        made = _expected(
            np.ascontiguousarray(source[:, begin:end]),
            limit,
            RestoreOptions(fallback=fallback, **options),
            faces,
        )
        pixels, change = source.copy(), np.zeros(source.shape[:2], np.float32)
        pixels[:, begin:end], change[:, begin:end] = made.pixels, made.change
        return Expected(pixels, change, made.faces)

    def blended(self) -> Image:
        """(H, W, 3) the new layer over its source, through its mask and opacity."""
        source, new = (_rgba(self.pixels(f"{which}-srgb")) for which in ("source", "new"))
        part = self.pixels("mask") * (self.new["opacity"] / 100)
        return np.asarray(source[:, :, :3] * (1 - part) + new[:, :, :3] * part, np.float32)

    def check_layer(
        self, expected: Expected, within: float = LEVEL, measure: Measure = _as_it_is
    ) -> None:
        """The new layer with its mask shows what the engine makes, and no more: transparent and
        hidden where nothing is restored."""
        assert expected.faces, "nothing to compare"
        assert _distance(self.blended(), expected.pixels[:, :, :3], measure) <= within
        untouched = expected.untouched
        new, mask = self.pixels("new"), self.pixels("mask")[:, :, 0]
        assert not new[untouched][:, -1].any()
        assert mask[untouched].max() == 0
        assert np.abs(mask - expected.change).max() <= max(within, 1 / 255)
        assert mask.max() > 0.1

    def check_merged(
        self, expected: Expected, within: float = LEVEL, measure: Measure = _as_it_is
    ) -> None:
        """The new layer is the engine's picture, and where nothing is restored the source's own
        bits."""
        assert expected.faces, "nothing to compare"
        new, source = self.pixels("new"), self.pixels("source")
        assert new.dtype == source.dtype
        assert np.array_equal(new[expected.untouched], source[expected.untouched])
        assert not np.array_equal(new, source)
        found = _rgba(self.pixels("new-srgb"))
        assert _distance(found[:, :, :3], expected.pixels[:, :, :3], measure) <= within
        assert np.array_equal(found[:, :, 3], _rgba(self.pixels("source-srgb"))[:, :, 3])

    def check_seen(
        self, expected: Expected, within: float = LEVEL, measure: Measure = _as_it_is
    ) -> None:
        """What is seen of the whole image is what the engine makes where the source lies, and
        what it was everywhere else. For a source that is opaque and uppermost."""
        before, after = (_rgba(self.pixels(f"seen-{when}")) for when in ("before", "after"))
        left, top = self.source["offsets"]
        back = [-left, -top]
        canvas = [before.shape[1], before.shape[0]]
        changed = ~_window(expected.untouched, back, canvas, outside=True)
        assert changed.any()
        # GIMP blends in float32, which is exact for no more than 16 bits.
        exact = self.pixels("source").dtype.itemsize <= 2
        assert np.abs(after - before)[~changed].max() <= (0 if exact else 2e-5)
        wanted = _window(expected.pixels, back, canvas)
        assert _distance(after[changed], wanted[changed], measure) <= within
        assert not np.array_equal(after, before)


def _distance(one: Image, other: Image, measure: Measure) -> float:
    """The largest difference anywhere."""
    return float(np.abs(measure(one) - measure(other)).max())


def _layers(state: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {layer["id"]: layer for layer in state["layers"]}


def _rest(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in KNOWN_AFTERWARDS}


def _rgba(pixels: NDArray[Any]) -> Image:
    assert pixels.dtype == np.float32
    return pixels


def _window(
    array: NDArray[Any], offsets: list[int], size: list[int], *, outside: float = 0
) -> NDArray[Any]:
    """The part of an array that begins at an x and y, which may lie beyond it, and has a size."""
    (x, y), (width, height) = offsets, size
    found = np.full((height, width, *array.shape[2:]), outside, array.dtype)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + width, array.shape[1]), min(y + height, array.shape[0])
    if x0 < x1 and y0 < y1:
        found[y0 - y : y1 - y, x0 - x : x1 - x] = array[y0:y1, x0:x1]
    return found


def _expected(
    source: Image,
    selection: Image | None,
    options: RestoreOptions,
    faces: Sequence[Face] | None,
) -> Expected:
    """Computed once for the same pixels, which every GIMP sees and many calls have."""
    part = b"" if selection is None else selection.tobytes()
    chosen = faces and [(face.landmarks.tolist(), face.strength) for face in faces]
    facts = repr((source.shape, options, chosen)).encode()
    key = hashlib.sha256(source.tobytes() + part + facts).digest()
    if key not in _KNOWN:
        result = _restorer().restore(source, options, selection=selection, faces=faces)
        change = np.zeros(source.shape[:2], np.float32)
        for island in islands(result.patches):
            x0, y0, x1, y1 = island.box
            change[y0:y1, x0:x1] = island.coverage
        _KNOWN[key] = Expected(result.composite(), change, len(result.faces))
    return _KNOWN[key]


_KNOWN: dict[bytes, Expected] = {}


@cache
def _restorer() -> Restorer:
    return Restorer(device="cpu")
