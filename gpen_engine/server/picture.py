"""A picture as it comes over the wire: straight into the array that the engine works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import GpenError
from ..wire import Request
from ..wire.channel import Channel

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES = {"u8": "uint8", "u16": "uint16", "float": "float32"}
"""numpy's names of ``wire.SAMPLES``."""
MARGIN = 512 << 20
"""Bytes that must be free beside the picture, for the networks and what they make."""

GREY = 16
"""Bytes a pixel of a picture in colour in the grey that is to be coloured."""
HOLE = 5
"""Bytes a pixel of what is told of the hole, beside the picture with the hole painted."""


@dataclass(frozen=True, eq=False)  # arrays cannot be compared as a whole
class Received:
    """What a client sent."""

    pixels: NDArray[Any]
    """(H, W, 4) RGBA, sRGB-encoded, straight alpha; uint8, uint16 or float32."""
    selection: NDArray[Any] | None
    """(H, W) of the same type, linear; None when everything is selected."""


def bytes_needed(request: Request) -> int:
    """What picture and selection take, and what the task makes of their size."""
    row = request.row_bytes + (request.selection_row_bytes if request.selected else 0)
    given = row * request.height
    pixels = request.width * request.height
    match request.task:
        case "colorize":
            return given + GREY * pixels
        case "inpaint":
            return given + request.row_bytes * request.height + HOLE * pixels
        case "enlarge":
            return given + request.scale**2 * given
    return given


def has_room(request: Request) -> bool:
    """Whether the picture fits into the memory that is free now."""
    import psutil

    return bool(psutil.virtual_memory().available >= bytes_needed(request) + MARGIN)


def receive(channel: Channel, request: Request, between: Callable[[], None]) -> Received:
    """Makes room, asks for the rows and takes them.

    Args:
        channel: where the client waits for ``send``.
        request: sizes and type.
        between: called after each strip; may raise to stop.

    Raises:
        GpenError: ``out_of_memory``, ``gone``, ``protocol``.
    """
    import numpy as np

    shape, dtype = (request.height, request.width), np.dtype(DTYPES[request.sample])
    try:
        pixels = np.empty((*shape, 4), dtype)
        selection = np.empty(shape, dtype) if request.selected else None
    except MemoryError as error:
        raise too_large(request) from error
    channel.send({"kind": "send"})
    channel.receive_rows(pixels.data.cast("B"), request.row_bytes, between)
    if selection is not None:
        row = request.selection_row_bytes
        channel.receive_rows(selection.data.cast("B"), row, between)
    return Received(pixels, selection)


def too_large(request: Request) -> GpenError:
    """The error that there is no room for this picture."""
    size = f"{request.width} by {request.height} pixels"
    if request.task == "enlarge":
        return GpenError(
            "out_of_memory",
            f"There is not enough free memory to enlarge {size} {request.scale} times.",
            "Enlarge them less, or a part of them, or close other programs.",
        )
    return GpenError(
        "out_of_memory",
        f"There is not enough free memory for a picture of {size}.",
        "Select the part with the faces first, or close other programs.",
    )
