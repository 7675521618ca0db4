"""TIFF: 8 and 16 bits and float, every channel set, lossless."""

from __future__ import annotations

import io
from mmap import ACCESS_READ, mmap
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, RESUNIT, TiffPage

from ..cmyk import cmyk_to_srgb
from ..depth import white
from ..picture import Picture, Pixels
from . import exif
from .format import Decoded, Format, Unsupported, check_size

_COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.YCBCR: 3,
    PHOTOMETRIC.SEPARATED: 4,
}
"""How many samples of a pixel are colour."""
_MOST_SAMPLES = 8
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_PROFILE, _XMP = 34675, 700
_LARGEST_CLASSIC = 3 << 30  # bytes of pixels; larger files are written as BigTIFF


def _decode(file: BinaryIO) -> Decoded:
    """Reads the first page only.

    1 to 7 bits become 8, 9 to 15 become 16, half and double floats single; palettes become RGB
    and CMYK sRGB. The first extra channel is taken as alpha (and made straight when colours were
    multiplied by it), others are left out.
    """
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        if not isinstance(page, TiffPage):
            raise Unsupported("a first page without a directory of its own")
        check_size(page.imagewidth, page.imagelength)
        profile = page.tags.valueof(_PROFILE)
        pixels = _pixels(page, profile)
        if page.photometric == PHOTOMETRIC.SEPARATED:
            profile = None
        orientation, dpi = page.tags.valueof(exif.ORIENTATION, 1), _dpi(page)
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            block = exif.from_tiff(data)
        packet = _packet(page)
    return Decoded(Picture(pixels, profile, block, dpi, packet), orientation)


def _notes(file: BinaryIO) -> bytes | None:
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        return _packet(page) if isinstance(page, TiffPage) else None


def _packet(page: TiffPage) -> bytes | None:
    packet = page.tags.valueof(_XMP)
    return packet if isinstance(packet, bytes) else None


def _pixels(page: TiffPage, profile: bytes | None) -> Pixels:
    _check(page)
    planes, _, height, width, samples = page.shaped
    by_plane = page.asarray().reshape(planes, height, width, samples)
    stored = np.moveaxis(by_plane, 0, 2).reshape(height, width, planes * samples)
    colours = _COLOURS[PHOTOMETRIC(page.photometric)]
    if page.photometric == PHOTOMETRIC.PALETTE and page.colormap is not None:
        palette = (page.colormap.T >> 8).astype(np.uint8)
        return np.take(palette, stored[..., 0], axis=0)

    pixels = _scaled(stored[..., : colours + 1], page.bitspersample)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels[..., 0] = white(pixels.dtype) - pixels[..., 0]
    if pixels.shape[2] > colours and page.extrasamples[:1] == (EXTRASAMPLE.ASSOCALPHA,):
        _straighten(pixels)
    if page.photometric == PHOTOMETRIC.SEPARATED:
        rgb = cmyk_to_srgb(pixels[..., :4], profile)
        pixels = np.concatenate((rgb, pixels[..., 4:]), axis=-1)
    return pixels


def _check(page: TiffPage) -> None:
    """Raises `Unsupported` for what photographs are not stored as."""
    photometric, bits, dtype = page.photometric, page.bitspersample, page.dtype
    if photometric not in _COLOURS:
        raise Unsupported(f"colours of the kind {photometric!r}")
    if photometric == PHOTOMETRIC.YCBCR and page.compression != COMPRESSION.JPEG:
        raise Unsupported("YCbCr colours that are not compressed as JPEG")
    is_float = dtype is not None and dtype.kind == "f"
    if dtype is None or not (is_float or (dtype.kind in "bu" and bits <= 16)):
        raise Unsupported(f"{bits}-bit samples of type {dtype}")
    if is_float and photometric in (PHOTOMETRIC.SEPARATED, PHOTOMETRIC.PALETTE):
        raise Unsupported("CMYK or palette colours in float")
    if page.imagedepth != 1 or page.samplesperpixel > _MOST_SAMPLES:
        raise Unsupported(f"{page.samplesperpixel} channels in {page.imagedepth} layers")


def _scaled(stored: NDArray[Any], bits: int) -> Pixels:
    """Samples of any number of bits in 8, 16 or float."""
    if stored.dtype.kind == "f":
        return stored.astype(np.float32, copy=False)
    if bits in (8, 16):
        return stored.astype(f"u{bits // 8}", copy=False)
    dtype, top = np.uint8 if bits < 8 else np.uint16, 2**bits - 1
    scaled: Pixels = (stored.astype(np.uint32) * white(dtype) + top // 2) // top
    return scaled.astype(dtype)


def _straighten(pixels: Pixels) -> None:
    """Divides colours by the last channel, in place; nothing is known below full transparency."""
    full = white(pixels.dtype)
    for row in pixels:
        visible = row[:, -1] > 0
        alpha = row[visible, -1:].astype(np.float64)
        straight = row[visible, :-1] / alpha * full
        if full != 1:
            straight = np.rint(straight).clip(0, full)
        row[visible, :-1] = straight.astype(pixels.dtype)


def _dpi(page: TiffPage) -> tuple[float, float] | None:
    per_inch = {RESUNIT.INCH: 1.0, RESUNIT.CENTIMETER: 2.54}
    factor = per_inch.get(page.tags.valueof(_RESOLUTION_UNIT, RESUNIT.INCH))
    across = page.tags.valueof(_X_RESOLUTION)
    down = page.tags.valueof(_Y_RESOLUTION)
    if factor is None or not across or not down or not across[1] or not down[1]:
        return None
    return across[0] / across[1] * factor, down[0] / down[1] * factor


def _encode(picture: Picture, quality: int) -> bytes:
    """Deflate-compressed. BigTIFF cannot carry an EXIF block, which is left out there."""
    file = io.BytesIO()
    pixels = picture.pixels
    big = pixels.nbytes > _LARGEST_CLASSIC
    block = None if big else picture.exif
    tifffile.imwrite(
        file,
        pixels[..., 0] if pixels.shape[2] == 1 else pixels,
        bigtiff=big,
        byteorder=exif.byte_order(block) if block else "<",
        photometric="minisblack" if picture.is_grey else "rgb",
        planarconfig="contig",
        extrasamples=("unassalpha",) if picture.has_alpha else None,
        compression="zlib",
        predictor=True,
        iccprofile=picture.profile,
        resolution=picture.dpi,
        resolutionunit="INCH" if picture.dpi else None,
        software=False,
        metadata=None,
        extratags=[(_XMP, 1, len(picture.xmp), picture.xmp, True)] if picture.xmp else None,
    )
    return exif.into_tiff(file.getvalue(), block) if block else file.getvalue()


FORMAT = Format(
    name="TIFF",
    suffixes=(".tif", ".tiff"),
    signatures=((0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0"), (0, b"MM\0+")),
    depths=(np.uint8, np.uint16, np.float32),
    grey=True,
    alpha=True,
    longest_side=2**31 - 1,
    decode=_decode,
    notes=_notes,
    encode=_encode,
)
