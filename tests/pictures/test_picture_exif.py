"""EXIF blocks: turned upright in place, carried into TIFF files and out of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from gpen_engine.pictures.formats import exif

MAKERS_NOTE = b"\x01maker\x02\x03"


def pillow(block: bytes) -> Image.Exif:
    read = Image.Exif()
    read.load(b"Exif\0\0" + block)
    return read


def test_orientation_becomes_1_and_nothing_else_moves(exif_block: bytes) -> None:
    orientation, block = exif.upright(exif_block)
    assert orientation == 6
    assert block is not None
    assert len(block) == len(exif_block)
    assert pillow(block)[0x0112] == 1
    assert pillow(block)[0x010F] == "Leica"
    assert block.index(MAKERS_NOTE) == exif_block.index(MAKERS_NOTE)


def test_the_preview_is_unlinked(exif_block: bytes) -> None:
    _, block = exif.upright(exif_block)
    assert block is not None
    assert pillow(exif_block).get_ifd(ExifTags.IFD.IFD1) == {0x0103: 6}
    assert pillow(block).get_ifd(ExifTags.IFD.IFD1) == {}


def test_upright_takes_the_name_off_and_is_idempotent(exif_block: bytes) -> None:
    once = exif.upright(b"Exif\0\0" + exif_block)[1]
    assert exif.upright(once) == (1, once)


@pytest.mark.parametrize("block", [None, b"", b"II*\0", b"MM\0*\0\0\0\x08", b"not exif at all"])
def test_no_block_or_a_damaged_one(block: bytes | None) -> None:
    assert exif.upright(block) == (1, None)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_nonsense_orientation_is_none(
    orientation: int, exif_with: Callable[[str, int], bytes]
) -> None:
    found, block = exif.upright(exif_with("<", orientation))
    assert found == 1
    assert block is not None
    assert pillow(block)[0x0112] == 1


def test_an_orientation_that_points_into_the_header_is_left_alone() -> None:
    entry = struct.pack("<HHII", 0x0112, 4, 2, 0)  # two values, at the very start
    block = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    assert exif.upright(block) == (1, block)


@given(st.binary(max_size=200), st.sampled_from([b"II*\0", b"MM\0*"]))
def test_any_bytes_are_survived(rest: bytes, head: bytes) -> None:
    orientation, block = exif.upright(head + rest)
    assert 1 <= orientation <= 8
    assert block is None or len(block) == len(rest) + 4
    tiff = plain_tiff(exif.byte_order(head))
    try:
        carried = exif.into_tiff(tiff, head + rest)
    except ValueError:
        return
    with tifffile.TiffFile(io.BytesIO(carried)) as file:
        assert np.array_equal(file.asarray(), np.eye(5, dtype=np.uint8))
    exif.from_tiff(carried)


def plain_tiff(order: str) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(
        file, np.eye(5, dtype=np.uint8), byteorder=order, metadata=None, software=False
    )
    return file.getvalue()


def test_into_a_tiff_and_out_again(exif_block: bytes) -> None:
    tiff = exif.into_tiff(plain_tiff(exif.byte_order(exif_block)), exif_block)
    with tifffile.TiffFile(io.BytesIO(tiff)) as file:
        assert np.array_equal(file.asarray(), np.eye(5, dtype=np.uint8))
        assert len(file.pages) == 1
    seen = Image.open(io.BytesIO(tiff)).getexif()
    assert seen[0x010F] == "Leica"
    assert seen.get_ifd(0x8769) == {0x9003: "1927:10:29 12:00:00", 0x927C: MAKERS_NOTE}
    block = exif.from_tiff(tiff)
    assert block is not None
    assert pillow(block)[0x010F] == "Leica"
    assert pillow(block).get_ifd(0x8769) == {0x9003: "1927:10:29 12:00:00", 0x927C: MAKERS_NOTE}
    assert 0x0100 not in pillow(block), "what describes the file stays out of the block"


def test_a_tiff_that_tells_nothing_has_no_block() -> None:
    assert exif.from_tiff(plain_tiff("<")) is None


def test_byte_orders_must_agree(exif_block: bytes) -> None:
    other = {"<": ">", ">": "<"}[exif.byte_order(exif_block)]
    with pytest.raises(ValueError, match="byte orders"):
        exif.into_tiff(plain_tiff(other), exif_block)


def test_directories_in_a_circle_end() -> None:
    # Its first directory says that the Exif directory is the first directory.
    circle = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0" + b"\0\0\0\0"
    assert exif.from_tiff(circle) is None or len(exif.from_tiff(circle) or b"") < 200
