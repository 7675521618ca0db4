"""Colour profiles and EXIF blocks that the tests of picture files use."""

from __future__ import annotations

import struct
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest

D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
P3_PRIMARIES = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
PROPHOTO_PRIMARIES = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)


def srgb_curve(entries: int) -> np.ndarray:
    """sRGB's curve as profiles hold it: a table of 16-bit light values."""
    value = np.linspace(0, 1, entries)
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.rint(light * 65535).astype(np.uint16)


@pytest.fixture(scope="session")
def profiles() -> dict[str, bytes]:
    """ICC profiles by name."""

    def rgb(primaries, white=D65, **curve) -> bytes:
        return imagecodecs.cms_profile("rgb", whitepoint=white, primaries=primaries, **curve)

    def grey(**curve) -> bytes:
        return imagecodecs.cms_profile("gray", whitepoint=D50, **curve)

    dot_gain = np.linspace(0, 1, 256) ** 1.75  # the shape of "Dot Gain 20%"
    return {
        "sRGB": imagecodecs.cms_profile("srgb"),
        "sRGB, 1024 entries": rgb(SRGB_PRIMARIES, transferfunction=srgb_curve(1024)),
        "sRGB, 256 entries": rgb(SRGB_PRIMARIES, transferfunction=srgb_curve(256)),
        "sRGB primaries, linear": rgb(SRGB_PRIMARIES, gamma=1.0),
        "sRGB primaries, gamma 2.2": rgb(SRGB_PRIMARIES, gamma=2.2),
        "Adobe RGB": imagecodecs.cms_profile("adobergb"),
        "Display P3": display_p3(rgb(P3_PRIMARIES, gamma=1.0)),
        "Display P3, 1024 entries": rgb(P3_PRIMARIES, transferfunction=srgb_curve(1024)),
        "ProPhoto": rgb(PROPHOTO_PRIMARIES, D50, gamma=1.8),
        "grey gamma 2.2": grey(gamma=2.2),
        "grey dot gain": grey(transferfunction=dot_gain.astype(np.float32)),
        "grey sRGB": grey(transferfunction=srgb_curve(4096)),
        "CMYK": cmyk_profile(),
    }


def display_p3(primaries: bytes) -> bytes:
    """sRGB's profile, whose curve is a formula, with the colorants of another profile."""
    profile = bytearray(imagecodecs.cms_profile("srgb"))

    def place(data: bytes, name: bytes) -> slice:
        (at,) = struct.unpack_from(">I", data, data.index(name, 128) + 4)
        return slice(at, at + 20)

    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        profile[place(profile, name)] = primaries[place(primaries, name)]
    return bytes(profile)


@pytest.fixture(params=["<", ">"], ids=["little-endian", "big-endian"])
def exif_block(request: pytest.FixtureRequest) -> bytes:
    return build_exif(request.param, 6)


@pytest.fixture(scope="session")
def exif_with() -> Callable[[str, int], bytes]:
    """Builds an EXIF block of a byte order (``<`` or ``>``) and an orientation."""
    return build_exif


def build_exif(order: str, orientation: int) -> bytes:
    """A block with a maker, an orientation, a maker's note, and a preview in a second directory."""

    def directory(start: int, following: int, *fields: tuple[int, int, int, bytes]) -> bytes:
        table, values = struct.pack(order + "H", len(fields)), b""
        behind = start + 2 + 12 * len(fields) + 4
        for tag, kind, count, value in fields:
            if len(value) > 4:
                place = struct.pack(order + "I", behind + len(values))
                values += value
            else:
                place = value.ljust(4, b"\0")
            table += struct.pack(order + "HHI", tag, kind, count) + place
        return table + struct.pack(order + "I", following) + values

    short = order + "H"
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    camera = (0x010F, 2, 6, b"Leica\0")
    turned = (0x0112, 3, 1, struct.pack(short, orientation))
    first_size = len(directory(8, 0, camera, turned, (0x8769, 4, 1, b"")))
    note = (0x927C, 7, 8, b"\x01maker\x02\x03")
    exif = directory(8 + first_size, 0, (0x9003, 2, 20, b"1927:10:29 12:00:00\0"), note)
    preview_at = 8 + first_size + len(exif)
    link = (0x8769, 4, 1, struct.pack(order + "I", 8 + first_size))
    first = directory(8, preview_at, camera, turned, link)
    preview = directory(preview_at, 0, (0x0103, 3, 1, struct.pack(short, 6)))
    return head + first + exif + preview


def cmyk_profile() -> bytes:
    """A small printer's profile: a table of the Lab colours of the 16 full ink overprints."""
    grid = np.indices((2, 2, 2, 2)).reshape(4, 16).T.astype(float)
    cyan, magenta, yellow, black = grid.T
    light = 100 * (1 - 0.4 * cyan) * (1 - 0.5 * magenta) * (1 - 0.1 * yellow) * (1 - 0.9 * black)
    a = (-35 * cyan + 70 * magenta - 5 * yellow) * (1 - black)
    b = (-45 * cyan - 5 * magenta + 85 * yellow) * (1 - black)
    lab = np.stack((light * 2.55, a + 128, b + 128), axis=1).round().astype(np.uint8)
    ramp = bytes(range(256))
    identity = b"".join(
        struct.pack(">i", 65536 if i == j else 0) for i in range(3) for j in range(3)
    )
    table = b"mft1" + bytes((0, 0, 0, 0, 4, 3, 2, 0)) + identity + ramp * 4
    table += lab.tobytes() + ramp * 3
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"Test\0" + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    tags, body, at = b"", b"", 128 + 4 + 12 * 3
    for name, value in ((b"desc", text), (b"wtpt", white), (b"A2B0", table)):
        tags += name + struct.pack(">II", at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", 3) + tags + body
