"""OpenImageIO, which reads and writes the formats of film; it need not be installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from numpy.typing import NDArray

from ...errors import GpenError

if TYPE_CHECKING:
    from OpenImageIO import ImageInput, ImageSpec


def need_openimageio() -> Any:
    """The module.

    Raises:
        GpenError: ``film_missing`` when it is not installed.
    """
    try:
        import OpenImageIO
    except ImportError as error:
        raise GpenError(
            "film_missing",
            "OpenImageIO, which OpenEXR and DPX files are read and written with, is not installed.",
            "Install it beside gpen: pip install 'gpen-engine[film]'.",
        ) from error
    return OpenImageIO


@contextmanager
def opened(file: BinaryIO, plugin: str) -> Iterator[ImageInput]:
    """A file for reading.

    Raises:
        GpenError: ``film_missing``.
        OSError: it is damaged, or of another format.
    """
    oiio = need_openimageio()
    with tempfile.TemporaryDirectory(prefix="gpen-") as folder:
        path = Path(file.name).absolute()
        if "?" in str(path):  # behind which OpenImageIO expects options
            link = Path(folder) / f"picture.{plugin}"
            link.symlink_to(path)
            path = link
        source = oiio.ImageInput.open(str(path))
        if source is None:
            raise OSError(oiio.geterror())
        try:
            if source.format_name() != plugin:
                raise OSError(f"it is {source.format_name()}")
            yield source
        finally:
            source.close()


def read_all(source: ImageInput, kind: str) -> NDArray[Any]:
    """All channels of the first picture, (H, W, C).

    Args:
        source: from `opened`.
        kind: the samples' type in OpenImageIO's words; ``unknown`` is the file's own.

    Raises:
        OSError: it is damaged or cut short.
    """
    array = source.read_image(0, 0, 0, source.spec().nchannels, kind)
    if array is None:
        raise OSError(source.geterror())
    return array.reshape(*array.shape[:2], -1)


def encoded(spec: ImageSpec, pixels: NDArray[Any], plugin: str) -> bytes:
    """A whole file, the same bytes for the same picture.

    Args:
        spec: its header.
        pixels: (H, W, C).
        plugin: the format, in OpenImageIO's words.

    Raises:
        GpenError: ``film_missing``.
        OSError: it cannot be written so.
    """
    oiio = need_openimageio()
    if not spec.getattribute("DateTime"):
        spec.attribute("DateTime", "")  # or it would be now
    with tempfile.TemporaryDirectory(prefix="gpen-") as folder:
        path = Path(folder) / f"picture.{plugin}"
        target = oiio.ImageOutput.create(plugin)
        if not (target and target.open(str(path), spec)):
            raise OSError(target.geterror() if target else oiio.geterror())
        done = target.write_image(pixels)
        if not (target.close() and done):
            raise OSError(target.geterror())
        return path.read_bytes()
